/// The identity of one trace: 16 bytes, never all zero (W3C Trace Context Level 2, section 3.2.2.3).
///
/// Throughline makes trace ids whose left half is ordered by time and whose right half is random, which Level 2 allows
/// as long as the right-most seven bytes are random. Ordered ids keep the store's index writes sequential.
public struct TraceID: Hashable, Sendable {
    /// The left eight bytes, big-endian.
    public let high: UInt64
    /// The right eight bytes, big-endian.
    public let low: UInt64

    /// Makes an id of its two halves; ``isValid`` tells whether it may be used.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 hexadecimal digits; upper case is accepted here and refused by the header parser, as the
    /// specification demands. Returns nil for any other text; the all-zero id is read, and is not valid.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 32, let value = Hex.halves(of: hex.utf8) else { return nil }
        self.init(high: value.high, low: value.low)
    }

    /// False for the all-zero id, which the specification forbids.
    public var isValid: Bool { high != 0 || low != 0 }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { Hex.string(high, low) }
}

extension TraceID: Comparable {
    /// The order of the bytes, which for ids that Throughline made is that of time.
    public static func < (left: TraceID, right: TraceID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

extension TraceID: CustomStringConvertible {
    /// The same as ``hex``.
    public var description: String { hex }
}
