import Throughline
public import ThroughlineInMemory

/// The order process on the embedded broker.
public struct MemoryBroker: OrderBroker {
    private let broker = InMemoryBroker()

    /// A broker of its own, without messages.
    public init() {}

    /// Makes the topics of the order process.
    public func createTopics(_ names: [String]) async throws {
        for name in names { try broker.createTopic(name) }
    }

    /// A producer for one service.
    public func producer() async throws -> InMemoryProducer { broker.producer }

    /// One consumer of a group.
    public func consumer(of topic: String, group: String) async throws -> InMemoryConsumer {
        try broker.consumer(of: topic, group: group)
    }

    /// A message of this broker.
    public var browser: InMemoryBroker { broker }

    public func message(to topic: String, key: String, body: [UInt8]) -> InMemoryMessage {
        InMemoryMessage(to: topic, key: key, body: body)
    }

    /// The body of a message.
    public func body(of message: InMemoryMessage) -> [UInt8] { message.body }

    /// Ends every consumer; the embedded broker closes as a whole.
    public func closeConsumers() async { broker.close() }

    /// Closes the broker; doing so twice is harmless.
    public func close() async { broker.close() }
}
