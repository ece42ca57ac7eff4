public import Throughline

/// What the order process needs of a broker, so that the same services run on any.
public protocol OrderBroker: Sendable {
    associatedtype Producer: MessageProducer where Producer.Message: ForwardableMessage
    associatedtype Consumer: MessageConsumer where Consumer.Message == Producer.Message
    associatedtype Browser: MessageBrowser where Browser.Message == Producer.Message

    /// Makes topics that are not there yet.
    func createTopics(_ names: [String]) async throws
    /// A producer for one service.
    func producer() async throws -> Producer
    /// A consumer for one group of a topic.
    func consumer(of topic: String, group: String) async throws -> Consumer
    /// Looks into topics without consuming.
    var browser: Browser { get }
    /// A message for a topic; messages with the same key keep their order.
    func message(to topic: String, key: String, body: [UInt8]) -> Producer.Message
    /// The body of a message that arrived.
    func body(of message: Producer.Message) -> [UInt8]
    /// Ends all consumers: their loops return once nothing is left.
    func closeConsumers() async
    /// Lets go of everything else.
    func close() async
}
