import Testing
import Throughline
import ThroughlineInMemory

@Suite struct RedeliveryTests {
    let clock = ManualClock()

    func broker(_ options: TopicOptions) throws -> InMemoryBroker {
        var configuration = InMemoryBroker.Configuration()
        configuration.clock = clock
        let broker = InMemoryBroker(configuration)
        try broker.createTopic("orders", options: options)
        return broker
    }

    @Test func `a message that is not settled in time comes again, to another consumer, as attempt 2`() async throws {
        let broker = try broker(TopicOptions(redeliveryTimeout: .seconds(30)))
        let slow = try broker.consumer(of: "orders", group: "billing")
        let other = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", text: "1"))
        let first = try #require(try await slow.receive(atMost: 1)?.first)
        async let second = other.receive(atMost: 1)
        try await eventually("the timer runs") { clock.sleeperCount > 0 }
        clock.advance(by: .seconds(29))
        #expect(broker.backlog(of: "orders", group: "billing") == 1)
        clock.advance(by: .seconds(1))
        let again = try #require(try await second?.first)
        #expect(again.delivery?.attempt == 2)
        let expired = try #require(first.delivery)
        await #expect(
            throws: InMemoryError.deliveryExpired(
                topic: "orders", group: "billing", partition: expired.partition, offset: expired.offset)
        ) { try await slow.settle(first, as: .acknowledged) }
        try await other.settle(again, as: .acknowledged)
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `a requeued message waits for its delay, and its key waits with it`() async throws {
        let broker = try broker(TopicOptions(requeueDelay: .seconds(5)))
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", key: "7", text: "1"))
        try broker.send(InMemoryMessage(to: "orders", key: "7", text: "2"))
        try broker.send(InMemoryMessage(to: "orders", key: "8", text: "3"))
        let first = try #require(try await consumer.receive(atMost: 1)?.first)
        try await consumer.settle(first, as: .requeued)
        let free = try #require(try await consumer.receive(atMost: 10))
        #expect(free.map(\.text) == ["3"])
        async let later = consumer.receive(atMost: 10)
        try await eventually("a timer runs for the delay") { clock.sleeperCount > 0 }
        clock.advance(by: .seconds(5))
        #expect(try await later?.map(\.text) == ["1", "2"])
    }

    @Test(arguments: [Settlement.rejected, .deadLettered])
    func `a rejected message goes to the dead-letter topic as it was`(_ settlement: Settlement) async throws {
        let broker = try broker(TopicOptions(deadLetterTopic: "orders.dead"))
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", key: "7", headers: ["message-id": "m1"], text: "poison"))
        let message = try #require(try await consumer.receive(atMost: 1)?.first)
        try await consumer.settle(message, as: settlement)
        let dead = try #require(broker.messages(in: "orders.dead").first)
        #expect(dead.text == "poison")
        #expect(dead.key == "7")
        #expect(dead.headers["message-id"] == "m1")
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `after its last attempt a message is dead-lettered, whether it was requeued or timed out`() async throws
    {
        let broker = try broker(
            TopicOptions(redeliveryTimeout: .seconds(30), maximumAttempts: 2, deadLetterTopic: "orders.dead"))
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", text: "requeued"))
        for _ in 1...2 {
            let message = try #require(try await consumer.receive(atMost: 1)?.first)
            try await consumer.settle(message, as: .requeued)
        }
        try broker.send(InMemoryMessage(to: "orders", text: "timed out"))
        _ = try await consumer.receive(atMost: 1)
        try await eventually("the timer runs") { clock.sleeperCount > 0 }
        clock.advance(by: .seconds(30))
        #expect(try await consumer.receive(atMost: 1)?.first?.delivery?.attempt == 2)
        try await eventually("the timer runs again") { clock.sleeperCount > 0 }
        clock.advance(by: .seconds(30))
        try await eventually("both are dead") { broker.messages(in: "orders.dead").count == 2 }
        #expect(broker.messages(in: "orders.dead").map(\.text) == ["requeued", "timed out"])
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `dead-lettering without a dead-letter topic says so and keeps the message`() async throws {
        let broker = try broker(TopicOptions())
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders"))
        let message = try #require(try await consumer.receive(atMost: 1)?.first)
        await #expect(throws: InMemoryError.noDeadLetterTopic("orders")) {
            try await consumer.settle(message, as: .deadLettered)
        }
        #expect(broker.backlog(of: "orders", group: "billing") == 1)
        try await consumer.settle(message, as: .rejected)
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `settling twice, or what was never received, is refused`() async throws {
        let broker = try broker(TopicOptions())
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders"))
        let message = try #require(try await consumer.receive(atMost: 1)?.first)
        try await consumer.settle(message, as: .acknowledged)
        await #expect(
            throws: InMemoryError.deliveryExpired(topic: "orders", group: "billing", partition: 0, offset: 0)
        ) { try await consumer.settle(message, as: .acknowledged) }
        await #expect(throws: InMemoryError.notReceived(topic: "orders")) {
            try await consumer.settle(InMemoryMessage(to: "orders"), as: .acknowledged)
        }
    }

    @Test func `seeking replays from an offset, a time or the beginning, as first attempts`() async throws {
        let broker = try broker(TopicOptions())
        let consumer = try broker.consumer(of: "orders", group: "billing")
        for number in 1...5 { try broker.send(InMemoryMessage(to: "orders", key: "k", text: "\(number)")) }
        let all = try await drain(consumer, of: broker, "orders", "billing")
        try broker.seek("orders", group: "billing", to: .offset(3))
        #expect(try await drain(consumer, of: broker, "orders", "billing").map(\.text) == ["4", "5"])
        try broker.seek("orders", group: "billing", to: .beginning)
        let replayed = try await drain(consumer, of: broker, "orders", "billing")
        #expect(replayed.map(\.text) == ["1", "2", "3", "4", "5"])
        #expect(replayed.allSatisfy { $0.delivery?.attempt == 1 })
        let time = try #require(all.first?.enqueuedTime).advanced(byNanoseconds: 3_600_000_000_000)
        try broker.seek("orders", group: "billing", to: .time(time))
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `seeking takes what consumers hold away from them`() async throws {
        let broker = try broker(TopicOptions())
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", key: "k", text: "1"))
        let held = try #require(try await consumer.receive(atMost: 1)?.first)
        try broker.seek("orders", group: "billing", to: .beginning)
        await #expect(throws: InMemoryError.self) { try await consumer.settle(held, as: .acknowledged) }
        #expect(try await drain(consumer, of: broker, "orders", "billing").map(\.text) == ["1"])
    }

    @Test func `retention lets go of the oldest, by number and by age`() async throws {
        let broker = try broker(TopicOptions(retainedMessages: 3, retention: .seconds(60)))
        let consumer = try broker.consumer(of: "orders", group: "billing")
        for number in 1...5 { try broker.send(InMemoryMessage(to: "orders", text: "\(number)")) }
        #expect(broker.messages(in: "orders").map(\.text) == ["3", "4", "5"])
        #expect(broker.backlog(of: "orders", group: "billing") == 3)
        #expect(try await consumer.receive(atMost: 1)?.first?.delivery?.offset == 2)
        clock.advance(by: .seconds(60))
        #expect(broker.messages(in: "orders").isEmpty)
    }
}
