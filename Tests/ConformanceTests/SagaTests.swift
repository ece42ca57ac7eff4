import Testing
import Throughline
import ThroughlineFlow
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer

/// Sagas and rebuilds.
@Suite struct SagaTests {
    struct OutOfStock: Error {}

    @Test(arguments: BrokerName.allCases)
    func `steps, compensations and the saga's state stand on the spans of the messages`(_ name: BrokerName) async throws
    {
        switch name {
        case .memory: try await wholeStory(MemoryPatternBroker())
        case .kafka: try await wholeStory(KafkaPatternBroker())
        }
    }

    private func wholeStory<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let service = TestService("fulfilment", into: sink)
        let topic = try await broker.topic("orders")
        let refunds = try await broker.topic("refunds")
        let producer = TracedProducer(try await broker.producer(), tracing: service.tracing)
        for text in ["charge", "reserve", "refund"] {
            _ = try await producer.send(broker.message(to: topic, key: "1042", text))
        }
        let saga = Saga("OrderFulfilment", id: "1042")
        let consumer = try await broker.consumer(of: topic, group: "fulfilment")
        var handled = 0
        while handled < 3 {
            for message in try await consumer.receive(atMost: 1) ?? [] {
                handled += 1
                try? await service.tracing.process(message) { message in
                    switch broker.text(of: message) {
                    case "charge": await saga.step("charge card", state: "charged") {}
                    case "reserve": try await saga.step("reserve stock", state: "reserved") { throw OutOfStock() }
                    default:
                        try await saga.compensate("charge card", state: "refunded") {
                            _ = try await producer.send(broker.message(to: refunds, key: "1042", "money back"))
                        }
                    }
                }
                try await consumer.settle(message, as: .acknowledged)
            }
        }
        try await broker.close(consumer)
        _ = await service.pipeline.flush()

        let steps = sink.records.filter(\.isProcess).sorted { $0.start < $1.start }
        #expect(
            steps.map { $0.text(ThroughlineAttribute.sagaStep) } == ["charge card", "reserve stock", "charge card"])
        #expect(steps.map { $0.text(ThroughlineAttribute.sagaState) } == ["charged", nil, "refunded"])
        #expect(steps.map { $0.flag(ThroughlineAttribute.sagaStepFailed) } == [nil, true, nil])
        #expect(steps.map { $0.flag(ThroughlineAttribute.sagaCompensation) } == [nil, nil, true])
        #expect(steps.allSatisfy { $0.text(ThroughlineAttribute.sagaID) == "1042" })
        #expect(steps.allSatisfy { $0.text(ThroughlineAttribute.sagaType) == "OrderFulfilment" })
        let refund = try #require(
            sink.records.first { $0.isSend && $0.text(MessagingAttribute.destinationName) == refunds })
        #expect(refund.text(ThroughlineAttribute.sagaID) == "1042")
        #expect(refund.flag(ThroughlineAttribute.sagaCompensation) == true)
    }

    @Test(arguments: BrokerName.allCases)
    func `a rebuild keeps the events' ids and stays out of flows and maps`(_ name: BrokerName) async throws {
        switch name {
        case .memory: try await rebuild(MemoryPatternBroker())
        case .kafka: try await rebuild(KafkaPatternBroker())
        }
    }

    private func rebuild<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let service = TestService("orders", into: sink)
        let topic = try await broker.topic("events")
        let producer = TracedProducer(try await broker.producer(), tracing: service.tracing)
        for number in 1...5 {
            _ = try await producer.send(broker.message(to: topic, key: "1042", "\(number)"), type: "Event")
        }
        _ = await service.pipeline.flush()
        let ids = sink.records.filter(\.isSend).sorted { $0.start < $1.start }.map(\.messageID)

        let stored = try await broker.browser.browse(topic, limit: 100)
        let restarted = TestService("orders", into: sink)
        let seen = Seen()
        let count = try await restarted.tracing.rebuild("sales", from: AsyncStream(stored)) { event, identity in
            await seen.add(identity.messageID)
            _ = event
        }
        _ = await restarted.pipeline.flush()
        #expect(count == 5)
        #expect(await seen.ids == ids)

        let span = try #require(sink.records.first { $0.name == "rebuild sales" })
        #expect(span.flag(ThroughlineAttribute.replay) == true)
        #expect(span.integer(ThroughlineAttribute.rebuiltEvents) == 5)
        #expect(span.text(ThroughlineAttribute.rebuiltFrom) == topic)
        #expect(span.messageID == nil)
        var builder = MapBuilder()
        for record in sink.records { builder.add(record) }
        #expect(builder.map.deliveries.isEmpty)
        #expect(Flow.split(sink.records).allSatisfy { $0.hops.isEmpty })
    }

    private actor Seen {
        var ids: [String?] = []
        func add(_ id: String) { ids.append(id) }
    }
}

extension AsyncStream where Element: Sendable {
    fileprivate init(_ elements: [Element]) {
        self.init { continuation in
            for element in elements { continuation.yield(element) }
            continuation.finish()
        }
    }
}
