import Foundation
import Testing
import Throughline
import ThroughlineKafka

@Suite struct ConsumerTests {
    let broker = TestBroker.shared

    @Test func `Two groups each get every message`() async throws {
        let topic = try await broker.topic("fan-out", partitions: 2)
        try await send(0..<50, to: topic)
        let billing = try KafkaConsumer(broker.configuration(group: "\(topic)-billing"), topics: [topic])
        let shipping = try KafkaConsumer(broker.configuration(group: "\(topic)-shipping"), topics: [topic])
        async let billed = receive(50, from: billing)
        async let shipped = receive(50, from: shipping)
        #expect(try await Set(billed.compactMap(\.number)) == Set(0..<50))
        #expect(try await Set(shipped.compactMap(\.number)) == Set(0..<50))
        #expect(try await billed.allSatisfy { $0.details.consumerGroup == "\(topic)-billing" })
        try await billing.close()
        try await shipping.close()
    }

    @Test func `Consumers of one group share the partitions, and who stays takes over from who leaves`() async throws {
        let topic = try await broker.topic("competing", partitions: 4)
        let configuration = broker.configuration(group: "\(topic)-group")
        let first = try KafkaConsumer(configuration, topics: [topic])
        let second = try KafkaConsumer(configuration, topics: [topic])

        // Until both have received something, one round of messages after the other, one for each partition.
        let seen = Tally()
        try await within {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (name, consumer) in [("first", first), ("second", second)] {
                    group.addTask {
                        while let messages = try await consumer.receive(atMost: 10) {
                            for message in messages {
                                await seen.note(message, by: name)
                                try await consumer.settle(message, as: .acknowledged)
                            }
                        }
                    }
                }
                var round = 0
                while await !seen.isSharedAlready {
                    for partition in 0..<4 { try await send(round..<round + 1, to: topic, partition: Int32(partition)) }
                    round += 1
                    try await Task.sleep(for: .milliseconds(100))
                }
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
            }
        }

