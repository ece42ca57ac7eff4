/// A moment as nanoseconds since 1970-01-01 00:00 UTC, leap seconds left out: OpenTelemetry's clock.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch; the year 2554 is the last that fits.
    public var nanosecondsSinceEpoch: UInt64

    /// Makes a moment of nanoseconds since the epoch.
    public init(nanosecondsSinceEpoch: UInt64) {
        self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
    }

    /// Nanoseconds from this moment to a later one; never negative, because the clock may be set back between the two.
    public func nanoseconds(until later: Timestamp) -> UInt64 {
        later.nanosecondsSinceEpoch > nanosecondsSinceEpoch
            ? later.nanosecondsSinceEpoch - nanosecondsSinceEpoch : 0
    }

    /// The moment that many nanoseconds later.
    public func advanced(byNanoseconds nanoseconds: UInt64) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: nanosecondsSinceEpoch &+ nanoseconds)
    }

    /// Earlier comes first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }

    /// ISO 8601 in UTC with milliseconds, such as `2026-08-20T10:00:00.000Z`.
    public var iso8601: String {
        let date = civilDate
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T\(timeOfDay)Z"
    }

    /// The time of day in UTC with milliseconds, such as `10:00:00.000`.
    public var timeOfDay: String {
        let milliseconds = Int(nanosecondsSinceEpoch / 1_000_000 % 86_400_000)
        return "\(pad(milliseconds / 3_600_000, 2)):\(pad(milliseconds / 60_000 % 60, 2))"
            + ":\(pad(milliseconds / 1_000 % 60, 2)).\(pad(milliseconds % 1_000, 3))"
    }

    /// The Gregorian date, counted in eras of 400 years from 1 March of year 0.
    private var civilDate: (year: Int, month: Int, day: Int) {
        let days = Int(nanosecondsSinceEpoch / 86_400_000_000_000) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
