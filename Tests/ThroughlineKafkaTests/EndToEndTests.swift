import Foundation
import Testing
import Throughline
import ThroughlineKafka

@Suite struct EndToEndTests {
    let broker = TestBroker.shared

    @Test func `Twenty thousand messages survive a shutdown in the middle, none lost and none doubled`() async throws {
        let count = 20_000
        let topic = try await broker.topic("shutdown", partitions: 4)
        let configuration = broker.configuration(group: "\(topic)-group")
        // The last quarter waits for the shutdown: handlers are quick enough to get through everything before it is heard.
        let most = 3 * count / 4
        async let sent: Void = send(0..<most, to: topic)

        // Eight handlers finish out of order; the consumer is closed under them and another one goes on.
        let before = try KafkaConsumer(configuration, topics: [topic])
        let handled = Handled(stopAt: count / 2) { try await before.close(within: .seconds(30)) }
        try await within { try await handle(before, handled) }
        try await handled.stop?.value
        let half = await handled.numbers.count
        #expect(half >= count / 2)
        #expect(half < count)
        try await sent
        try await send(most..<count, to: topic)

        let after = try KafkaConsumer(configuration, topics: [topic])
        await handled.goOn(to: count) { try await after.close(within: .seconds(30)) }
        try await within { try await handle(after, handled) }
        try await handled.stop?.value
        let numbers = await handled.numbers
        #expect(numbers.count == count)
        #expect(Set(numbers) == Set(0..<count))
    }

    private func handle(_ consumer: KafkaConsumer, _ handled: Handled) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for handler in 0..<8 {
                group.addTask {
                    while let messages = try await consumer.receive(atMost: 1 + handler * 5) {
                        for message in messages.reversed() {
                            await handled.note(message.number)
                            try await consumer.settle(message, as: .acknowledged)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `The documentation's first example works`() async throws {
        let topic = try await broker.topic("orders")
        let configuration = broker.configuration(group: "\(topic)-billing")
        try await within {
            let producer = try KafkaProducer(configuration)
            let receipt = try await producer.send(KafkaMessage(topic: topic, key: "order-42", value: "paid"))
            #expect(receipt.offset == 0)

            let consumer = try KafkaConsumer(configuration, topics: [topic])
            while let messages = try await consumer.receive(atMost: 10) {
                for message in messages {
                    #expect(message.details.key == "order-42")
                    try await consumer.settle(message, as: .acknowledged)
                }
                try await consumer.close()
            }
            try await producer.close()
        }
    }
}

/// What the handlers have done, and when to stop.
private actor Handled {
    private(set) var numbers: [Int] = []
    private(set) var stop: Task<Void, any Error>?
    private var limit: Int
    private var close: @Sendable () async throws -> Void

    init(stopAt limit: Int, _ close: @escaping @Sendable () async throws -> Void) {
        (self.limit, self.close) = (limit, close)
    }

    func goOn(to limit: Int, _ close: @escaping @Sendable () async throws -> Void) {
        (self.limit, self.close, stop) = (limit, close, nil)
    }

    func note(_ number: Int?) {
        guard let number else { return }
        numbers.append(number)
        if numbers.count >= limit, stop == nil { stop = Task { [close] in try await close() } }
    }
}
