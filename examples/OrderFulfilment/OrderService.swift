import Foundation
import Throughline
import ThroughlineTracer
import Tracing

/// One service of the order process: its name, its own tracer, and the broker.
///
/// This is all that an application does to be traced: it wraps its producer and its consumers.
struct OrderService<Broker: OrderBroker>: Sendable {
    typealias Message = Broker.Producer.Message

    let name: String
    let broker: Broker
    let tracing: MessageTracing
    private let tracer: RecordingTracer
    let producer: TracedProducer<Broker.Producer>

    init(_ name: String, broker: Broker, tracer: RecordingTracer) async throws {
        self.name = name
        self.broker = broker
        self.tracer = tracer
        var configuration = MessageTracing.Configuration()
        configuration.tracer = tracer
        tracing = MessageTracing(configuration)
        producer = TracedProducer(try await broker.producer(), tracing: tracing)
    }

    func emit(_ event: Event, _ order: Order) async throws {
        let body = Array(try JSONEncoder().encode(order))
        let message = broker.message(to: event.topic, key: "\(order.id)", body: body)
        try await producer.send(message, type: event.rawValue, intent: event.intent)
    }

    /// Calls something outside, in a span that says for which order; `throughline flow order.id=1042` finds it.
    func call(_ name: String, for order: Order, _ body: () async throws -> Void) async throws {
        try await tracer.withSpan(name, ofKind: .client) { span in
            span.attributes["order.id"] = order.id
            try await body()
        }
    }

    /// Stores an order together with the message that announces it, which somebody else sends.
    func place(_ order: Order, in database: OrderDatabase<Broker>) async throws {
        let event = Event.orderPlaced
        try await tracing.capture(for: event.topic, on: Message.system, type: event.rawValue, intent: event.intent) {
            try await database.place(order, announcing: event, $0)
        }
    }

    /// As ``handle(_:group:_:)``, but tries three times in a row and then sets the message aside.
    func handleOrSetAside(
        _ topic: String, _ handler: @escaping @Sendable (Order) async throws -> Void
    ) async throws {
        let consumer = TracedConsumer(try await broker.consumer(of: topic, group: name), tracing: tracing)
        let policy = RetryPolicy(attempts: 3, backoff: Backoff(first: .milliseconds(20), factor: 2))
        try await consumer.run(concurrently: 4, retrying: policy, deadLetters: .sent(by: producer.base)) { message in
            try await handler(try order(of: message))
        }
    }

    /// Handles the messages of a topic until the broker closes.
    func handle(
        _ topic: String, group: String? = nil,
        _ handler: @escaping @Sendable (Event?, Order, Message) async throws -> Void
    ) async throws {
        let consumer = TracedConsumer(
            try await broker.consumer(of: topic, group: group ?? name), tracing: tracing, onFailure: .retry(upTo: 4))
        try await consumer.run(concurrently: 4) { message in
            try await handler(event(of: message), try order(of: message), message)
        }
    }

    func order(of message: Message) throws -> Order {
        try JSONDecoder().decode(Order.self, from: Data(broker.body(of: message)))
    }

    func event(of message: Message) -> Event? {
        Message.value(forHeader: PlainHeaders.messageType, in: message.headers).flatMap(Event.init)
    }
}
