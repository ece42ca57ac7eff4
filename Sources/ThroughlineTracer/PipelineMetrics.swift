import Metrics

/// Reports what a pipeline did, through swift-metrics: Throughline's own counters, and those that OpenTelemetry's SDKs
/// report about themselves (semantic conventions, otel/sdk-metrics.md), with the sink in the place of the exporter.
///
/// Totals come in, and counters get the difference, because swift-metrics counts increments.
struct PipelineMetrics {
    struct Totals: Equatable {
        /// Records that the sink took, starts included.
        var written = 0
        /// Ended spans that the sink took.
        var exported = 0
        /// Ended spans that found the buffer full.
        var full = 0
        /// Ended spans that the sink refused.
        var failed = 0
        /// By decision and parent.
        var started: [Int] = []
        var live = 0
        var queued = 0
    }

    private let written = Counter(label: "throughline.spans.written")
    private let dropped = ["buffer-full", "sink-failed"].map { reason in
        Counter(label: "throughline.spans.dropped", dimensions: [("reason", reason)])
    }
    private let started: [Counter]
    private let live = Meter(label: "otel.sdk.span.live", dimensions: [("otel.span.sampling_result", "RECORD")])
    private let queueSize: Meter
    private let processed: [Counter]
    private let exported: [Counter]
    private let inFlight: Meter
    private let duration: Timer

    init(capacity: Int, sink: String) {
        let processor = [
            ("otel.component.type", "batching_span_processor"), ("otel.component.name", "batching_span_processor/0"),
        ]
        let exporter = [("otel.component.type", sink), ("otel.component.name", sink + "/0")]
        started = ["DROP", "RECORD_ONLY", "RECORD_AND_SAMPLE"].flatMap { result in
            SpanTally.origins.map { origin in
                Counter(
                    label: "otel.sdk.span.started",
                    dimensions: [("otel.span.sampling_result", result), ("otel.span.parent.origin", origin)])
            }
        }
        queueSize = Meter(label: "otel.sdk.processor.span.queue.size", dimensions: processor)
        Meter(label: "otel.sdk.processor.span.queue.capacity", dimensions: processor).set(Double(capacity))
        func counters(_ label: String, _ dimensions: [(String, String)], failing: String) -> [Counter] {
            [[], [("error.type", failing)]].map { Counter(label: label, dimensions: dimensions + $0) }
        }
        processed = counters("otel.sdk.processor.span.processed", processor, failing: "queue_full")
        exported = counters("otel.sdk.exporter.span.exported", exporter, failing: "sink_failed")
        inFlight = Meter(label: "otel.sdk.exporter.span.inflight", dimensions: exporter)
        duration = Timer(label: "otel.sdk.exporter.operation.duration", dimensions: exporter)
    }

    func isWriting(_ count: Int) { inFlight.set(Double(count)) }

    func wrote(in elapsed: Duration) { duration.recordNanoseconds(elapsed.nanoseconds) }

    func report(_ now: Totals, since last: inout Totals) {
        guard now != last else { return }
        func add(_ counter: Counter, _ total: Int, _ before: Int) {
            if total > before { counter.increment(by: total - before) }
        }
        add(written, now.written, last.written)
        add(dropped[0], now.full, last.full)
        add(dropped[1], now.failed, last.failed)
        add(processed[0], now.exported + now.failed, last.exported + last.failed)
        add(processed[1], now.full, last.full)
        add(exported[0], now.exported, last.exported)
        add(exported[1], now.failed, last.failed)
        for (index, counter) in started.enumerated() {
            add(counter, now.started[index], last.started.isEmpty ? 0 : last.started[index])
        }
        if now.live != last.live { live.set(Double(now.live)) }
        if now.queued != last.queued { queueSize.set(Double(now.queued)) }
        last = now
    }
}
