import ThroughlineModel

/// OpenTelemetry's member of a tracestate, `ot=th:c;rv:…` (trace/tracestate-handling.md): the threshold that the trace
/// was sampled with, and the random number that was compared with it, where that is not in the trace id.
struct ProbabilityState {
    static let key = "ot"

    /// Sub-keys that others set are kept as they are.
    private var fields: [(key: Substring, value: Substring)] = []

    init() {}

    /// Reads the member; without one, or with one that nobody can read, nothing is known.
    init(_ state: TraceState) {
        guard let member = state[Self.key] else { return }
        for field in member.split(separator: ";") {
            guard let colon = field.firstIndex(of: ":") else { continue }
            fields.append((field[..<colon], field[field.index(after: colon)...]))
        }
    }

    /// `rv`: exactly 14 lower-case hexadecimal digits.
    var randomness: UInt64? {
        guard let digits = self["rv"], digits.utf8.count == 14 else { return nil }
        return Self.number(digits)
    }

    /// `th`: one to 14 lower-case hexadecimal digits.
    var threshold: UInt64? {
        guard let digits = self["th"], (1...14).contains(digits.utf8.count) else { return nil }
        return Self.number(digits).map { $0 << UInt64(4 * (14 - digits.utf8.count)) }
    }

    mutating func set(threshold: SamplingThreshold?) { set("th", threshold?.hex) }

    mutating func set(randomness: UInt64) { set("rv", String(Hex.string(randomness).suffix(14))) }

    /// Puts the member into a tracestate, in front, or takes it out when nothing is left of it.
    func write(into state: inout TraceState) {
        let member = fields.map { "\($0.key):\($0.value)" }.joined(separator: ";")
        state[Self.key] = member.isEmpty || member.utf8.count > 256 ? nil : member
    }

    private subscript(key: String) -> Substring? { fields.first { $0.key == key }?.value }

    private mutating func set(_ key: String, _ value: String?) {
        fields.removeAll { $0.key == key }
        // `th` goes first, as in the specification's examples.
        if let value { fields.insert((key[...], value[...]), at: key == "th" ? 0 : fields.endIndex) }
    }

    private static func number(_ digits: Substring) -> UInt64? {
        digits.utf8.contains { (0x41...0x46).contains($0) } ? nil : Hex.value(of: digits.utf8)
    }
}
