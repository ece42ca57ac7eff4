/// The flags of a trace context (W3C Trace Context Level 2, section 3.2.2.5).
public struct TraceFlags: OptionSet, Hashable, Sendable {
    /// The byte on the wire.
    public let rawValue: UInt8

    /// Makes flags of the byte on the wire; unknown bits are kept here and dropped when a header is written.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The caller may have recorded the trace.
    public static let sampled = TraceFlags(rawValue: 0x01)
    /// The right-most seven bytes of the trace id are random.
    public static let random = TraceFlags(rawValue: 0x02)
    /// The bits that Level 2 defines; every other bit must be zero on output.
    public static let known: TraceFlags = [.sampled, .random]
}
