import Testing
import Throughline
import ThroughlineFlow
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer

/// Looking at dead letters and sending many of them back.
@Suite struct DeadLetterListTests {
    struct CardDeclined: Error {}

    @Test(arguments: BrokerName.allCases)
    func `dead letters are listed once each, replayed together, and listed by their last failure`(
        _ name: BrokerName
    ) async throws {
        switch name {
        case .memory: try await listAndReplay(MemoryPatternBroker())
        case .kafka: try await listAndReplay(KafkaPatternBroker())
        }
    }

    private func listAndReplay<Broker: PatternBroker>(_ broker: Broker) async throws {
        let sink = InMemorySink()
        let topic = try await broker.topic("orders")
        let deadTopic = try await broker.topic("orders.dead")
        let producer = try await broker.producer()
        let service = TestService("billing", into: sink)
        let sending = TracedProducer(producer, tracing: service.tracing)
        for number in 1...4 { _ = try await sending.send(broker.message(to: topic, key: "\(number)", "\(number)")) }
        // Something that is no dead letter lies there too.
        _ = try await sending.send(broker.message(to: deadTopic, key: "x", "stray"))
        try await consume(topic, broker, service, producer, deadTopic, until: 5) { _ in throw CardDeclined() }

        let desk = TestService("support", into: sink)
        let letters = DeadLetterBrowser(broker.browser, sendingBy: producer, tracing: desk.tracing)
        let found = try await letters.list(deadTopic)
        #expect(found.map { broker.text(of: $0.message) } == ["1", "2", "3", "4"])
        #expect(found.allSatisfy { $0.letter.origin == topic && $0.letter.attempts == 2 })
        #expect(try await letters.list(deadTopic, limit: 2).count <= 2)

        // The even ones go back; number 2 fails again.
        let chosen = found.filter { ["2", "4"].contains(broker.text(of: $0.message)) }
        let report = try await letters.replay(chosen)
        #expect(report.replayed.count == 2 && report.failed.isEmpty)
        let again = TestService("billing", into: sink)
        try await consume(topic, broker, again, producer, deadTopic, until: 6) { message in
            if broker.text(of: message) == "2" { throw CardDeclined() }
        }
        let after = try await letters.list(deadTopic)
        #expect(after.map { broker.text(of: $0.message) }.sorted() == ["1", "2", "3", "4"])
        let second = try #require(after.first { broker.text(of: $0.message) == "2" })
        #expect(second.letter.attempts == 4 && second.letter.replays == 1)
        #expect(second.identity.messageID == found[1].identity.messageID)
        #expect(second.letter.firstFailure == found[1].letter.firstFailure)

        for service in [service, desk, again] { _ = await service.pipeline.flush() }
        // One story: all that ever happened to number 2 has its ids, and hangs together.
        let id = try #require(second.identity.messageID as String?)
        let story = sink.records.filter { $0.messageID == id }
        #expect(Set(story.map(\.correlationID)) == [id])
        #expect(story.count { $0.isSend } == 4, "sent, set aside, replayed, set aside")
        #expect(story.count { $0.isProcess } == 4)
        #expect(Flow.split(story).count == 1)
        let replayed = try #require(story.first { $0.isSend && $0.flag(ThroughlineAttribute.replay) == true })
        let firstDead = try #require(
            story.filter { $0.text(MessagingAttribute.destinationName) == deadTopic }.min { $0.start < $1.start })
        #expect(replayed.refersTo(firstDead, .replayOf))
    }

    @Test func `one that cannot be sent does not hold up the rest`() async throws {
        let broker = InMemoryBroker()
        let tracing = MessageTracing()
        for number in 1...10 {
            var message = InMemoryMessage(to: "dead", headers: ["message-id": "m\(number)"], text: "\(number)")
            DeadLetter(reason: .rejected, origin: "orders", group: "billing", attempts: 1).write(into: &message)
            try broker.send(message)
        }
        let letters = DeadLetterBrowser(broker, sendingBy: FlakyProducer(base: broker.producer), tracing: tracing)
        let report = try await letters.replay(try await letters.list("dead"))
        #expect(report.replayed.count == 8)
        #expect(report.failed.map(\.entry.identity.messageID) == ["m5", "m10"])
        #expect(report.failed.allSatisfy { $0.error is FlakyProducer.Refused })
        #expect(broker.messages(in: "orders").count == 8)
    }

    /// The embedded broker has a dead-letter topic of its own; Kafka has none.
    @Test func `the broker's own dead letters tell the whole story too`() async throws {
        let sink = InMemorySink()
        var settings = InMemoryBroker.Configuration()
        settings.topics = TopicOptions(deadLetterTopic: "orders.dead")
        let broker = InMemoryBroker(settings)
        let service = TestService("billing", into: sink)
        _ = try await TracedProducer(broker.producer, tracing: service.tracing).send(
            InMemoryMessage(to: "orders", text: "1"))
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await TracedConsumer(consumer, tracing: service.tracing).run(
                    retrying: RetryPolicy(attempts: 2, backoff: Backoff(first: .milliseconds(1))),
                    deadLetters: .native(of: consumer)
                ) { _ in throw CardDeclined() }
            }
            try await eventually("it is moved") { !broker.messages(in: "orders.dead").isEmpty }
            consumer.close()
            try await tasks.waitForAll()
        }
        let desk = TestService("support", into: sink)
        let letters = DeadLetterBrowser(broker, sendingBy: broker.producer, tracing: desk.tracing)
        let found = try await letters.list("orders.dead")
        #expect(found.map(\.letter.attempts) == [2])
        #expect(found.first?.letter.reason == .attemptsUsedUp)
        #expect(found.first?.letter.exceptionType?.hasSuffix("CardDeclined") == true)
        try await letters.replay(found)
        let restarted = TestService("billing", into: sink)
        let again = try broker.consumer(of: "orders", group: "billing")
        let message = try #require(try await again.receive(atMost: 1)?.first)
        await restarted.tracing.process(message) { _ in }
        for service in [service, desk, restarted] { _ = await service.pipeline.flush() }

        let attempts = sink.records.filter(\.isProcess).sorted { $0.start < $1.start }
        let replay = try #require(sink.records.first { $0.isSend && $0.flag(ThroughlineAttribute.replay) == true })
        #expect(attempts.count == 3)
        #expect(attempts[1].text(ThroughlineAttribute.settlement) == "dead-lettered")
        #expect(replay.refersTo(attempts[1], .replayOf), "the attempt that gave it up")
        #expect(attempts[2].refersTo(attempts[1], .replayOf))
        #expect(attempts[2].refersTo(replay, .creation))
        #expect(Set(sink.records.compactMap(\.messageID)).count == 1)
        #expect(Flow.split(sink.records).count == 1)
    }

    private func consume<Broker: PatternBroker>(
        _ topic: String, _ broker: Broker, _ service: TestService, _ producer: Broker.Producer, _ deadTopic: String,
        until count: Int, _ handle: @escaping @Sendable (Broker.Message) async throws -> Void
    ) async throws {
        let consumer = try await broker.consumer(of: topic, group: "billing")
        let policy = RetryPolicy(attempts: 2, backoff: Backoff(first: .milliseconds(1)))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await TracedConsumer(consumer, tracing: service.tracing).run(
                    retrying: policy, deadLetters: .sent(by: producer, to: { _ in deadTopic }), handle)
            }
            try await eventually("\(count) lie on the dead-letter topic") {
                try await broker.browser.browse(deadTopic, limit: 100).count == count
            }
            try await broker.close(consumer)
            try await tasks.waitForAll()
        }
    }
}
