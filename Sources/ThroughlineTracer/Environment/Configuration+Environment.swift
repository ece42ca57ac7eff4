public import Logging

extension RecordingTracer.Configuration {
    /// The defaults, changed by OpenTelemetry's environment variables: OTEL_SDK_DISABLED, OTEL_PROPAGATORS,
    /// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, and the limits OTEL_SPAN_…, OTEL_EVENT_…, OTEL_LINK_… and
    /// OTEL_ATTRIBUTE_…. docs/opentelemetry-compliance.md lists each.
    ///
    /// OTEL_TRACES_SAMPLER knows one sampler more than OpenTelemetry: `throughline_flow`, a ``FlowSampler`` with the
    /// ratio that OTEL_TRACES_SAMPLER_ARG gives.
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - logger: Is warned of each that cannot be used, for which the default stays.
    public init(environment: [String: String], logger: Logger? = nil) {
        let read = TracingEnvironment(environment)
        read.report(to: logger)
        self = read.tracer
    }
}

extension SpanPipeline.Configuration {
    /// The defaults, changed by OpenTelemetry's environment variables: OTEL_BSP_SCHEDULE_DELAY is ``interval``,
    /// OTEL_BSP_MAX_QUEUE_SIZE ``capacity``, OTEL_BSP_MAX_EXPORT_BATCH_SIZE ``batchSize``, and OTEL_BSP_EXPORT_TIMEOUT
    /// ``shutdownTimeout``.
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - logger: Is warned of each that cannot be used, for which the default stays; and is where failures of the sink
    ///     are logged.
    public init(environment: [String: String], logger: Logger? = nil) {
        let read = TracingEnvironment(environment)
        read.report(to: logger)
        self = read.pipeline
        self.logger = logger
    }
}
