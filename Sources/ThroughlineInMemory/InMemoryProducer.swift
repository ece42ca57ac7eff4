public import Throughline

/// Sends messages to the embedded broker.
public struct InMemoryProducer: MessageProducer {
    let broker: InMemoryBroker

    /// Sends one message; the broker has it when this returns.
    ///
    /// - Throws: ``InMemoryError``
    @discardableResult
    public func send(_ message: InMemoryMessage) async throws -> InMemoryReceipt {
        try broker.send(message)
    }
}
