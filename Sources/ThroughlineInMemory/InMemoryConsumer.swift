public import Throughline

/// One consumer of a group on a topic of the embedded broker.
public struct InMemoryConsumer: DeadLetteringConsumer {
    let topic: Topic
    let group: Int
    let id: UInt64

    /// Waits for messages and returns as many as there are, up to the limit; nil once the consumer or the broker was
    /// closed.
    ///
    /// Whoever receives a message must settle it within the topic's redelivery timeout; else it is handed over again.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits; no message is lost by that.
    public func receive(atMost limit: Int) async throws -> [InMemoryMessage]? {
        try await topic.receive(limit, group: group, consumer: id)
    }

    /// Says what became of a message.
    ///
    /// Acknowledged and skipped messages are done. Requeued ones come again. Rejected and dead-lettered ones go to the
    /// topic's dead-letter topic; without one, rejecting drops them. Deferred ones come again after the redelivery
    /// timeout.
    ///
    /// - Throws: ``InMemoryError/deliveryExpired(topic:group:partition:offset:)``,
    ///   ``InMemoryError/notReceived(topic:)``, ``InMemoryError/noDeadLetterTopic(_:)``
    public func settle(_ message: InMemoryMessage, as settlement: Settlement) async throws {
        guard let delivery = message.delivery else { throw InMemoryError.notReceived(topic: message.destination) }
        try topic.settle(delivery, as: settlement)
    }

    /// Moves a message to the topic's dead-letter topic, with what is said about it in `DeadLetterHeaders`.
    ///
    /// - Throws: As ``settle(_:as:)``.
    public func deadLetter(_ message: InMemoryMessage, as letter: DeadLetter) async throws {
        guard let delivery = message.delivery else { throw InMemoryError.notReceived(topic: message.destination) }
        try topic.settle(delivery, as: .deadLettered, letter: letter)
    }

    /// Receives nothing any more; what it holds can still be settled, and comes to others when it is not.
    public func close() {
        topic.close(consumer: id, of: group)
    }
}
