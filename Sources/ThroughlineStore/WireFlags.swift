internal import ThroughlineModel

/// Trace flags and "is remote" in one number, as in OTLP's `Span.flags` and `Link.flags` (trace.proto, SpanFlags):
/// the low eight bits are the trace flags, bit 8 says that bit 9 is known, bit 9 that the context came from elsewhere.
enum WireFlags {
    private static let isRemoteKnown: Int64 = 0x100
    private static let isRemote: Int64 = 0x200

    static func value(_ flags: TraceFlags, isRemote: Bool) -> Int64 {
        Int64(flags.rawValue) | (isRemote ? Self.isRemoteKnown | Self.isRemote : 0)
    }

    /// Says of a row of `spans` that a column only repeats what the JSON tells under another convention's name; above
    /// all that OTLP has.
    static func repeats(_ column: PromotedAttribute) -> Int64 { 1 << (32 + Int64(column.rawValue)) }

    static func parts(of value: Int64) -> (flags: TraceFlags, isRemote: Bool) {
        (TraceFlags(rawValue: UInt8(truncatingIfNeeded: value)), value & isRemote != 0)
    }
}
