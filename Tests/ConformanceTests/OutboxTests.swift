import Foundation
import Synchronization
import Testing
import Throughline
import ThroughlineFlow
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Messages that are written down now and sent later.
@Suite struct OutboxTests {
    @Test(arguments: BrokerName.allCases)
    func `what is sent by a relay after a restart has the cause that it was written down with`(
        _ name: BrokerName
    ) async throws {
        switch name {
        case .memory: try await wholeStory(MemoryPatternBroker())
        case .kafka: try await wholeStory(KafkaPatternBroker())
        }
    }

    private func wholeStory<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let topic = try await broker.topic("orders")
        let paid = try await broker.topic("payments")
        let producer = try await broker.producer()
        let service = TestService("billing", into: sink)
        _ = try await TracedProducer(producer, tracing: service.tracing).send(
            broker.message(to: topic, key: "1", "order"), type: "OrderPlaced")

        let outbox = TestOutbox<Broker.Message>()
        try await receiveOne(topic, broker) { message in
            try await service.tracing.process(message) { _ in
                try await service.tracing.capture(for: paid, on: Broker.Message.system, type: "PaymentCharged") {
                    await outbox.append(broker.message(to: paid, key: "1", "paid"), try stored($0))
                }
            }
        }
        // Another process drains the outbox, in the middle of a trace of its own that must not leak in.
        let other = TestService("relay", into: sink)
        let relay = OutboxRelay(of: outbox, to: producer, tracing: other.tracing)
        let tracer = try #require(other.tracing.configuration.tracer)
        let span = tracer.startSpan("drain")
        let count = try await ServiceContext.withValue(span.context) { try await relay.drain() }
        span.end()
        #expect(count == 1)
        #expect(try await relay.drain() == 0)
        try await receiveOne(paid, broker) { message in
            await TestService("shipping", into: sink).run { await $0.tracing.process(message) { _ in } }
        }
        for service in [service, other] { _ = await service.pipeline.flush() }

