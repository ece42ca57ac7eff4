/// How much is kept, as OpenTelemetry compares and writes it: whatever has a random number of 56 bits below the
/// threshold is left out (trace/tracestate-probability-sampling.md, rejection threshold).
public struct SamplingThreshold: Hashable, Sendable {
    /// The right-most 56 bits.
    public static let mask: UInt64 = 0x00FF_FFFF_FFFF_FFFF

    /// From 0, everything is kept, to 2^56, nothing is.
    public let rejected: UInt64

    /// Makes a threshold.
    ///
    /// - Parameter ratio: The share to keep, from 0 to 1; other values are taken as the nearer end, what is no number
    ///   as 1.
    public init(ratio: Double) {
        let share = ratio.isNaN ? 1 : min(max(ratio, 0), 1)
        rejected = UInt64((Double(Self.mask + 1) * (1 - share)).rounded())
    }

    /// True for random numbers that reach the threshold.
    public func keeps(_ randomness: UInt64) -> Bool { randomness & Self.mask >= rejected }

    /// The value of `th` in a tracestate: up to 14 hexadecimal digits, zeros at the end left out; nil where nothing is
    /// kept, which `th` cannot say.
    public var hex: String? {
        guard rejected <= Self.mask else { return nil }
        var digits = Hex.string(rejected).suffix(14)
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        return String(digits)
    }
}
