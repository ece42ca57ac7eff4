package import Logging
import ThroughlineModel

/// What OpenTelemetry's environment variables for traces say, but for those of exporters.
package struct TracingEnvironment {
    /// Settings of a tracer.
    package private(set) var tracer = RecordingTracer.Configuration()
    /// Settings of a pipeline.
    package private(set) var pipeline = SpanPipeline.Configuration()
    /// From OTEL_LOG_LEVEL; nil when nobody set it.
    package private(set) var logLevel: Logger.Level?
    /// What could not be used, for the log.
    package private(set) var problems: [String]

    /// Reads all variables.
    package init(_ environment: [String: String]) {
        var reader = EnvironmentReader(environment)
        tracer.isEnabled = !reader.boolean("OTEL_SDK_DISABLED")
        tracer.limits = SpanLimits(&reader)
        tracer.sampler = Self.sampler(&reader) ?? tracer.sampler
        tracer.propagators = Self.propagators(&reader) ?? tracer.propagators
        pipeline.read(&reader)
        logLevel = Self.logLevel(&reader)
        problems = reader.problems
        if let problem = Resource.problem(in: environment) { problems.append(problem) }
    }

    func report(to logger: Logger?) {
        for problem in problems { logger?.warning("\(problem).") }
    }

    private static func propagators(_ reader: inout EnvironmentReader) -> [any Propagator]? {
        guard let names = reader.list("OTEL_PROPAGATORS") else { return nil }
        var propagators: [any Propagator] = []
        for name in names {
            switch name {
            case "tracecontext": propagators.append(W3CTraceContextPropagator())
            case "baggage": propagators.append(W3CBaggagePropagator())
            case "b3": propagators.append(B3Propagator(writing: .single))
            case "b3multi": propagators.append(B3Propagator(writing: .multiple))
            case "jaeger": propagators.append(JaegerPropagator())
            case "xray": propagators.append(XRayPropagator())
            case "none" where names.count == 1: return []
            default: reader.report("OTEL_PROPAGATORS names '\(name)', which there is not; it is left out")
            }
        }
        return propagators.isEmpty ? nil : propagators
    }

    private static func sampler(_ reader: inout EnvironmentReader) -> (any Sampler)? {
        guard let name = reader.text("OTEL_TRACES_SAMPLER") else { return nil }
        switch name {
        case "always_on": return AlwaysOnSampler()
        case "always_off": return AlwaysOffSampler()
        case "traceidratio": return TraceIDRatioSampler(ratio: reader.ratio("OTEL_TRACES_SAMPLER_ARG") ?? 1)
        case "parentbased_always_on": return ParentBasedSampler(root: AlwaysOnSampler())
        case "parentbased_always_off": return ParentBasedSampler(root: AlwaysOffSampler())
        case "parentbased_traceidratio":
            return ParentBasedSampler(root: TraceIDRatioSampler(ratio: reader.ratio("OTEL_TRACES_SAMPLER_ARG") ?? 1))
        case "throughline_flow": return FlowSampler(ratio: reader.ratio("OTEL_TRACES_SAMPLER_ARG") ?? 1)
        default:
            reader.report("OTEL_TRACES_SAMPLER is '\(name)', which there is not; parentbased_always_on is taken")
            return nil
        }
    }

    private static func logLevel(_ reader: inout EnvironmentReader) -> Logger.Level? {
        guard let name = reader.text("OTEL_LOG_LEVEL") else { return nil }
        switch name.lowercased() {
        case "trace", "verbose", "all": return .trace
        case "debug": return .debug
        case "info": return .info
        case "notice": return .notice
        case "warn", "warning": return .warning
        case "error": return .error
        case "critical", "fatal", "none", "off": return .critical
        default:
            reader.report("OTEL_LOG_LEVEL is '\(name)', which there is not; info is taken")
            return nil
        }
    }
}

extension SpanLimits {
    /// OTEL_SPAN_…_LIMIT, OTEL_EVENT_…, OTEL_LINK_…, and where they say nothing OTEL_ATTRIBUTE_…_LIMIT.
    fileprivate init(_ reader: inout EnvironmentReader) {
        self.init()
        let general = reader.integer("OTEL_ATTRIBUTE_COUNT_LIMIT")
        let length = reader.integer("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
        attributes = reader.integer("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") ?? general ?? attributes
        attributesPerEvent = reader.integer("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT") ?? general ?? attributesPerEvent
        attributesPerLink = reader.integer("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT") ?? general ?? attributesPerLink
        attributeValueLength = reader.integer("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ?? length
        events = reader.integer("OTEL_SPAN_EVENT_COUNT_LIMIT") ?? events
        links = reader.integer("OTEL_SPAN_LINK_COUNT_LIMIT") ?? links
    }
}

extension SpanPipeline.Configuration {
    /// OTEL_BSP_…
    fileprivate mutating func read(_ reader: inout EnvironmentReader) {
        interval = reader.milliseconds("OTEL_BSP_SCHEDULE_DELAY") ?? interval
        capacity = reader.integer("OTEL_BSP_MAX_QUEUE_SIZE", atLeast: 1) ?? capacity
        let size = reader.integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", atLeast: 1) ?? min(batchSize, capacity)
        if size > capacity {
            reader.report(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is \(size), more than OTEL_BSP_MAX_QUEUE_SIZE; \(capacity) is taken")
        }
        batchSize = min(size, capacity)
        shutdownTimeout = reader.milliseconds("OTEL_BSP_EXPORT_TIMEOUT") ?? shutdownTimeout
    }
}
