public import Throughline
public import ThroughlineInMemory

/// The order process on the embedded broker.
public struct MemoryBroker: OrderBroker {
    private let broker = InMemoryBroker()

    /// A broker of its own, without messages.
    public init() {}

    public func createTopics(_ names: [String]) async throws {
        for name in names { try broker.createTopic(name) }
    }

    public func producer() async throws -> InMemoryProducer { broker.producer }

    public func consumer(of topic: String, group: String) async throws -> InMemoryConsumer {
        try broker.consumer(of: topic, group: group)
    }

    public func message(to topic: String, key: String, body: [UInt8]) -> InMemoryMessage {
        InMemoryMessage(to: topic, key: key, body: body)
    }

    public func body(of message: InMemoryMessage) -> [UInt8] { message.body }

    public func closeConsumers() async { broker.close() }

    public func close() async { broker.close() }
}
