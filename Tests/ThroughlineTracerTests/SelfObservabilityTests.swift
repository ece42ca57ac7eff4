import Metrics
import MetricsTestKit
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("What the tracer says about itself")
struct SelfObservabilityTests {
    private let metrics = TestMetrics()

    private func counter(_ label: String, _ dimensions: [(String, String)]) throws -> Int64 {
        try metrics.expectCounter(label, dimensions).values.reduce(0, +)
    }

    private static let processor = [
        ("otel.component.type", "batching_span_processor"), ("otel.component.name", "batching_span_processor/0"),
    ]

    @Test("Spans started, by decision and parent, and those that have not ended")
    func spans() async throws {
        let pipeline = withMetricsFactory(metrics) { SpanPipeline(sink: InMemorySink()) }
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        let outer = tracer.startSpan("outer", context: .topLevel)
        tracer.startSpan("inner", context: outer.context).end()
        var remote = ServiceContext.topLevel
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
        tracer.extract(["traceparent": parent], into: &remote, using: DictionaryCarrier())
        tracer.startSpan("dropped", context: remote).end()
        #expect(await pipeline.flush())
        func started(_ result: String, _ origin: String) throws -> Int64 {
            try counter(
                "otel.sdk.span.started",
                [("otel.span.sampling_result", result), ("otel.span.parent.origin", origin)])
        }
        #expect(try started("RECORD_AND_SAMPLE", "none") == 1)
        #expect(try started("RECORD_AND_SAMPLE", "local") == 1)
        #expect(try started("DROP", "remote") == 1)
        let live = try metrics.expectMeter("otel.sdk.span.live", [("otel.span.sampling_result", "RECORD")])
        #expect(live.lastValue == 1)
        outer.end()
        #expect(await pipeline.flush())
        #expect(live.lastValue == 0)
    }

    @Test("The queue: its capacity, its size, what passed through it and what found it full")
    func queue() async throws {
        let sink = PipelineTests.Sink()
        sink.isBlocked.store(true, ordering: .relaxed)
        var configuration = SpanPipeline.Configuration()
        configuration.capacity = 100
        let pipeline = withMetricsFactory(metrics) { SpanPipeline(sink: sink, configuration: configuration) }
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<1_000 { tracer.startSpan("x").end() }
        sink.isBlocked.store(false, ordering: .relaxed)
        #expect(await pipeline.flush())
        let capacity = try metrics.expectMeter("otel.sdk.processor.span.queue.capacity", Self.processor)
        #expect(capacity.lastValue == 100)
        let size = try metrics.expectMeter("otel.sdk.processor.span.queue.size", Self.processor)
        #expect(size.values.max() == 100)
        let written = Int64(sink.records.withLock { $0.count })
        #expect(try counter("otel.sdk.processor.span.processed", Self.processor) == written)
        let full = Self.processor + [("error.type", "queue_full")]
        #expect(try counter("otel.sdk.processor.span.processed", full) == 1_000 - written)
    }

    @Test("The sink: what is with it, what it took, what it refused, and how long it needs")
    func sink() async throws {
        let sink = PipelineTests.Sink()
        let pipeline = withMetricsFactory(metrics) { SpanPipeline(sink: sink) }
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<5 { tracer.startSpan("kept").end() }
        #expect(await pipeline.flush())
        sink.isFailing.store(true, ordering: .relaxed)
        for _ in 0..<3 { tracer.startSpan("lost").end() }
        #expect(await pipeline.flush() == false)
        let exporter = [("otel.component.type", "Sink"), ("otel.component.name", "Sink/0")]
        #expect(try counter("otel.sdk.exporter.span.exported", exporter) == 5)
        #expect(try counter("otel.sdk.exporter.span.exported", exporter + [("error.type", "sink_failed")]) == 3)
        let inFlight = try metrics.expectMeter("otel.sdk.exporter.span.inflight", exporter)
        #expect(inFlight.values.reduce(0, +) == 8 && inFlight.lastValue == 0)
        let duration = try metrics.expectTimer("otel.sdk.exporter.operation.duration", exporter)
        #expect(duration.values.count >= 2)
    }
}
