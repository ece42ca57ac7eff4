import ThroughlineModel
import Tracing

/// Where a consumer puts the messages that it gives up.
public struct DeadLetterQueue<Message: TraceableMessage & Sendable>: Sendable {
    typealias Send = @Sendable (Message, DeadLetter, MessageTracing, MessageTracing.Delivery) async throws -> Void

    /// Nil when the broker moves them itself.
    let send: Send?

    /// The broker's own: the message is settled as dead-lettered, and the broker moves it.
    public static var native: DeadLetterQueue { DeadLetterQueue(send: nil) }

    /// A destination of its own, for brokers that have no dead letters: the message is sent there with its ids, what
    /// happened in its headers, and acknowledged when the broker has confirmed it.
    ///
    /// - Parameters:
    ///   - producer: Sends it.
    ///   - destination: Gives the destination for an origin; `.dead-letters` behind the origin's name by default.
    public static func sent<Producer: MessageProducer>(
        by producer: Producer, to destination: @escaping @Sendable (String) -> String = { $0 + ".dead-letters" }
    ) -> DeadLetterQueue where Producer.Message == Message, Message: ForwardableMessage {
        DeadLetterQueue { message, letter, tracing, delivery in
            try await tracing.setAside(message, as: letter, at: destination(message.destination), delivery) {
                _ = try await producer.send($0)
            }
        }
    }
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
        for name in [ReplayHeaders.of, ReplayHeaders.group, ReplayHeaders.attempts] {
            Message.setValue(nil, forHeader: name, in: &copy.headers)
        }
        try await transmit(
            copy, HeaderReading(copy), identity, in: delivery.context, links: [(delivery.span.context, .deadLetterOf)],
            describing: { $0.set(letter) }, send)
    }
}
