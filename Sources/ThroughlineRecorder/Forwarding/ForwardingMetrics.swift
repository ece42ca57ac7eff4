import Metrics
import ThroughlineModel

/// What an exporter does, through swift-metrics: each with the dimension `exporter`.
struct ForwardingMetrics {
    private let exported: Counter
    private let rejected: Counter
    private let setAside: Counter
    private let failures: Counter
    private let backlog: Gauge
    private let age: Gauge

    init(exporter: String) {
        let dimensions = [("exporter", exporter)]
        exported = Counter(label: "throughline.export.spans.exported", dimensions: dimensions)
        rejected = Counter(label: "throughline.export.spans.rejected", dimensions: dimensions)
        setAside = Counter(label: "throughline.export.spans.set_aside", dimensions: dimensions)
        failures = Counter(label: "throughline.export.failures", dimensions: dimensions)
        backlog = Gauge(label: "throughline.export.backlog", dimensions: dimensions)
        age = Gauge(label: "throughline.export.backlog.age", dimensions: dimensions)
    }

    func failed() { failures.increment() }

    func exported(_ spans: Int, rejected: Int) {
        if spans > 0 { exported.increment(by: spans) }
        if rejected > 0 { self.rejected.increment(by: rejected) }
    }

    func setAside(_ spans: Int) { setAside.increment(by: spans) }

    /// The age is in seconds.
    func waiting(_ spans: Int, oldest: Timestamp?, now: Timestamp) {
        backlog.record(spans)
        age.record(Double(oldest?.nanoseconds(until: now) ?? 0) / 1e9)
    }
}
