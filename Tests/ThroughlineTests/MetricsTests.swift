import Metrics
import MetricsTestKit
import Testing
import Throughline
import ThroughlineModel

@Suite struct MetricsTests {
    private let backend = TestMetrics()

    private func tracing(limit: Int = 1_000) -> MessageTracing {
        Bench { $0.metrics = MessagingMetrics(factory: backend, instrumentLimit: limit) }.tracing
    }

    private func dimensions(_ operation: String, group: String? = nil, error: String? = nil) -> [(String, String)] {
        var dimensions = [
            ("messaging.system", "test"), ("messaging.operation.name", operation),
            ("messaging.destination.name", "orders"),
        ]
        if let group { dimensions.append(("messaging.consumer.group.name", group)) }
        if let error { dimensions.append(("error.type", error)) }
        return dimensions
    }

    @Test func `sending, handling and settling are measured in seconds, with the conventions' dimensions`() async throws
    {
        let tracing = tracing()
        await tracing.publish(TestMessage()) { _ in }
        var message = TestMessage()
        message.details.consumerGroup = "billing"
        await tracing.process(message) { message in await tracing.settle(message, as: .acknowledged) {} }

        let sent = try backend.expectCounter("messaging.client.sent.messages", dimensions("send"))
        let consumed = try backend.expectCounter(
            "messaging.client.consumed.messages", dimensions("process", group: "billing"))
        #expect(sent.values == [1])
        #expect(consumed.values == [1])
        for (label, dimensions) in [
            ("messaging.client.operation.duration", dimensions("send")),
            ("messaging.process.duration", dimensions("process", group: "billing")),
            ("messaging.client.operation.duration", dimensions("ack", group: "billing")),
        ] {
            let recorder = try backend.expectRecorder(label, dimensions)
            #expect(recorder.aggregate)
            #expect(recorder.values.count == 1)
            #expect(recorder.values.allSatisfy { $0 > 0 && $0 < 60 })
        }
    }

    @Test func `what fails has its error's type, and a message that was not sent was attempted`() async throws {
        let tracing = tracing()
        try? await tracing.publish(TestMessage()) { _ in throw HandlerError() }
        try? await tracing.process(TestMessage()) { _ in throw HandlerError() }
        try? await tracing.process(TestMessage()) { _ in throw CancellationError() }
        let type = "ThroughlineTests.HandlerError"
        #expect(try backend.expectCounter("messaging.client.sent.messages", dimensions("send")).values == [1])
        _ = try backend.expectRecorder("messaging.client.operation.duration", dimensions("send", error: type))
        _ = try backend.expectRecorder("messaging.process.duration", dimensions("process", error: type))
        _ = try backend.expectRecorder("messaging.process.duration", dimensions("process"))
    }

    @Test func `a batch is one duration and as many messages as it has`() async throws {
        await tracing().processBatch([TestMessage(), TestMessage(), TestMessage()]) { _ in }
        let consumed = try backend.expectCounter("messaging.client.consumed.messages", dimensions("process"))
        #expect(consumed.values == [3])
        #expect(try backend.expectRecorder("messaging.process.duration", dimensions("process")).values.count == 1)
    }

    @Test func `attempts in place are one delivery`() async throws {
        let consumer = ListConsumer([TestMessage(headers: ["message-id": ["m1"]])])
        let outcomes = Outcomes(failures: 2)
        try await TracedConsumer(consumer, tracing: tracing()).run(
            retrying: RetryPolicy(attempts: 3), deadLetters: .native, clock: JumpingClock()
        ) { _ in try await outcomes.next() }
        let consumed = try backend.expectCounter("messaging.client.consumed.messages", dimensions("process"))
        #expect(consumed.values == [1])
        let failed = try backend.expectRecorder(
            "messaging.process.duration", dimensions("process", error: "ThroughlineTests.HandlerError"))
        #expect(failed.values.count == 2)
    }

    @Test func `destinations without end do not fill the backend`() async throws {
        let tracing = tracing(limit: 10)
        for number in 0..<1_000 { await tracing.publish(TestMessage(destination: "customer-\(number)")) { _ in } }
        #expect(backend.counters.count == 11)
        let rest = try backend.expectCounter(
            "messaging.client.sent.messages", [("messaging.system", "test"), ("messaging.operation.name", "send")])
        #expect(rest.totalValue == 990)
    }

    @Test func `nobody who did not ask is measured`() async {
        await Bench().tracing.publish(TestMessage()) { _ in }
        #expect(backend.counters.isEmpty && backend.recorders.isEmpty)
    }
}
