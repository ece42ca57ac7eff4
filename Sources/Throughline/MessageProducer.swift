/// The sending half of a broker's client, as thin as it can be: what ``TracedProducer`` wraps.
///
/// Adapters that Throughline ships conform to it. A client that sends in some other way needs no conformance: put
/// ``MessageTracing/publish(_:_:)`` around its call.
public protocol MessageProducer: Sendable {
    associatedtype Message: PublishableMessage & Sendable
    /// What the broker says when it has the message: partition and offset, a sequence number, or nothing.
    associatedtype Receipt: Sendable

    /// Sends one message and returns when the broker has confirmed it.
    func send(_ message: Message) async throws -> Receipt
}

/// The receiving half of a broker's client: what ``TracedConsumer`` wraps.
public protocol MessageConsumer: Sendable {
    associatedtype Message: TraceableMessage & Sendable

    /// Waits for messages and returns at least one and at most `limit`, or nil once the consumer has been closed and
    /// nothing is left. Returns early with what is there rather than waiting for the batch to fill.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while waiting; the client's errors.
    func receive(atMost limit: Int) async throws -> [Message]?

    /// Tells the broker what became of a message that this consumer received.
    func settle(_ message: Message, as settlement: Settlement) async throws
}
