import Throughline
public import ThroughlineInMemory

/// The order process on the embedded broker.
public struct MemoryBroker: OrderBroker {
    private let broker = InMemoryBroker()

    /// A broker of its own, without messages.
    public init() {}

    /// Makes topics that are not there yet.
    public func createTopics(_ names: [String]) async throws {
        for name in names { try broker.createTopic(name) }
    }

    /// A producer for one service.
    public func producer() async throws -> InMemoryProducer { broker.producer }

    /// A consumer for one group of a topic.
    public func consumer(of topic: String, group: String) async throws -> InMemoryConsumer {
        try broker.consumer(of: topic, group: group)
    }

    /// Looks into topics without consuming.
    public var browser: InMemoryBroker { broker }

    /// A message for a topic; messages with the same key keep their order.
    public func message(to topic: String, key: String, body: [UInt8]) -> InMemoryMessage {
        InMemoryMessage(to: topic, key: key, body: body)
    }

    /// The body of a message that arrived.
    public func body(of message: InMemoryMessage) -> [UInt8] { message.body }

    /// Ends all consumers: their loops return once nothing is left.
    public func closeConsumers() async { broker.close() }

    /// Lets go of everything else; nothing is left here.
    public func close() async {}
}