        try await first.close()
        try await send(1_000..<1_040, to: topic)
        let taken = try await within {
            var numbers: Set<Int> = []
            while !numbers.isSuperset(of: 1_000..<1_040), let messages = try await second.receive(atMost: 10) {
                numbers.formUnion(messages.compactMap(\.number))
                for message in messages { try await second.settle(message, as: .acknowledged) }
            }
            return numbers
        }
        #expect(taken.isSuperset(of: 1_000..<1_040))
        try await second.close()
    }

    @Test func `A group that comes back goes on after what was settled`() async throws {
        let topic = try await broker.topic("resume")
        try await sendInOrder(0..<10, to: topic)
        let configuration = broker.configuration(group: "\(topic)-group")
        let before = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await receive(4, from: before).compactMap(\.number) == [0, 1, 2, 3])
        try await before.close()

        let after = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await receive(6, from: after).compactMap(\.number) == [4, 5, 6, 7, 8, 9])
        try await after.close()
    }

    @Test func `Only what is settled without a gap is committed`() async throws {
        let topic = try await broker.topic("out-of-order")
        try await sendInOrder(0..<6, to: topic)
        let configuration = broker.configuration(group: "\(topic)-group")
        let before = try KafkaConsumer(configuration, topics: [topic])
        let messages = try await receive(6, from: before, settling: false)
        // 2 is never settled: 3 and 5 were done in vain, 0 and 1 were not.
        for (index, settlement) in [(5, Settlement.skipped), (1, .rejected), (3, .acknowledged), (0, .deadLettered)] {
            try await before.settle(messages[index], as: settlement)
        }
        try await before.commit()
        try await before.close(within: .zero)

        let after = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await receive(4, from: after).compactMap(\.number) == [2, 3, 4, 5])
        try await after.close()
    }

    @Test func `A requeued message comes next, with its attempt counted, and is not committed past`() async throws {
        let topic = try await broker.topic("requeue")
        try await sendInOrder(0..<3, to: topic)
        let configuration = broker.configuration(group: "\(topic)-group")
        let before = try KafkaConsumer(configuration, topics: [topic])
        let first = try #require(try await receive(1, from: before, settling: false).first)
        #expect(first.details.attempt == nil)
        try await before.settle(first, as: .requeued)
        let again = try #require(try await receive(1, from: before, settling: false).first)
        #expect(again.number == 0)
        #expect(again.details.attempt == 2)
        // A second settlement of the first delivery has no effect: the message is in its second.
        try await before.settle(again, as: .requeued)
        try await before.settle(again, as: .acknowledged)
        let third = try #require(try await receive(1, from: before, settling: false).first)
        #expect(third.details.attempt == 3)
        #expect(try await receive(2, from: before).compactMap(\.number) == [1, 2])
        try await before.settle(third, as: .requeued)
        try await before.close(within: .zero)

        let after = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await receive(3, from: after).compactMap(\.number) == [0, 1, 2])
        try await after.close()
    }

    @Test func `Cancelling a receive that waits loses no message`() async throws {
        let topic = try await broker.topic("cancel")
        let consumer = try KafkaConsumer(broker.configuration(group: "\(topic)-group"), topics: [topic])
        let waiting = Task { try await consumer.receive(atMost: 10) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }

        // Cancelled while messages arrive: each one is either returned or still there.
        async let sent: Void = send(0..<200, to: topic)
        var numbers: [Int] = []
        while numbers.count < 200 {
            let reception = Task { try await consumer.receive(atMost: 7) }
            let canceller = Task { reception.cancel() }
            if let messages = try? await reception.value {
                numbers += messages.compactMap(\.number)
                for message in messages { try await consumer.settle(message, as: .acknowledged) }
            }
            await canceller.value
        }
        try await sent
        #expect(numbers.sorted() == Array(0..<200))
        try await consumer.close()
    }

    @Test func `Closing ends a receive that waits, and every later one`() async throws {
        let topic = try await broker.topic("close")
        let consumer = try KafkaConsumer(broker.configuration(group: "\(topic)-group"), topics: [topic])
        async let waiting = consumer.receive(atMost: 1)
        try await consumer.close()
        #expect(try await waiting == nil)
        #expect(try await consumer.receive(atMost: 1) == nil)
        await #expect(throws: KafkaError.self) { try await consumer.commit() }
    }

    @Test func `Closing waits for messages in hand, so that they are not handled twice`() async throws {
        let topic = try await broker.topic("drain")
        try await sendInOrder(0..<1, to: topic)
        let configuration = broker.configuration(group: "\(topic)-group")
        let before = try KafkaConsumer(configuration, topics: [topic])
        let message = try #require(try await receive(1, from: before, settling: false).first)
        async let closed: Void = before.close(within: .seconds(60))
        // Nil says that closing has begun; the handler finishes only now.
        #expect(try await before.receive(atMost: 1) == nil)
        try await before.settle(message, as: .acknowledged)
        try await closed
        try await sendInOrder(1..<2, to: topic)

        let after = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await receive(1, from: after).compactMap(\.number) == [1])
        try await after.close()
    }

    @Test func `A settlement that comes after the partition was taken away does not count`() async throws {
        let topic = try await broker.topic("revoked", partitions: 2)
        for partition in 0..<2 { try await send(partition..<partition + 1, to: topic, partition: Int32(partition)) }
        let configuration = broker.configuration(group: "\(topic)-group")
        let first = try KafkaConsumer(configuration, topics: [topic])
        let inHands = try await receive(2, from: first, settling: false)
        #expect(Set(inHands.compactMap(\.number)) == [0, 1])

        // Joining takes a partition from the first, whose unsettled message comes again.
        let second = try KafkaConsumer(configuration, topics: [topic])
        _ = try await receive(1, from: second, settling: false)
        for message in inHands { try await first.settle(message, as: .acknowledged) }
        try await first.close(within: .zero)
        try await second.close(within: .zero)

        let third = try KafkaConsumer(configuration, topics: [topic])
        #expect(try await Set(receive(2, from: third).compactMap(\.number)) == [0, 1])
        try await third.close()
    }

    @Test func `Closing ends although the broker has gone`() async throws {
        let cluster = try #require(MockCluster())
        #expect(cluster.createTopic("orders", partitions: 1))
        let producer = try KafkaProducer(TestBroker.configuration(cluster.bootstrapServers))
        _ = try await producer.send(KafkaMessage(topic: "orders", value: "1"))
        var configuration = TestBroker.configuration(cluster.bootstrapServers, group: "billing")
        configuration.commitInterval = .seconds(3_600)
        configuration.additional["log_level"] = "0"
        let consumer = try KafkaConsumer(configuration, topics: ["orders"])
        _ = try await receive(1, from: consumer)
        cluster.goDown()
        let error = try await within(.seconds(60)) {
            await #expect(throws: KafkaError.self) { try await consumer.close(within: .zero) }
        }
        #expect(error?.description.contains("billing") == true)
        try? await producer.close(within: .zero)
    }

    @Test func `What Kafka cannot do is refused with advice`() async throws {
        let topic = try await broker.topic("refuse")
        try await sendInOrder(0..<1, to: topic)
        var configuration = broker.configuration(group: "\(topic)-group")
        let consumer = try KafkaConsumer(configuration, topics: [topic])
        let message = try #require(try await receive(1, from: consumer, settling: false).first)
        let refusal = await #expect(throws: KafkaError.self) { try await consumer.settle(message, as: .deferred) }
        #expect(refusal?.code == .notSupported)
        try await consumer.settle(message, as: .acknowledged)
        try await consumer.close()

        configuration.additional["enable.auto.commit"] = "true"
        #expect(throws: KafkaError.self) { try KafkaConsumer(configuration, topics: [topic]) }
        #expect(throws: KafkaError.self) { try KafkaConsumer(broker.configuration(), topics: [topic]) }
        configuration.additional = ["no.such.setting": "1"]
        let unknown = #expect(throws: KafkaError.self) { try KafkaConsumer(configuration, topics: [topic]) }
        #expect(unknown?.description.contains("no.such.setting") == true)
    }
}

/// Who received what.
private actor Tally {
    private var partitions: [String: Set<Int32>] = [:]

    func note(_ message: KafkaMessage, by name: String) {
        if let partition = message.partition { partitions[name, default: []].insert(partition) }
    }

    /// Both have received from two partitions at least.
    var isSharedAlready: Bool {
        (partitions["first"]?.count ?? 0) >= 2 && (partitions["second"]?.count ?? 0) >= 2
    }
}
