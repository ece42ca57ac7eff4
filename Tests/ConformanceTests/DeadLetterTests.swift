import Foundation
import Synchronization
import Testing
import Throughline
import ThroughlineFlow
import ThroughlineModel
import ThroughlineTracer

/// Retries, dead letters and replays as one story.
@Suite struct DeadLetterTests {
    struct CardDeclined: Error {}
    struct Malformed: Error {}

    @Test(arguments: BrokerName.allCases)
    func `a message is retried, set aside, replayed after a restart, and is one story`(_ name: BrokerName) async throws
    {
        switch name {
        case .memory: try await wholeStory(MemoryPatternBroker())
        case .kafka: try await wholeStory(KafkaPatternBroker())
        }
    }

    private func wholeStory(_ broker: some PatternBroker) async throws {
        let sink = InMemorySink()
        let orders = TestService("orders", into: sink)
        let topic = try await broker.topic("orders")
        let deadTopic = try await broker.topic("orders.dead")
        let producer = try await broker.producer()
        _ = try await TracedProducer(producer, tracing: orders.tracing).send(
            broker.message(to: topic, key: "1042", "order"), type: "OrderPlaced", intent: .event)

        // Two groups; billing gives up after three attempts.
        let billing = TestService("billing", into: sink)
        try await handle(
            topic, group: "billing", broker, billing, producer, deadTopic,
            until: {
                try await !broker.browser.browse(deadTopic, limit: 10).isEmpty
            }
        ) { _ in throw CardDeclined() }
        let mailed = Mutex(0)
        try await handle(
            topic, group: "mail", broker, TestService("mail", into: sink), producer, deadTopic,
            until: {
                mailed.withLock { $0 } == 1
            }
        ) { _ in mailed.withLock { $0 += 1 } }

        let letters = try await broker.browser.browse(deadTopic, limit: 10)
        let letter = try #require(letters.first)
        let reading = try #require(DeadLetter(letter))
        #expect(letters.count == 1)
        #expect(reading.reason == .attemptsUsedUp)
        #expect(reading.exceptionType?.hasSuffix("CardDeclined") == true)
        #expect(reading.origin == topic)
        #expect(reading.attempts == 3)
        #expect(broker.text(of: letter) == "order")

        // A restart later, somebody replays it; billing is well again, and mail must not mail twice.
        let desk = TestService("support", into: sink)
        _ = try await desk.tracing.replay(letter) { try await producer.send($0) }
        let charged = Mutex(0)
        try await handle(
            topic, group: "billing", broker, TestService("billing", into: sink), producer, deadTopic,
            until: { charged.withLock { $0 } == 1 }
        ) { _ in charged.withLock { $0 += 1 } }
        let skipping = TestService("mail", into: sink)
        try await handle(
            topic, group: "mail", broker, skipping, producer, deadTopic,
            until: {
                _ = await skipping.pipeline.flush()
                return sink.records.contains { $0.text(ThroughlineAttribute.settlement) == "skipped" }
            }
        ) { _ in mailed.withLock { $0 += 1 } }
        #expect(mailed.withLock { $0 } == 1)
        for service in [orders, billing, desk] { _ = await service.pipeline.flush() }
        try check(sink.records, topic, deadTopic)
    }

    private func check(_ records: [SpanRecord], _ topic: String, _ deadTopic: String) throws {
        let sent = try #require(records.first { $0.isSend && $0.text(MessagingAttribute.destinationName) == topic })
        let attempts = records.filter {
            $0.isProcess && ($0.text(MessagingAttribute.consumerGroup) ?? "").hasPrefix("billing")
                && $0.flag(ThroughlineAttribute.replay) == nil
        }.sorted { $0.start < $1.start }
        let dead = try #require(records.first { $0.isSend && $0.text(MessagingAttribute.destinationName) == deadTopic })
        let replay = try #require(records.first { $0.isSend && $0.flag(ThroughlineAttribute.replay) == true })
        let again = try #require(records.first { $0.isProcess && $0.flag(ThroughlineAttribute.replay) == true })

        #expect(attempts.map { $0.integer(ThroughlineAttribute.attempt) } == [1, 2, 3])
        #expect(attempts.dropFirst().indices.allSatisfy { attempts[$0].refersTo(attempts[$0 - 1], .retryOf) })
        #expect(attempts.allSatisfy { $0.refersTo(sent, .creation) })
        #expect(attempts.last?.text(ThroughlineAttribute.settlement) == "dead-lettered")
        #expect(attempts.last?.text(ThroughlineAttribute.deadLetterReason) == "attempts-used-up")
        #expect(dead.refersTo(try #require(attempts.last), .deadLetterOf))
        #expect(dead.parentID == attempts.last?.spanID)
        #expect(replay.refersTo(dead, .replayOf))
        #expect(replay.traceID != sent.traceID)
        #expect(again.refersTo(dead, .replayOf))
        #expect(again.refersTo(replay, .creation))
        #expect(again.integer(ThroughlineAttribute.attempt) == 4)
        #expect(again.integer(ThroughlineAttribute.replayCount) == 1)
        #expect(Set([sent, dead, replay, again].map(\.messageID)).count == 1)
        #expect(Set(records.compactMap(\.correlationID)) == [sent.messageID])

        let flows = Flow.split(records)
        #expect(flows.count == 1)
        #expect(flows.first?.deadLetterCount == 1)
        #expect(flows.first?.deadLettersReplayed == true)
    }

