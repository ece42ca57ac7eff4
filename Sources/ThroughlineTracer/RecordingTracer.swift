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
        /// False makes no spans at all: contexts are propagated as they came (OTEL_SDK_DISABLED). True by default.
        public var isEnabled = true
        /// What must not be recorded; nothing by default.
        public var redaction = Redaction()
        /// The baggage that is recorded, as attributes of every span, by its keys; `*` stands for any text. None by
        /// default: baggage comes from others, and may hold what nobody meant to keep.
        public var recordedBaggage: [String] = []
        /// What is carried in headers; W3C trace context and baggage by default.
        public var propagators: [any Propagator] = [W3CTraceContextPropagator(), W3CBaggagePropagator()]
        /// Whether a span is handed on when it starts too, so that work which never ends is visible as started; false
        /// by default.
        public var recordsStarts = false
        /// The name that stands as the instrumentation scope of every span.
        public var scope = InstrumentationScope(name: "throughline")
        /// Makes the ids; a test gives an `IDGenerator` with a seed.
        public var ids: any IDSource = IDGenerator()

        /// The defaults, whatever the environment says.
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
        begin(
            operationName, context: context(), ofKind: kind,
            at: Timestamp(nanosecondsSinceEpoch: instant().nanosecondsSinceEpoch))
    }

    /// Starts a span, with the ids and flags of another backend's span where there is one.
    func begin(
        _ name: String, context: ServiceContext, ofKind kind: Tracing.SpanKind, at start: Timestamp,
        as other: SpanContext? = nil
    ) -> RecordingSpan {
        var context = context
        let parent = other.map { $0.traceID == context.spanContext?.traceID } == false ? nil : context.spanContext
        let kind = ThroughlineModel.SpanKind(kind)
        guard core.configuration.isEnabled else {
            let nowhere = SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0))
            return RecordingSpan(
                core, name: name, kind: kind, own: other ?? parent ?? nowhere, parent: parent, surroundings: context,
                start: start, isRecorded: false, attributes: nil)
        }
        var own = other ?? identity(childOf: parent, at: start)
        let result = core.configuration.sampler.shouldSample(
            SamplingParameters(context: context, parent: parent, traceID: own.traceID, name: name, kind: kind))
        if other == nil {
            if result.decision == .recordAndSample { own.flags.insert(.sampled) }
            if let state = result.traceState { own.traceState = state }
        }
        if core.readsSamplingHints, context.samplingHint != nil { context.samplingHint = nil }
        let isRecorded = result.decision != .drop
        core.pipeline.tally.start(result.decision, parent: parent)
        let span = RecordingSpan(
            core, name: name, kind: kind, own: own, parent: parent, surroundings: context, start: start,
            isRecorded: isRecorded, attributes: isRecorded ? attributes(result, context) : nil)
        if isRecorded, core.configuration.recordsStarts { core.pipeline.buffer.append(.started(span)) }
        return span
    }

    private func identity(childOf parent: SpanContext?, at start: Timestamp) -> SpanContext {
        // Our own generator is called directly: these two calls are a good part of what an unsampled span costs.
        if let ids = core.generator { return Self.identity(childOf: parent, at: start, ids) }
        return Self.identity(childOf: parent, at: start, core.configuration.ids)
    }

    private static func identity(childOf parent: SpanContext?, at start: Timestamp, _ ids: some IDSource) -> SpanContext
    {
        SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: start), spanID: ids.spanID(),
            flags: parent.map { $0.flags.intersection(.random) } ?? (ids.isRandom ? .random : []),
            traceState: parent?.traceState ?? TraceState())
    }

    /// What a span has from its start on: the sampler's attributes, and the baggage that is to be recorded.
    private func attributes(_ result: SamplingResult, _ context: ServiceContext) -> SpanAttributes? {
        guard !core.recordedBaggage.isEmpty else { return result.attributes }
        var attributes = result.attributes ?? SpanAttributes()
        for member in context.baggage.members where core.recordedBaggage.contains(where: { $0.fits(member.key) }) {
            attributes.set(member.key, value: .string(member.value))
        }
        return attributes
    }

    /// The same tracer for another instrumentation scope: a library that names itself, its version and its conventions.
    public func scoped(to scope: InstrumentationScope) -> RecordingTracer {
        var configuration = core.configuration
        configuration.scope = scope
        return RecordingTracer(pipeline: core.pipeline, resource: core.unredactedResource, configuration: configuration)
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
    let recordedBaggage: [Wildcard]
    let unredactedResource: Resource
    let generator: IDGenerator?

    init(pipeline: SpanPipeline, resource: Resource, configuration: RecordingTracer.Configuration) {
        self.pipeline = pipeline
        unredactedResource = resource
        generator = configuration.ids as? IDGenerator
        var resource = resource
        resource.attributes = configuration.redaction.apply(to: resource.attributes)
        self.resource = resource
        recordedBaggage = configuration.recordedBaggage.map(Wildcard.init)
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
