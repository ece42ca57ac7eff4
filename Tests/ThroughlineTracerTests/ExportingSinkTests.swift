import Dispatch
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Export without a store")
struct ExportingSinkTests {
    /// Does what it is told, batch by batch; the last order stands for all that follow.
    final class Exporter: SpanExporter {
        let orders: Mutex<[ExportOutcome]>
        let batches = Mutex<[[SpanRecord]]>([])
        private let tries = Atomic(0)
        private let shutDowns = Atomic(0)
        let isHanging: Bool

        init(_ orders: ExportOutcome..., isHanging: Bool = false) {
            self.orders = Mutex(orders)
            self.isHanging = isHanging
        }

        func export(_ batch: [SpanRecord]) async -> ExportOutcome {
            tries.add(1, ordering: .relaxed)
            if isHanging { try? await Task.sleep(for: .seconds(600)) }
            let order = orders.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? .accepted(rejected: 0) }
            if case .accepted = order { batches.withLock { $0.append(batch) } }
            return order
        }

        func shutdown() async { shutDowns.add(1, ordering: .relaxed) }

        var attempts: Int { tries.load(ordering: .relaxed) }
        var isShutDown: Bool { shutDowns.load(ordering: .relaxed) > 0 }
        var spans: [SpanRecord] { batches.withLock { $0.flatMap { $0 } } }
    }

    private func configuration(_ change: (inout ExportingSink.Configuration) -> Void = { _ in })
        -> ExportingSink.Configuration
    {
        var configuration = ExportingSink.Configuration()
        configuration.firstPause = .milliseconds(1)
        configuration.longestPause = .milliseconds(5)
        configuration.flushTimeout = .seconds(60)
        configuration.shutdownTimeout = .seconds(60)
        change(&configuration)
        return configuration
    }

    private func spans(_ count: Int) -> [SpanRecord] {
        (1...count).map {
            SpanRecord(
                traceID: TraceID(high: 1, low: 2), spanID: SpanID(UInt64($0)), name: "s",
                start: Timestamp(nanosecondsSinceEpoch: 1), end: Timestamp(nanosecondsSinceEpoch: 2))
        }
    }

    /// Blocking calls belong to a pipeline's thread, never to the pool that the tests run on.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "pipeline").async { continuation.resume(with: Result { try body() }) }
        }
    }

    @Test("a pipeline's flush returns once the collector has every span, in batches of the size asked for")
    func flush() async {
        let exporter = Exporter()
        let sink = ExportingSink(exporter, configuration: configuration { $0.batchSize = 100 })
        let pipeline = SpanPipeline(sink: sink)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource())
        for _ in 0..<1_050 { tracer.startSpan("x").end() }
        #expect(await pipeline.flush(within: .seconds(60)))
        #expect(Set(exporter.spans.map(\.spanID)).count == 1_050)
        #expect(exporter.batches.withLock { $0.allSatisfy { $0.count <= 100 } })
        #expect(sink.exportedCount == 1_050)
        await pipeline.shutdown()
        #expect(exporter.isShutDown)
    }

    @Test("a batch that nobody took is kept and tried again; one that was refused is lost and counted")
    func failures() async throws {
        let exporter = Exporter(
            .failed("away", retryAfter: nil), .failed("busy", retryAfter: .milliseconds(2)), .accepted(rejected: 1),
            .refused("never"), .accepted(rejected: 0))
        let sink = ExportingSink(exporter, configuration: configuration { $0.concurrentExports = 1 })
        sink.write(spans(10))
        try await onThread { try sink.flush() }
        #expect(exporter.attempts == 3)
        #expect(sink.exportedCount == 9)
        #expect(sink.droppedCount == 1)
        sink.write(spans(20))
        try await onThread { try sink.flush() }
        #expect(sink.droppedCount == 21)
        sink.write(spans(5))
        try await onThread { try sink.flush() }
        #expect(sink.exportedCount == 14)
        #expect(sink.droppedCount == 21)
        let wrong = ExportingSink(Exporter(.misconfigured("401")), configuration: configuration())
        wrong.write(spans(7))
        try await onThread { try wrong.flush() }
        #expect(wrong.droppedCount == 7, "no queue fills up with what nobody will take")
    }

    @Test("a full queue drops what is new and counts it, and nobody waits")
    func full() async throws {
        let sink = ExportingSink(
            Exporter(.failed("away", retryAfter: nil)),
            configuration: configuration {
                $0.capacity = 100
                $0.flushTimeout = .milliseconds(50)
                $0.shutdownTimeout = .milliseconds(50)
            })
        for _ in 0..<10 { sink.write(spans(30)) }
        #expect(sink.pendingCount == 100)
        #expect(sink.droppedCount == 200)
        await #expect(throws: ExportingSink.Unfinished.self) { try await onThread { try sink.flush() } }
        try await onThread { sink.close() }
        #expect(sink.pendingCount == 0)
        #expect(sink.droppedCount == 300)
    }

    @Test("closing sends what waits; an exporter that hangs is left alone after the time allowed")
    func close() async throws {
        let exporter = Exporter(.failed("away", retryAfter: nil), .accepted(rejected: 0))
        let patient = ExportingSink(
            exporter,
            configuration: configuration {
                $0.firstPause = .seconds(60)
                $0.longestPause = .seconds(60)
            })
        patient.write(spans(10))
        try await onThread { patient.close() }
        #expect(patient.exportedCount == 10)
        #expect(exporter.isShutDown)
        let hanging = ExportingSink(
            Exporter(isHanging: true), configuration: configuration { $0.shutdownTimeout = .milliseconds(50) })
        hanging.write(spans(10))
        let begin = ContinuousClock.now
        try await onThread { hanging.close() }
        #expect(begin.duration(to: .now) < .seconds(50))
        #expect(hanging.droppedCount == 10)
        hanging.write(spans(3))
        #expect(hanging.droppedCount == 13)
    }
}