    @Test(arguments: BrokerName.allCases)
    func `a replay that fails again keeps its first failure and counts on`(_ name: BrokerName) async throws {
        switch name {
        case .memory: try await failsAgain(MemoryPatternBroker())
        case .kafka: try await failsAgain(KafkaPatternBroker())
        }
    }

    private func failsAgain(_ broker: some PatternBroker) async throws {
        let sink = InMemorySink()
        let topic = try await broker.topic("orders")
        let deadTopic = try await broker.topic("orders.dead")
        let producer = try await broker.producer()
        let service = TestService("billing", into: sink)
        _ = try await TracedProducer(producer, tracing: service.tracing).send(broker.message(to: topic, key: "1", "x"))
        for round in 1...2 {
            try await handle(
                topic, group: "billing", broker, TestService("billing", into: sink), producer, deadTopic,
                until: { try await broker.browser.browse(deadTopic, limit: 10).count == round }
            ) { _ in throw CardDeclined() }
            if round == 1 {
                let letter = try #require(try await broker.browser.browse(deadTopic, limit: 1).first)
                _ = try await service.tracing.replay(letter) { try await producer.send($0) }
            }
        }
        let letters = try await broker.browser.browse(deadTopic, limit: 10).compactMap { DeadLetter($0) }
        #expect(letters.map(\.attempts) == [3, 6])
        #expect(letters.map(\.replays) == [0, 1])
        #expect(letters[0].firstFailure == letters[1].firstFailure)
        #expect(try #require(letters[1].lastFailure) >= (try #require(letters[0].lastFailure)))
        _ = await service.pipeline.flush()
        #expect(Set(sink.records.compactMap(\.messageID)).count == 1)
        #expect(Flow.split(sink.records).count == 1)
    }

    @Test(arguments: BrokerName.allCases)
    func `what is not worth retrying is set aside at once`(_ name: BrokerName) async throws {
        switch name {
        case .memory: try await atOnce(MemoryPatternBroker())
        case .kafka: try await atOnce(KafkaPatternBroker())
        }
    }

    private func atOnce(_ broker: some PatternBroker) async throws {
        let topic = try await broker.topic("orders")
        let deadTopic = try await broker.topic("orders.dead")
        let producer = try await broker.producer()
        let service = TestService("billing", into: InMemorySink())
        _ = try await TracedProducer(producer, tracing: service.tracing).send(broker.message(to: topic, key: "1", "x"))
        try await handle(
            topic, group: "billing", broker, service, producer, deadTopic,
            until: {
                try await !broker.browser.browse(deadTopic, limit: 1).isEmpty
            }
        ) { _ in throw Malformed() }
        let letter = try #require(try await broker.browser.browse(deadTopic, limit: 1).first)
        #expect(DeadLetter(letter)?.reason == .notRetryable)
        #expect(DeadLetter(letter)?.attempts == 1)
    }

    /// Runs a consumer that makes three attempts until a condition holds, and closes it.
    private func handle<Broker: PatternBroker>(
        _ topic: String, group: String, _ broker: Broker, _ service: TestService, _ producer: Broker.Producer,
        _ deadTopic: String, until isDone: () async throws -> Bool,
        _ handle: @escaping @Sendable (Broker.Message) async throws -> Void
    ) async throws {
        let consumer = try await broker.consumer(of: topic, group: group)
        let policy = RetryPolicy(attempts: 3, backoff: Backoff(first: .milliseconds(1))) { !($0 is Malformed) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await TracedConsumer(consumer, tracing: service.tracing).run(
                    retrying: policy, deadLetters: .sent(by: producer, to: { _ in deadTopic }), handle)
            }
            try await eventually("the consumer is done", isDone)
            try await broker.close(consumer)
            try await tasks.waitForAll()
        }
        _ = await service.pipeline.flush()
    }
}
