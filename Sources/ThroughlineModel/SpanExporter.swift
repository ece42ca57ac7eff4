/// Sends spans to a collector: what OTLP and Zipkin exporters have in common.
public protocol SpanExporter: Sendable {
    /// Sends a batch once, with the retries that belong to a single request; a batch that is too large for the collector
    /// is split by the exporter.
    func export(_ batch: [SpanRecord]) async -> ExportOutcome

    /// Lets go of connections. Nothing is exported afterwards.
    func shutdown() async
}

/// What became of a batch.
public enum ExportOutcome: Hashable, Sendable {
    /// The collector has it. Some spans of it may have been rejected, which the exporter has logged: they are never sent
    /// again (OTLP, partial success).
    case accepted(rejected: Int)
    /// The collector will never take it; the reason is for people.
    case refused(String)
    /// Nobody took it; trying again later may help, and not before the delay when the collector named one.
    case failed(String, retryAfter: Duration?)
}
