import ThroughlineModel
import Tracing

/// Where a consumer puts the messages that it gives up.
public struct DeadLetterQueue<Message: TraceableMessage & Sendable>: Sendable {
    enum Way {
        /// The broker moves what is settled as dead-lettered.
        case settled
        /// The broker moves it, and keeps what it is told about it.
        case told(@Sendable (Message, DeadLetter) async throws -> Void)
        /// It is sent to a destination like any other.
        case sent(@Sendable (Message, DeadLetter, MessageTracing, MessageTracing.Delivery) async throws -> Void)
    }

    let way: Way

    /// The broker's own: the message is settled as dead-lettered, and the broker moves it. What happened is on the spans,
    /// and whatever the broker knows of it on the message.
    public static var native: DeadLetterQueue { DeadLetterQueue(way: .settled) }

    /// The broker's own, for a consumer that can tell it why: origin, reason, attempts and failure stay with the message.
    public static func native<Consumer: DeadLetteringConsumer>(of consumer: Consumer) -> DeadLetterQueue
    where Consumer.Message == Message {
        DeadLetterQueue(way: .told { try await consumer.deadLetter($0, as: $1) })
    }

    /// A destination of its own, for brokers that have no dead letters: the message is sent there with its ids, what
    /// happened in its headers, and acknowledged when the broker has confirmed it.
    ///
    /// - Parameters:
    ///   - producer: Sends it.
    ///   - destination: Gives the destination for an origin; `.dead-letters` behind the origin's name by default.
    public static func sent<Producer: MessageProducer>(
        by producer: Producer, to destination: @escaping @Sendable (String) -> String = { $0 + ".dead-letters" }
    ) -> DeadLetterQueue where Producer.Message == Message, Message: ForwardableMessage {
        DeadLetterQueue(
            way: .sent { message, letter, tracing, delivery in
                try await tracing.setAside(message, as: letter, at: destination(message.destination), delivery) {
                    _ = try await producer.send($0)
                }
            })
    }
}

/// A consumer of a broker that has dead letters of its own and lets the reason be told.
public protocol DeadLetteringConsumer: MessageConsumer {
    /// Gives a message up for good: the broker moves it to its dead-letter queue, and keeps what is said about it, as
    /// headers (``DeadLetter/write(into:)``) or in its own way (``TraceableMessage/nativeDeadLetter``).
    func deadLetter(_ message: Message, as letter: DeadLetter) async throws
}

extension MessageTracing {
    /// Sends a message that was given up to a dead-letter destination, as part of the attempt that failed last.
    func setAside<Message: ForwardableMessage>(
        _ message: Message, as letter: DeadLetter, at destination: String, _ delivery: Delivery,
        _ send: (Message) async throws -> Void
    ) async throws {
        var original = HeaderReading(message)
        let identity = identity(ofIncoming: &original, trusted: configuration.policy.trustsHeaders)
        var copy = message.copy(to: destination)
        letter.write(into: &copy)
        let outgoing = prepare(
            copy, HeaderReading(copy), identity, in: delivery.context, links: [(delivery.span.context, .deadLetterOf)],
            describing: { $0.set(letter) })
        try await outgoing.operation.run { try await send(outgoing.message) }
    }
}