        let order = try #require(
            sink.records.first { $0.isSend && $0.text(ThroughlineAttribute.messageType) == "OrderPlaced" })
        let create = try #require(sink.records.first { $0.text(MessagingAttribute.operationType) == "create" })
        let sent = try #require(
            sink.records.first { $0.isSend && $0.text(ThroughlineAttribute.messageType) == "PaymentCharged" })
        let process = try #require(
            sink.records.first { $0.isProcess && $0.text(ThroughlineAttribute.messageType) == "PaymentCharged" })
        #expect(sent.text(ThroughlineAttribute.causationID) == order.messageID)
        #expect(sent.correlationID == order.correlationID)
        #expect(sent.messageID == create.messageID)
        #expect(sent.parentID == create.spanID)
        #expect(sent.refersTo(create, .creation))
        #expect(sent.link(.ambient) != nil)
        #expect(try #require(sent.integer(ThroughlineAttribute.dwellTime)) > 0)
        #expect(process.text(ThroughlineAttribute.causationID) == order.messageID)
        #expect(process.parentID == sent.spanID)
        let flow = try #require(Flow.split(sink.records.filter { $0.name != "drain" }).first)
        #expect(flow.hops.count == 2)
    }

    /// Through JSON, as a table would have it.
    private func stored(_ context: CapturedContext) throws -> CapturedContext {
        let read = try JSONDecoder().decode(CapturedContext.self, from: try JSONEncoder().encode(context))
        #expect(read == context)
        #expect(CapturedContext(columns: context.columns) == context)
        return read
    }

    @Test func `a message that waited long begins a trace of its own and links`() async throws {
        let sink = InMemorySink()
        let clock = Mutex(Timestamp(nanosecondsSinceEpoch: 1_760_000_000_000_000_000))
        let service = TestService("billing", into: sink) { clock.withLock { $0 } }
        let broker = MemoryPatternBroker()
        let context = await service.tracing.capture(for: "reminders", on: .inProcess, type: "PaymentTimeout") { $0 }
        clock.withLock { $0 = $0.advanced(byNanoseconds: 2 * 3_600_000_000_000) }
        _ = try await service.tracing.publish(broker.message(to: "reminders", key: "1", "x"), captured: context) {
            try await broker.producer().send($0)
        }
        _ = await service.pipeline.flush()
        let create = try #require(sink.records.first { $0.name == "create reminders" })
        let sent = try #require(sink.records.first { $0.isSend })
        #expect(sent.traceID != create.traceID)
        #expect(sent.refersTo(create, .creation))
        #expect(sent.integer(ThroughlineAttribute.dwellTime) == 7_200_000_000_000)
    }

    @Test func `a scheduled message keeps its cause and says when it was due`() async throws {
        let sink = InMemorySink()
        let service = TestService("billing", into: sink)
        let broker = MemoryPatternBroker()
        let due = Timestamp(nanosecondsSinceEpoch: 1_760_000_000_000_000_000)
        try broker.broker.send(InMemoryMessage(to: "orders", headers: ["message-id": "m1"]))
        let cause = try #require(try await broker.broker.consumer(of: "orders", group: "g").receive(atMost: 1)?.first)
        let context = await service.tracing.process(cause) { _ in
            await service.tracing.capture(
                for: "timeouts", on: .inProcess, type: "PaymentTimeout", intent: .command, dueTime: due
            ) { $0 }
        }
        _ = try await service.tracing.publish(broker.message(to: "timeouts", key: "1", "x"), captured: context) {
            try await broker.producer().send($0)
        }
        _ = await service.pipeline.flush()
        let sent = try #require(sink.records.first { $0.isSend })
        #expect(sent.text(ThroughlineAttribute.causationID) == "m1")
        #expect(sent.integer(ThroughlineAttribute.dueTime) == 1_760_000_000_000_000_000)
        #expect(broker.broker.messages(in: "timeouts").first?.headers["causation-id"] == "m1")
    }

    @Test func `several relays at once send each message once, and a failing producer loses none`() async throws {
        let broker = MemoryPatternBroker()
        let outbox = TestOutbox<InMemoryMessage>()
        let tracing = MessageTracing()
        for number in 0..<500 {
            await tracing.capture(for: "orders", on: .inProcess) {
                await outbox.append(broker.message(to: "orders", key: "k", "\(number)"), $0)
            }
        }
        let flaky = FlakyProducer(base: broker.broker.producer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var configuration = OutboxRelay<TestOutbox<InMemoryMessage>, FlakyProducer>.Configuration()
                    configuration.batchSize = 7
                    let relay = OutboxRelay(of: outbox, to: flaky, tracing: tracing, configuration: configuration)
                    while await outbox.waitingCount > 0 {
                        do { try await relay.drain() } catch is FlakyProducer.Refused { await Task.yield() }
                    }
                }
            }
            try await group.waitForAll()
        }
        let sent = broker.broker.messages(in: "orders").map(\.text)
        #expect(sent.count == 500)
        #expect(Set(sent).count == 500)
    }

    @Test func `columns that are no captured context are refused`() {
        #expect(CapturedContext(columns: [:]) == nil)
        #expect(CapturedContext(columns: ["message_id": "m", "correlation_id": "c"]) == nil)
        #expect(CapturedContext(columns: ["message_id": "m", "correlation_id": "c", "captured_time": "soon"]) == nil)
    }

    private func receiveOne<Broker: PatternBroker>(
        _ topic: String, _ broker: Broker, _ body: (Broker.Message) async throws -> Void
    ) async throws {
        let consumer = try await broker.consumer(of: topic, group: "once")
        let message = try #require(try await consumer.receive(atMost: 1)?.first)
        try await body(message)
        try await consumer.settle(message, as: .acknowledged)
        try await broker.close(consumer)
    }
}

extension TestService {
    func run(_ body: (TestService) async throws -> Void) async rethrows {
        try await body(self)
        _ = await pipeline.flush()
    }
}
