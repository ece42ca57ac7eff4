import Testing
import Throughline
import ThroughlineInMemory

@Suite struct DeliveryTests {
    @Test func `every group gets every message, in order`() async throws {
        let broker = InMemoryBroker()
        let billing = try broker.consumer(of: "orders", group: "billing")
        let shipping = try broker.consumer(of: "orders", group: "shipping")
        for number in 1...5 { try broker.send(InMemoryMessage(to: "orders", text: "\(number)")) }
        #expect(try await drain(billing, of: broker, "orders", "billing").map(\.text) == ["1", "2", "3", "4", "5"])
        #expect(try await drain(shipping, of: broker, "orders", "shipping").map(\.text) == ["1", "2", "3", "4", "5"])
    }

    @Test func `consumers of one group share its messages`() async throws {
        let broker = InMemoryBroker()
        let first = try broker.consumer(of: "orders", group: "billing")
        let second = try broker.consumer(of: "orders", group: "billing")
        for number in 1...4 { try broker.send(InMemoryMessage(to: "orders", text: "\(number)")) }
        let one = try #require(try await first.receive(atMost: 2))
        let two = try #require(try await second.receive(atMost: 10))
        #expect(one.map(\.text) == ["1", "2"])
        #expect(two.map(\.text) == ["3", "4"])
    }

    @Test func `a consumer that waits gets what is sent, headers, key, body and position as they were`() async throws {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        async let received = consumer.receive(atMost: 10)
        try broker.send(InMemoryMessage(to: "orders", key: "7", headers: ["a": "b"], text: "paid"))
        let message = try #require(try await received?.first)
        #expect(message.headers == ["a": "b"])
        #expect(message.key == "7")
        #expect(message.text == "paid")
        #expect(message.details.consumerGroup == "billing")
        #expect(message.details.partition == "0")
        #expect(message.details.offset == 0)
        #expect(message.details.attempt == 1)
        #expect(message.details.enqueuedTime != nil)
    }

    @Test func `messages with one key keep their order among competing consumers`() async throws {
        let broker = InMemoryBroker()
        try broker.createTopic("orders", options: TopicOptions(partitions: 4))
        let first = try broker.consumer(of: "orders", group: "billing")
        let second = try broker.consumer(of: "orders", group: "billing")
        for number in 1...3 { try broker.send(InMemoryMessage(to: "orders", key: "7", text: "\(number)")) }
        try broker.send(InMemoryMessage(to: "orders", key: "8", text: "other"))
        let one = try #require(try await first.receive(atMost: 1)?.first)
        let two = try #require(try await second.receive(atMost: 10))
        #expect([one.text] + two.map(\.text) == ["1", "other"] || [one.text] + two.map(\.text) == ["other", "1"])
        let held = one.text == "1" ? (first, one) : (second, try #require(two.first))
        try await held.0.settle(held.1, as: .requeued)
        let again = try #require(try await second.receive(atMost: 10))
        #expect(again.map(\.text) == ["1", "2", "3"])
        #expect(again.map { $0.delivery?.attempt } == [2, 1, 1])
    }

    @Test func `a key always goes to the same partition, and keys spread over all`() async throws {
        let broker = InMemoryBroker()
        try broker.createTopic("orders", options: TopicOptions(partitions: 4))
        var partitions: [String: Set<Int>] = [:]
        for number in 0..<400 {
            let key = "\(number % 100)"
            partitions[key, default: []].insert(try broker.send(InMemoryMessage(to: "orders", key: key)).partition)
        }
        #expect(partitions.values.allSatisfy { $0.count == 1 })
        #expect(Set(partitions.values.flatMap { $0 }) == [0, 1, 2, 3])
    }

    @Test func `a new group begins where it says`() async throws {
        let broker = InMemoryBroker()
        try broker.send(InMemoryMessage(to: "orders", text: "old"))
        let late = try broker.consumer(of: "orders", group: "late", from: .end)
        try broker.send(InMemoryMessage(to: "orders", text: "new"))
        #expect(try await late.receive(atMost: 10)?.map(\.text) == ["new"])
    }

    @Test func `closing ends consumers once nothing is left, and refuses new messages`() async throws {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        let other = try broker.consumer(of: "orders", group: "other")
        async let waiting = other.receive(atMost: 1)
        try broker.send(InMemoryMessage(to: "orders", text: "1"))
        #expect(try await waiting?.count == 1)
        broker.close()
        let last = try #require(try await consumer.receive(atMost: 10)?.first)
        #expect(try await consumer.receive(atMost: 10) == nil)
        try await consumer.settle(last, as: .acknowledged)
        #expect(throws: InMemoryError.closed) { try broker.send(InMemoryMessage(to: "orders")) }
        #expect(throws: InMemoryError.closed) { try broker.consumer(of: "new", group: "billing") }
    }

    @Test func `a closed consumer gets nil, and the others its messages`() async throws {
        let broker = InMemoryBroker()
        let leaving = try broker.consumer(of: "orders", group: "billing")
        let staying = try broker.consumer(of: "orders", group: "billing")
        async let waiting = leaving.receive(atMost: 1)
        leaving.close()
        #expect(try await waiting == nil)
        try broker.send(InMemoryMessage(to: "orders", text: "1"))
        #expect(try await leaving.receive(atMost: 1) == nil)
        #expect(try await staying.receive(atMost: 1)?.map(\.text) == ["1"])
    }

    @Test func `what is kept can be read without disturbing a group`() async throws {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        try broker.send(InMemoryMessage(to: "orders", text: "1"))
        _ = try await drain(consumer, of: broker, "orders", "billing")
        #expect(broker.messages(in: "orders").map(\.text) == ["1"])
        #expect(broker.topics == ["orders"])
        #expect(broker.groups(of: "orders") == ["billing"])
    }

    @Test func `topics are made on request only, when the broker is told so`() throws {
        var configuration = InMemoryBroker.Configuration()
        configuration.createsTopics = false
        let broker = InMemoryBroker(configuration)
        #expect(throws: InMemoryError.unknownTopic("orders")) { try broker.send(InMemoryMessage(to: "orders")) }
        try broker.createTopic("orders", options: TopicOptions(partitions: 2))
        try broker.createTopic("orders", options: TopicOptions(partitions: 2))
        #expect(throws: InMemoryError.topicExists("orders")) {
            try broker.createTopic("orders", options: TopicOptions(partitions: 3))
        }
        try broker.send(InMemoryMessage(to: "orders"))
    }

