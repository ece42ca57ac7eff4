import Foundation
import Testing
import Throughline
import ThroughlineKafka

@Suite struct ProducerTests {
    let broker = TestBroker.shared

    @Test func `A message comes back as it was sent`() async throws {
        let topic = try await broker.topic("round-trip", partitions: 3)
        let producer = try KafkaProducer(broker.configuration())
        let time = Timestamp(nanosecondsSinceEpoch: 1_790_000_000_123_000_000)
        var message = KafkaMessage(
            topic: topic, key: Array("order-1".utf8), value: Array("body".utf8),
            headers: [
                KafkaHeader("traceparent", "first"), KafkaHeader("nothing", nil as [UInt8]?),
                KafkaHeader("empty", ""), KafkaHeader("bytes", [0, 255, 0]), KafkaHeader("traceparent", "last"),
            ], partition: 2, timestamp: time)
        let receipt = try await producer.send(message)
        #expect(receipt.partition == 2)
        #expect(receipt.offset == 0)
        message.value = nil
        message.headers = []
        #expect(try await producer.send(message).offset == 1)
        message.value = []
        message.key = nil
        #expect(try await producer.send(message).offset == 2)
        try await producer.close()

        let consumer = try KafkaConsumer(broker.configuration(group: "\(topic)-group"), topics: [topic])
        let received = try await receive(3, from: consumer)
        try await consumer.close()
        let first = try #require(received.first)
        #expect(first.text == "body")
        #expect(
            first.headers == [
                KafkaHeader("traceparent", "first"), KafkaHeader("nothing", nil as [UInt8]?),
                KafkaHeader("empty", ""), KafkaHeader("bytes", [0, 255, 0]), KafkaHeader("traceparent", "last"),
            ])
        #expect(KafkaMessage.value(forHeader: "traceparent", in: first.headers) == "last")
        #expect(KafkaMessage.isRepeated(header: "traceparent", in: first.headers))
        let details = first.details
        #expect(details.partition == "2")
        #expect(details.offset == 0)
        #expect(details.key == "order-1")
        #expect(details.consumerGroup == "\(topic)-group")
        #expect(details.enqueuedTime == time)
        #expect(details.bodySize == 4)
        #expect(details.attempt == nil)
        #expect(received.map(\.details.isTombstone) == [false, true, false])
        #expect(received.map(\.value) == [Array("body".utf8), nil, []])
        #expect(received.last?.key == nil)
    }

    @Test func `Setting a header replaces every one of its name`() {
        var headers = [KafkaHeader("a", "1"), KafkaHeader("b", nil as [UInt8]?), KafkaHeader("a", "2")]
        KafkaMessage.setValue("3", forHeader: "a", in: &headers)
        #expect(headers == [KafkaHeader("b", nil as [UInt8]?), KafkaHeader("a", "3")])
        let none: String? = nil
        KafkaMessage.setValue(none, forHeader: "a", in: &headers)
        #expect(headers.map(\.name) == ["b"])
        #expect(KafkaMessage.value(forHeader: "b", in: headers) == nil)
    }

    @Test func `Twenty thousand concurrent sends each get their own offset, through too small a queue`() async throws {
        let topic = try await broker.topic("offsets")
        var configuration = broker.configuration()
        configuration.additional["queue.buffering.max.messages"] = "500"
        let producer = try KafkaProducer(configuration)
        let offsets = try await within {
            try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<20_000 {
                    group.addTask { try await producer.send(KafkaMessage(topic: topic, value: String(number))).offset }
                }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
        }
        #expect(offsets == Set(0..<20_000))
        try await producer.close()
    }

    @Test func `Closing without a reachable broker ends in time and fails every message`() async throws {
        let producer = try KafkaProducer(unreachable())
        let sends = (0..<20).map { number in
            Task { try await producer.send(KafkaMessage(topic: "nowhere", value: String(number))) }
        }
        #expect(try await within { await Self.flushFailure(producer) }.code == .timedOut)
        let close = try await within(.seconds(20)) {
            await #expect(throws: KafkaError.self) { try await producer.close(within: .milliseconds(300)) }
        }
        #expect(close?.code == .timedOut)
        for send in sends {
            let error = await #expect(throws: KafkaError.self) { try await send.value }
            #expect([.abandonedInQueue, .closed].contains(error?.code))
        }
        let late = await #expect(throws: KafkaError.self) {
            try await producer.send(KafkaMessage(topic: "nowhere", value: "late"))
        }
        #expect(late?.code == .closed)
        await #expect(throws: KafkaError.self) { try await producer.close() }
    }

    @Test func `A message that finds no broker fails after its delivery timeout`() async throws {
        var configuration = unreachable()
        configuration.deliveryTimeout = .milliseconds(300)
        let producer = try KafkaProducer(configuration)
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(KafkaMessage(topic: "nowhere", value: "lost"))
        }
        #expect(error?.code == .messageTimedOut)
        #expect(error?.description.contains("nowhere") == true)
        try await producer.close()
    }

    @Test func `Waiting for room can be cancelled, and nothing was sent then`() async throws {
        var configuration = unreachable()
        configuration.additional["queue.buffering.max.messages"] = "1"
        let producer = try KafkaProducer(configuration)
        let first = Task { try await producer.send(KafkaMessage(topic: "nowhere", value: "fills the queue")) }
        let others = (0..<10).map { _ in
            Task { try await producer.send(KafkaMessage(topic: "nowhere", value: "finds no room")) }
        }
        _ = try await within { await Self.flushFailure(producer) }
        for other in others { other.cancel() }
        first.cancel()
        // Whoever was handed over before the cancellation stays for the truth; all others end as cancelled.
        var cancelled = 0
        async let closed: Void? = try? producer.close(within: .milliseconds(200))
        for task in others + [first] {
            switch await task.result {
            case .failure(is CancellationError): cancelled += 1
            case .failure(is KafkaError): break
            default: Issue.record("a message was confirmed by nobody")
            }
        }
        #expect(cancelled >= 10)
        await closed
    }

    /// Flushes until there is something to flush, in vain: then a message has been handed over.
    private static func flushFailure(_ producer: KafkaProducer) async -> KafkaError {
        while true {
            do {
                try await producer.flush(within: .milliseconds(50))
            } catch {
                if let error = error as? KafkaError { return error }
            }
        }
    }

    private func unreachable() -> KafkaConfiguration {
        // Port 9 discards, where it is open at all.
        var configuration = KafkaConfiguration("127.0.0.1:9")
        configuration.additional["log_level"] = "0"
        configuration.deliveryTimeout = .seconds(600)
        return configuration
    }
}
