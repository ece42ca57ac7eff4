import Testing
import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineTracer
import Tracing

/// A message of some shop's own client.
struct ShopMessage: Sendable {
    var queue: String
    var headers: [String: String] = [:]
    var body = ""
}

extension ShopMessage: PublishableMessage {
    static var system: MessagingSystem { .rabbitmq }
    var destination: String { queue }

    static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
    static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: String]) {
        headers[name] = value
    }
}

/// A client that a shop could have: it sends one message, to itself.
struct ShopClient: Sendable {
    let messages: AsyncStream<ShopMessage>
    private let continuation: AsyncStream<ShopMessage>.Continuation

    init() { (messages, continuation) = AsyncStream.makeStream() }

    func send(_ message: ShopMessage) async throws {
        continuation.yield(message)
        continuation.finish()
    }
}

/// The code about wrapping, of the README and the front page of Throughline, word for word.
@Suite struct WrapSnippets {
    @Test func `two verbs around a client of any kind`() async throws {
        let client = ShopClient()
        let sink = InMemorySink()
        let pipeline = SpanPipeline(sink: sink)
        var configuration = MessageTracing.Configuration()
        configuration.tracer = RecordingTracer(
            pipeline: pipeline, resource: Resource(attributes: ["service.name": "shop"]))
        let tracing = MessageTracing(configuration)
        let message = ShopMessage(queue: "orders")

        try await tracing.publish(message, type: "OrderPlaced") { try await client.send($0) }

        for try await message in client.messages {
            try await tracing.process(message) { message in try await handle(message) }
        }

        await pipeline.shutdown()
        #expect(sink.records.map(\.name) == ["send orders", "process orders"])
        #expect(Set(sink.records.map { $0.attributes[MessagingAttribute.messageID]?.stringValue }).count == 1)
    }

    @Test func `a whole client wrapped`() async throws {
        let broker = InMemoryBroker()
        let kafkaProducer = broker.producer
        let kafkaConsumer = try broker.consumer(of: "orders", group: "mail")
        let tracing = MessageTracing()
        try broker.send(InMemoryMessage(to: "orders", headers: ["message-id": "m1"]))

        let ended = Task {
            let producer = TracedProducer(kafkaProducer, tracing: tracing)
            let consumer = TracedConsumer(kafkaConsumer, tracing: tracing, onFailure: .retry(upTo: 3))

            try await consumer.run(concurrently: 4) { message in
                try await producer.send(confirmation(of: message), type: "SendConfirmationEmail", intent: .command)
            }
        }
        while broker.messages(in: "mail").isEmpty { await Task.yield() }
        broker.close()
        try await ended.value
        #expect(broker.messages(in: "mail").first?.headers["causation-id"] == "m1")
    }

    private func handle(_ message: ShopMessage) async throws {}
}

private func confirmation(of message: InMemoryMessage) -> InMemoryMessage { InMemoryMessage(to: "mail") }
