/// The identity of one span inside its trace: 8 bytes, never all zero (W3C Trace Context Level 2, section 3.2.2.4,
/// where it is called parent-id).
public struct SpanID: Hashable, Sendable {
    /// The eight bytes, big-endian.
    public let rawValue: UInt64

    /// Makes an id; ``isValid`` tells whether it may be used.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Reads 16 hexadecimal digits. Returns nil for any other text; the all-zero id is read, and is not valid.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 16, let value = Hex.value(of: hex.utf8) else { return nil }
        self.init(value)
    }

    /// False for the all-zero id, which the specification forbids.
    public var isValid: Bool { rawValue != 0 }

    /// 16 lower-case hexadecimal digits.
    public var hex: String { Hex.string(rawValue) }
}

extension SpanID: Comparable {
    /// The order of the raw values; it means nothing but is always the same.
    public static func < (left: SpanID, right: SpanID) -> Bool { left.rawValue < right.rawValue }
}

extension SpanID: CustomStringConvertible {
    /// The same as ``hex``.
    public var description: String { hex }
}
