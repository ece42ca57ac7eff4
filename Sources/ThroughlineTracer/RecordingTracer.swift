import ThroughlineContext
public import ThroughlineModel
public import Tracing

/// A tracing backend for swift-distributed-tracing: makes spans, propagates their context, and hands those that are
/// recorded to a ``SpanPipeline``.
///
/// ```swift
/// let pipeline = SpanPipeline(sink: sink)
/// InstrumentationSystem.bootstrap(RecordingTracer(pipeline: pipeline, resource: Resource(service: "checkout")))
/// ```
public struct RecordingTracer: Tracer {
    /// Settings that are the same for all spans of a tracer.
    public struct Configuration: Sendable {
        /// Decides what is recorded; by default everything, unless the parent was not.
        public var sampler: any Sampler = ParentBasedSampler()
        /// How much a span may hold.
        public var limits = SpanLimits()
        /// What is carried in headers; W3C trace context and baggage by default.
        public var propagators: [any Propagator] = [W3CTraceContextPropagator(), W3CBaggagePropagator()]
        /// Whether a span is handed on when it starts too, so that work which never ends is visible as started; false
        /// by default.
        public var recordsStarts = false
        /// The name that stands as the instrumentation scope of every span.
        public var scope = InstrumentationScope(name: "throughline")
        /// Makes the ids; a test gives one with a seed.
        public var ids = IDGenerator()

        /// The defaults.
        public init() {}
    }

    /// What it makes.
    public typealias Span = RecordingSpan

    let core: TracerCore

    /// Makes a tracer.
    ///
    /// - Parameters:
    ///   - pipeline: Takes the spans; several tracers may share one.
    ///   - resource: What the spans are recorded for; each service of a process may have a tracer of its own.
    ///   - configuration: The settings.
    public init(pipeline: SpanPipeline, resource: Resource, configuration: Configuration = Configuration()) {
        core = TracerCore(pipeline: pipeline, resource: resource, configuration: configuration)
    }

    /// Starts a span, a child of the one in the context if there is one; the sampler decides whether it is recorded.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordingSpan {
        var context = context()
        let parent = context.spanContext
        let start = Timestamp(nanosecondsSinceEpoch: instant().nanosecondsSinceEpoch)
        let ids = core.configuration.ids
        var own = SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: start), spanID: ids.spanID(),
            flags: parent.map { $0.flags.intersection(.random) } ?? .random,
            traceState: parent?.traceState ?? TraceState())
        let kind = ThroughlineModel.SpanKind(kind)
        let result = core.configuration.sampler.shouldSample(
            SamplingParameters(
                context: context, parent: parent, traceID: own.traceID, name: operationName, kind: kind))
        if result.decision == .recordAndSample { own.flags.insert(.sampled) }
        if let state = result.traceState { own.traceState = state }
        if core.readsSamplingHints, context.samplingHint != nil { context.samplingHint = nil }
        let isRecorded = result.decision != .drop
        let span = RecordingSpan(
            core, name: operationName, kind: kind, own: own, parent: parent, surroundings: context, start: start,
            isRecorded: isRecorded, attributes: result.attributes)
        if isRecorded, core.configuration.recordsStarts { core.pipeline.buffer.append(.started(span)) }
        return span
    }

    /// Asks the pipeline to hand on what it has, and returns at once; ``SpanPipeline/flush(within:)`` waits.
    public func forceFlush() {
        core.pipeline.requestFlush()
    }

    /// Writes the context into headers, with every propagator of the configuration.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        core.propagator.inject(context, into: &carrier, using: injector)
    }

    /// Reads the context from headers, with the propagators of the configuration: the first that finds a trace wins.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        core.propagator.extract(carrier, into: &context, using: extractor)
    }
}

/// What all spans of a tracer share.
final class TracerCore: Sendable {
    let pipeline: SpanPipeline
    let resource: Resource
    let configuration: RecordingTracer.Configuration
    let readsSamplingHints: Bool
    let propagator: CompositePropagator

    init(pipeline: SpanPipeline, resource: Resource, configuration: RecordingTracer.Configuration) {
        self.pipeline = pipeline
        self.resource = resource
        self.configuration = configuration
        readsSamplingHints = configuration.sampler.readsMessages
        propagator = CompositePropagator(configuration.propagators)
    }
}

extension RecordingTracer: SamplingHintReader {
    package var readsSamplingHints: Bool { core.readsSamplingHints }
}

extension ThroughlineModel.SpanKind {
    init(_ kind: Tracing.SpanKind) {
        switch kind {
        case .server: self = .server
        case .client: self = .client
        case .producer: self = .producer
        case .consumer: self = .consumer
        case .internal: self = .internal
        }
    }
}