    @Test func `cancelling receivers at any moment loses no message`() async throws {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        let count = 2_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<count {
                    try broker.send(InMemoryMessage(to: "orders", text: "\(number)"))
                    if number.isMultiple(of: 10) { await Task.yield() }
                }
            }
            group.addTask {
                for round in 0..<2_000 {
                    let receiver = Task {
                        for message in try await consumer.receive(atMost: 3) ?? [] {
                            try await consumer.settle(message, as: .requeued)
                        }
                    }
                    if round.isMultiple(of: 2) { await Task.yield() }
                    receiver.cancel()
                    _ = await receiver.result
                }
            }
            try await group.waitForAll()
        }
        #expect(broker.backlog(of: "orders", group: "billing") == count)
        let all = try await drain(consumer, of: broker, "orders", "billing")
        #expect(Set(all.map(\.text)).count == count)
        #expect(all.count == count)
    }

    @Test func `100,000 messages reach three groups exactly once each, every key in order`() async throws {
        let broker = InMemoryBroker()
        try broker.createTopic("orders", options: TopicOptions(partitions: 4))
        let count = 100_000
        let groups = ["billing", "shipping", "analytics"]
        let seen = try await withThrowingTaskGroup(of: [Int].self, returning: [[Int]].self) { tasks in
            for group in groups {
                for _ in 0..<2 {
                    let consumer = try broker.consumer(of: "orders", group: group)
                    tasks.addTask {
                        var numbers: [Int] = []
                        while let messages = try await consumer.receive(atMost: 64) {
                            for message in messages {
                                numbers.append(try #require(Int(message.text)))
                                try await consumer.settle(message, as: .acknowledged)
                            }
                        }
                        return numbers
                    }
                }
            }
            for number in 0..<count {
                try broker.send(InMemoryMessage(to: "orders", key: "\(number % 1_000)", text: "\(number)"))
            }
            try await eventually("all groups are through") {
                groups.allSatisfy { broker.backlog(of: "orders", group: $0) == 0 }
            }
            broker.close()
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(seen.joined().count == 3 * count)
        var times = [Int](repeating: 0, count: count)
        for number in seen.joined() { times[number] += 1 }
        #expect(times.allSatisfy { $0 == 3 })
        for numbers in seen {
            var last: [Int: Int] = [:]
            #expect(
                numbers.allSatisfy { number in
                    defer { last[number % 1_000] = number }
                    return last[number % 1_000].map { $0 < number } ?? true
                })
        }
    }
}
