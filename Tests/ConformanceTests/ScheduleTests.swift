import Testing
import Throughline
import ThroughlineFlow
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Timeouts and scheduled messages, and what travels beside ids: baggage.
@Suite struct ScheduleTests {
    @Test(arguments: BrokerName.allCases)
    func `a saga's timeout keeps its cause, its saga and its baggage over a restart`(_ name: BrokerName) async throws {
        switch name {
        case .memory: try await timeout(MemoryPatternBroker())
        case .kafka: try await timeout(KafkaPatternBroker())
        }
    }

    private func timeout<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let topic = try await broker.topic("orders")
        let timeouts = try await broker.topic("timeouts")
        let producer = try await broker.producer()
        let service = TestService("fulfilment", into: sink)
        var context = ServiceContext.topLevel
        context.baggage = Baggage([.init(key: "tenant", value: "acmé")])
        try await ServiceContext.withValue(context) {
            _ = try await TracedProducer(producer, tracing: service.tracing).send(
                broker.message(to: topic, key: "1042", "order"), type: "OrderPlaced")
        }
        let due = Timestamp(nanosecondsSinceEpoch: 1_900_000_000_000_000_000)
        let saga = Saga("OrderFulfilment", id: "1042")
        let stored = Stored()
        try await receive(topic, broker) { message in
            await service.tracing.process(message) { _ in
                await saga.step("await payment", state: "waiting") {
                    await service.tracing.capture(
                        for: timeouts, on: Broker.Message.system, type: "PaymentTimeout", intent: .command,
                        schemaVersion: "3", dueTime: due
                    ) { await stored.set($0.columns) }
                }
            }
        }

        // The timer fires in another process, which knows nothing but the row.
        let timer = TestService("timer", into: sink)
        let row = try #require(CapturedContext(columns: await stored.columns))
        #expect(row.dueTime == due)
        _ = try await timer.tracing.publish(broker.message(to: timeouts, key: "1042", "timeout"), captured: row) {
            try await producer.send($0)
        }
        let handling = TestService("fulfilment", into: sink)
        try await receive(timeouts, broker) { message in
            #expect(Broker.Message.value(forHeader: "baggage", in: message.headers) == "tenant=acm%C3%A9")
            await handling.tracing.process(message) { _ in
                #expect(ServiceContext.current?.baggage["tenant"] == "acmé")
                await saga.compensate("await payment", state: "cancelled") {}
            }
        }
        for service in [service, timer, handling] { _ = await service.pipeline.flush() }
        try check(sink.records, due)
    }

    private func check(_ records: [SpanRecord], _ due: Timestamp) throws {
        let order = try #require(
            records.first { $0.isSend && $0.text(ThroughlineAttribute.messageType) == "OrderPlaced" })
        let handled = try #require(records.first { $0.isProcess && $0.parentID == order.spanID })
        let create = try #require(records.first { $0.text(MessagingAttribute.operationType) == "create" })
        let sent = try #require(
            records.first { $0.isSend && $0.text(ThroughlineAttribute.messageType) == "PaymentTimeout" })
        let fired = try #require(
            records.first { $0.isProcess && $0.text(ThroughlineAttribute.messageType) == "PaymentTimeout" })
        #expect(create.parentID == handled.spanID)
        #expect(create.text(ThroughlineAttribute.sagaID) == "1042")
        for record in [create, sent, fired] {
            #expect(record.messageID == create.messageID)
            #expect(record.text(ThroughlineAttribute.causationID) == order.messageID)
            #expect(record.correlationID == order.correlationID)
        }
        for record in [create, sent] {
            #expect(record.integer(ThroughlineAttribute.dueTime) == Int64(due.nanosecondsSinceEpoch))
            #expect(record.text(ThroughlineAttribute.schemaVersion) == "3")
        }
        #expect(sent.parentID == create.spanID)
        #expect(sent.refersTo(create, .creation))
        #expect(fired.parentID == sent.spanID)
        #expect(fired.flag(ThroughlineAttribute.sagaCompensation) == true)
        #expect(fired.text(ThroughlineAttribute.sagaState) == "cancelled")
        #expect(Flow.split(records).count == 1)
    }

    @Test(arguments: BrokerName.allCases)
    func `what a rebuild publishes all the same is a replay wherever it goes`(_ name: BrokerName) async throws {
        switch name {
        case .memory: try await rebuild(MemoryPatternBroker())
        case .kafka: try await rebuild(KafkaPatternBroker())
        }
    }

    private func rebuild<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let topic = try await broker.topic("events")
        let reports = try await broker.topic("reports")
        let producer = TracedProducer(try await broker.producer(), tracing: TestService("orders", into: sink).tracing)
        _ = try await producer.send(broker.message(to: topic, key: "1", "event"), type: "OrderPlaced")
        let log = try await broker.browser.browse(topic, limit: 10)
        let service = TestService("analytics", into: sink)
        let reporting = TracedProducer(try await broker.producer(), tracing: service.tracing)
        let events = AsyncStream { stream in
            for event in log { stream.yield(event) }
            stream.finish()
        }
        try await service.tracing.rebuild("sales", from: events) { _, _ in
            _ = try await reporting.send(broker.message(to: reports, key: "1", "report"), type: "SalesSummarised")
        }
        let mail = TestService("mail", into: sink)
        try await receive(reports, broker) { message in
            await mail.tracing.process(message) { _ in
                #expect(ServiceContext.current?.isRebuild == true)
                await mail.tracing.publish(broker.message(to: reports, key: "2", "sent")) { _ in }
            }
        }
        for service in [service, mail] { _ = await service.pipeline.flush() }
        let rebuild = try #require(sink.records.first { $0.name == "rebuild sales" })
        let caused = sink.records.filter { $0.text(MessagingAttribute.destinationName) == reports }
        #expect(caused.count == 3)
        #expect(caused.allSatisfy { $0.flag(ThroughlineAttribute.replay) == true })
        let handled = try #require(caused.first { $0.isProcess })
        #expect(handled.refersTo(rebuild, .replayOf))
        #expect(handled.integer(ThroughlineAttribute.replayCount) == nil, "nobody replayed a dead letter")
    }

    private func receive<Broker: PatternBroker>(
        _ topic: String, _ broker: Broker, _ body: (Broker.Message) async throws -> Void
    ) async throws {
        let consumer = try await broker.consumer(of: topic, group: "once")
        let message = try #require(try await consumer.receive(atMost: 1)?.first)
        try await body(message)
        try await consumer.settle(message, as: .acknowledged)
        try await broker.close(consumer)
    }

    private actor Stored {
        var columns: [String: String] = [:]
        func set(_ columns: [String: String]) { self.columns = columns }
    }
}
