import ArgumentParser
import ThroughlineModel

/// A moment as people write it: how long ago (`15m`, `1h30m`), or a date or time as ISO 8601 has it, by UTC unless it says
/// otherwise, because that is what everything here is printed in.
struct Moment {
    let time: Timestamp

    /// For the help of options.
    static let forms = "how long ago (30s, 1h30m, 7d), or a time (2026-08-20, 2026-08-20T10:00, …T10:00:00+02:00)"

    /// - Throws: `ValidationError`, which says what can be read.
    init(argument: String) throws {
        if let age = Age(argument: argument) {
            time = age.ago
        } else if let time = Self.iso8601(argument) {
            self.time = time
        } else {
            throw ValidationError(
                "'\(argument)' is neither how long ago, such as 15m, 1h30m or 7d, nor a time, such as 2026-08-20, "
                    + "2026-08-20T10:00 or 2026-08-20T10:00:00+02:00.")
        }
    }

    /// What is left out counts as zero.
    private static func iso8601(_ text: String) -> Timestamp? {
        let form = /(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:[.,]\d+)?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?/
        guard let parts = text.wholeMatch(of: form)?.output,
            let midnight = Timestamp(iso8601: "\(parts.1)T00:00:00Z"), midnight.iso8601.hasPrefix(parts.1)
        else { return nil }
        var zone = parts.4.map(String.init) ?? "Z"
        if zone.count == 3 { zone += ":00" }
        if zone.count == 5 { zone.insert(":", at: zone.index(zone.startIndex, offsetBy: 3)) }
        let seconds = (parts.3 ?? ":00").replacing(",", with: ".")
        return Timestamp(iso8601: "\(parts.1)T\(parts.2 ?? "00:00")\(seconds)\(zone)")
    }
}
