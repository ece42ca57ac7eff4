public import ThroughlineModel
public import Tracing

/// Decides, when a span starts, whether it is recorded (OpenTelemetry, trace/sdk.md, Sampler).
///
/// swift-distributed-tracing gives neither attributes nor links at the start. What the middleware knows of the message
/// is in ``SamplingParameters/message`` instead.
public protocol Sampler: Sendable {
    /// Decides. The context of a span that is not recorded is propagated all the same, ids and baggage included.
    func shouldSample(_ span: SamplingParameters) -> SamplingResult

    /// Whether ``SamplingParameters/message`` is looked at; false spares the middleware making it. True by default.
    var readsMessages: Bool { get }
}

extension Sampler {
    /// True: a sampler that does not say otherwise is told everything.
    public var readsMessages: Bool { true }
}

/// What a sampler decides.
public struct SamplingResult: Sendable {
    /// The three outcomes that OpenTelemetry knows.
    public enum Decision: Hashable, Sendable {
        /// Nothing is recorded; the context is propagated as not sampled.
        case drop
        /// The span is recorded here, in the store, and its context is propagated as not sampled: nothing exports it.
        case recordOnly
        /// The span is recorded, and its context is propagated as sampled.
        case recordAndSample
    }

    /// Whether the span is recorded, and what is propagated.
    public var decision: Decision
    /// What is propagated as tracestate; nil leaves it as the parent has it.
    public var traceState: TraceState?
    /// What the span has from its start on.
    public var attributes: SpanAttributes?

    /// Makes a result.
    public init(_ decision: Decision, traceState: TraceState? = nil, attributes: SpanAttributes? = nil) {
        self.decision = decision
        self.traceState = traceState
        self.attributes = attributes
    }

    /// Drops the span.
    public static var drop: SamplingResult { SamplingResult(.drop) }
    /// Records the span and says so to others.
    public static var recordAndSample: SamplingResult { SamplingResult(.recordAndSample) }
}

/// Records everything.
public struct AlwaysOnSampler: Sampler {
    /// Makes the sampler.
    public init() {}

    /// Always yes.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult { .recordAndSample }
    /// False.
    public var readsMessages: Bool { false }
}

/// Records nothing.
public struct AlwaysOffSampler: Sampler {
    /// Makes the sampler.
    public init() {}

    /// Always no.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult { .drop }
    /// False.
    public var readsMessages: Bool { false }
}

/// Records here what another sampler drops, without telling anybody: the span is in the store, its sampled flag stays
/// off, and exporters leave it out (trace/sdk.md, AlwaysRecord).
public struct AlwaysRecordSampler: Sampler {
    private let root: any Sampler

    /// Makes the sampler.
    ///
    /// - Parameter root: Decides what is propagated and exported.
    public init(root: any Sampler) {
        self.root = root
    }

    /// The other sampler's decision, with recording instead of dropping.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        var result = root.shouldSample(span)
        if result.decision == .drop { result.decision = .recordOnly }
        return result
    }

    /// As the other sampler.
    public var readsMessages: Bool { root.readsMessages }
}
