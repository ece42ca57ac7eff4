import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineTracer
import Tracing

/// The code of the guides, word for word. It is compiled; what it does is tested where it is built.
enum GuideSnippets {
    static func publish(_ message: ShopMessage, _ client: ShopClient) async throws {
        let tracing = MessageTracing()

        try await tracing.publish(message, type: "OrderPlaced") { try await client.send($0) }
    }

    static func batch(_ batch: [ShopMessage], _ tracing: MessageTracing) async throws {
        try await tracing.processBatch(batch) { messages in
            for message in messages {
                try await tracing.withMessages([message]) { try await publishInvoice(for: message) }
            }
        }
    }

    static func retry(_ consumer: TracedConsumer<InMemoryConsumer>, _ producer: InMemoryProducer) async throws {
        try await consumer.run(
            concurrently: 4, retrying: RetryPolicy(attempts: 3) { !($0 is DecodingError) },
            deadLetters: .sent(by: producer)
        ) { message in
            try await charge(message)
        }
    }

    static func replay(_ browser: InMemoryBroker, _ producer: InMemoryProducer, _ tracing: MessageTracing) async throws
    {
        let letters = DeadLetterBrowser(browser, sendingBy: producer, tracing: tracing)
        let found = try await letters.list("orders.dead-letters")
        let report = try await letters.replay(found.filter { $0.letter.reason == .attemptsUsedUp })
        _ = report
    }

    static func configure() -> MessageTracing {
        var configuration = MessageTracing.Configuration()
        configuration.writes = .cloudEvents(source: "/orders")
        configuration.metrics = MessagingMetrics()
        configuration.fingerprintLimit = 64 * 1_024
        return MessageTracing(configuration)
    }

    static func capture(_ tracing: MessageTracing, _ store: Shop, _ order: Int, _ payload: String) async throws {
        try await tracing.capture(for: "payments", on: .kafka, type: "PaymentCharged") { context in
            try await store.charge(order, outbox: payload, context: context.columns)
        }
    }

    static func saga(_ cards: Shop, _ order: Int) async throws {
        let saga = Saga("OrderFulfilment", id: "1042")
        try await saga.step("charge card", state: "charged") { try await cards.charge(order) }
        try await saga.compensate("charge card", state: "refunded") { try await cards.refund(order) }
    }

    static func export() {
        struct ConsoleSink: SpanSink {
            func write(_ batch: [SpanRecord]) throws {
                for record in batch where record.end != nil { print(record.traceID.hex, record.name) }
            }
        }

        let pipeline = SpanPipeline(sink: ConsoleSink())
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource(attributes: ["service.name": "billing"]))
        _ = tracer
    }

    private static func publishInvoice(for message: ShopMessage) async throws {}
    private static func charge(_ message: InMemoryMessage) async throws {}
}

struct ShopDelivery: TraceableMessage {
    static let system = MessagingSystem.rabbitmq
    var destination: String
    var headers: [String: String]
    var body: [UInt8]
    static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
}

extension ShopDelivery {
    var envelope: EnvelopeIdentity? { EnvelopeIdentity(contentType: headers["content-type"], body: body) }
}

struct ShopProducer: MessageProducer {
    let client: ShopClient

    func send(_ message: ShopMessage) async throws { try await client.send(message) }
}

struct Shop: Sendable {
    func charge(_ order: Int) async throws {}
    func refund(_ order: Int) async throws {}
    func charge(_ order: Int, outbox payload: String, context: [String: String]) async throws {}
}
