public import ThroughlineContext
public import ThroughlineModel
public import Tracing

/// What a sampler knows.
public struct SamplingParameters: Sendable {
    /// The context that the span starts in.
    public let context: ServiceContext
    /// The parent, in this process or another; nil for the root of a trace.
    public let parent: SpanContext?
    /// The trace that the span will belong to.
    public let traceID: TraceID
    /// What the span is called at its start.
    public let name: String
    /// The role of the span.
    public let kind: ThroughlineModel.SpanKind

    init(context: ServiceContext, parent: SpanContext?, traceID: TraceID, name: String, kind: ThroughlineModel.SpanKind)
    {
        self.context = context
        self.parent = parent
        self.traceID = traceID
        self.name = name
        self.kind = kind
    }

    /// Makes parameters, for testing a sampler.
    public init(
        parent: SpanContext?, traceID: TraceID, name: String, kind: ThroughlineModel.SpanKind,
        message: SamplingHint? = nil
    ) {
        var context = ServiceContext.topLevel
        context.spanContext = parent
        if message != nil { context.samplingHint = message }
        self.init(context: context, parent: parent, traceID: traceID, name: name, kind: kind)
    }

    /// What the operation on a message is about; nil for every other span.
    public var message: SamplingHint? { context.samplingHint }

    /// The id of the flow: the message's own, else that of the message being handled.
    public var correlationID: String? { message?.correlationID ?? context.message?.correlationID }

    /// Where the messages came from that the span will link to.
    public var origins: [SpanContext] { message?.origins.compactMap(\.spanContext) ?? [] }

    /// What the decision on the trace compares with a threshold: `rv` of the tracestate, else the right-most 56 bits of
    /// the trace id (trace/tracestate-probability-sampling.md, explicit randomness).
    public var randomness: UInt64 {
        if let state = parent?.traceState, !state.isEmpty, let explicit = ProbabilityState(state).randomness {
            return explicit
        }
        return traceID.low & SamplingThreshold.mask
    }
}
