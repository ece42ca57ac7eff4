import Logging
import Metrics
import MetricsTestKit
import ServiceLifecycle
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("The span pipeline")
struct PipelineTests {
    /// A sink that does as it is told.
    final class Sink: SpanSink {
        struct Full: Error {}
        let records = Mutex<[SpanRecord]>([])
        let isFailing = Atomic(false)
        let isBlocked = Atomic(false)
        let isClosed = Atomic(false)

        func write(_ batch: [SpanRecord]) throws {
            while isBlocked.load(ordering: .relaxed) {}
            if isFailing.load(ordering: .relaxed) { throw Full() }
            records.withLock { $0 += batch }
        }

        func close() { isClosed.store(true, ordering: .relaxed) }
    }

    @Test("After a flush, every span that had ended is in the sink, whichever task ended it")
    func flush() async {
        let bench = Bench()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask { for _ in 0..<500 { bench.tracer.startSpan("x").end() } }
            }
        }
        #expect(await bench.pipeline.flush())
        #expect(bench.sink.records.count == 8_000)
        #expect(Set(bench.sink.records.map(\.spanID)).count == 8_000)
        #expect(bench.pipeline.droppedCount == 0)
    }

    @Test("A full buffer drops new spans and counts them, and the caller is not held up")
    func full() async {
        let sink = Sink()
        sink.isBlocked.store(true, ordering: .relaxed)
        var configuration = SpanPipeline.Configuration()
        configuration.capacity = 100
        let pipeline = SpanPipeline(sink: sink, configuration: configuration)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<1_000 { tracer.startSpan("x").end() }
        #expect(pipeline.droppedCount >= 800, "at most one batch taken and one buffer full")
        sink.isBlocked.store(false, ordering: .relaxed)
        #expect(await pipeline.flush())
        #expect(sink.records.withLock { $0.count } + pipeline.droppedCount == 1_000)
    }

    @Test("A failing sink loses its batches, which are counted, and the pipeline goes on")
    func failing() async {
        let metrics = TestMetrics()
        let sink = Sink()
        let pipeline = withMetricsFactory(metrics) { SpanPipeline(sink: sink) }
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        sink.isFailing.store(true, ordering: .relaxed)
        for _ in 0..<10 { tracer.startSpan("lost").end() }
        #expect(await pipeline.flush() == false)
        #expect(pipeline.droppedCount == 10)
        sink.isFailing.store(false, ordering: .relaxed)
        for _ in 0..<5 { tracer.startSpan("kept").end() }
        #expect(await pipeline.flush())
        #expect(sink.records.withLock { $0.map(\.name) } == Array(repeating: "kept", count: 5))
        let dropped = try? metrics.expectCounter("throughline.spans.dropped", [("reason", "sink-failed")])
        #expect(dropped?.values.reduce(0, +) == 10)
        let written = try? metrics.expectCounter("throughline.spans.written")
        #expect(written?.values.reduce(0, +) == 5)
    }

    @Test("With start recording, work that never ends is there as started, and finished work once")
    func starts() async {
        let bench = Bench { $0.recordsStarts = true }
        let unfinished = bench.tracer.startSpan("unfinished")
        bench.tracer.startSpan("quick").end()
        let records = await bench.spans()
        #expect(records.filter { $0.name == "unfinished" }.map(\.end) == [nil])
        #expect(records.filter { $0.name == "quick" }.map { $0.end != nil } == [true])
        unfinished.end()
        #expect(await bench.spans().filter { $0.name == "unfinished" }.count == 2, "the start, then the end")
    }

    @Test("Shutting down writes what is left, closes the sink, and drops and counts what comes later")
    func shutdown() async {
        let sink = Sink()
        let pipeline = SpanPipeline(sink: sink)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<10 { tracer.startSpan("x").end() }
        #expect(await pipeline.shutdown() == 0)
        #expect(sink.records.withLock { $0.count } == 10)
        let isClosed = sink.isClosed.load(ordering: .relaxed)
        #expect(isClosed)
        tracer.startSpan("late").end()
        #expect(pipeline.droppedCount == 1)
        #expect(await pipeline.shutdown() == 0, "a second time is no harm")
    }

    @Test("Shutting down ends at its deadline and says how many spans are left")
    func deadline() async {
        let sink = Sink()
        sink.isBlocked.store(true, ordering: .relaxed)
        let pipeline = SpanPipeline(sink: sink)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<10 { tracer.startSpan("x").end() }
        #expect(await pipeline.shutdown(within: .milliseconds(50)) == 10)
        #expect(await pipeline.flush(within: .milliseconds(50)) == false)
        sink.isBlocked.store(false, ordering: .relaxed)
    }

    @Test("As a service it keeps the last spans of the services that stop before it")
    func service() async throws {
        let sink = Sink()
        let pipeline = SpanPipeline(sink: sink)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        struct App: Service {
            let tracer: RecordingTracer
            func run() async throws {
                try? await gracefulShutdown()
                tracer.startSpan("last words").end()
            }
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: pipeline), .init(service: App(tracer: tracer))], logger: .init(label: "test"))
        )
        async let running: Void = group.run()
        await group.triggerGracefulShutdown()
        try await running
        #expect(sink.records.withLock { $0.map(\.name) } == ["last words"])
        let isClosed = sink.isClosed.load(ordering: .relaxed)
        #expect(isClosed)
    }
}
