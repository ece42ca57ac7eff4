/// What travels with a message so that whoever handles it can join the trace: OpenTelemetry's SpanContext.
public struct SpanContext: Hashable, Sendable {
    /// The trace that the span belongs to.
    public var traceID: TraceID
    /// The span itself.
    public var spanID: SpanID
    /// Sampled and random flags.
    public var flags: TraceFlags
    /// The vendors' list, empty as a rule.
    public var traceState: TraceState
    /// True when the context came in from another process.
    public var isRemote: Bool

    /// Makes a context of its parts.
    public init(
        traceID: TraceID, spanID: SpanID, flags: TraceFlags = [], traceState: TraceState = TraceState(),
        isRemote: Bool = false
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
        self.isRemote = isRemote
    }

    /// True when both ids are valid.
    public var isValid: Bool { traceID.isValid && spanID.isValid }
    /// True when the trace is recorded.
    public var isSampled: Bool { flags.contains(.sampled) }
}
