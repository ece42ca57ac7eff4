/// A producer whose messages carry ids and trace context: ``MessageTracing/publish(_:type:intent:_:)`` around every
/// send of any ``MessageProducer``.
public struct TracedProducer<Base: MessageProducer>: Sendable {
    /// The producer that does the work.
    public let base: Base
    private let tracing: MessageTracing

    /// Wraps a producer.
    public init(_ base: Base, tracing: MessageTracing = MessageTracing()) {
        self.base = base
        self.tracing = tracing
    }

    /// Sends a message and returns when the broker has confirmed it.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - messageType: The type of the message, such as `OrderPlaced`, unless the message says it.
    ///   - intent: What the message is meant to be, unless the message says it.
    ///   - scope: How far an event is meant to go, unless the message says it.
    ///   - schemaVersion: The version of the message type's schema, unless the message says it.
    /// - Throws: What the producer threw.
    @discardableResult
    public func send(
        _ message: Base.Message, type messageType: String? = nil, intent: MessageIntent? = nil,
        scope: EventScope? = nil, schemaVersion: String? = nil
    ) async throws -> Base.Receipt {
        try await tracing.publish(
            message, type: messageType, intent: intent, scope: scope, schemaVersion: schemaVersion
        ) { try await base.send($0) }
    }
}
