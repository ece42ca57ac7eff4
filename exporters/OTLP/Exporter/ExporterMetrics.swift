import Metrics
import ThroughlineModel

/// The exporter's own metrics, by OpenTelemetry's names (semantic conventions, "SDK metrics"): spans on their way, spans
/// that have been exported or not, and how long a batch takes.
struct ExporterMetrics: Sendable {
    private let dimensions: [(String, String)]
    private let inFlight: Meter
    private let exported: Counter
    private let duration: Timer

    init(_ configuration: OTLPExporter.Configuration) {
        let type = configuration.encoding == .json ? "otlp_http_json_span_exporter" : "otlp_http_span_exporter"
        dimensions = [("otel.component.type", type)]
        inFlight = Meter(label: "otel.sdk.exporter.span.inflight", dimensions: dimensions)
        exported = Counter(label: "otel.sdk.exporter.span.exported", dimensions: dimensions)
        duration = Timer(label: "otel.sdk.exporter.operation.duration", dimensions: dimensions)
    }

    func measure(_ spans: Int, _ export: () async -> ExportOutcome) async -> ExportOutcome {
        inFlight.increment(by: Double(spans))
        let begin = ContinuousClock.now
        let outcome = await export()
        duration.record(duration: begin.duration(to: .now))
        inFlight.decrement(by: Double(spans))
        switch outcome {
        case .accepted(let rejected):
            exported.increment(by: spans - min(rejected, spans))
            if rejected > 0 { failed("rejected").increment(by: rejected) }
        case .refused: failed("refused").increment(by: spans)
        case .misconfigured: failed("misconfigured").increment(by: spans)
        case .failed: failed("unavailable").increment(by: spans)
        }
        return outcome
    }

    private func failed(_ type: String) -> Counter {
        Counter(label: "otel.sdk.exporter.span.exported", dimensions: dimensions + [("error.type", type)])
    }
}
