import Foundation
import Testing
import Throughline
import ThroughlineInMemory
import ThroughlineKafka
import ThroughlineModel
import ThroughlineTracer

/// What the patterns need of a broker, so that each runs on every one of them.
protocol PatternBroker: Sendable {
    associatedtype Message: ForwardableMessage & Sendable
    associatedtype Producer: MessageProducer where Producer.Message == Message
    associatedtype Consumer: MessageConsumer where Consumer.Message == Message
    associatedtype Browser: MessageBrowser where Browser.Message == Message

    func topic(_ purpose: String) async throws -> String
    func producer() async throws -> Producer
    func consumer(of topic: String, group: String) async throws -> Consumer
    func close(_ consumer: Consumer) async throws
    func message(to topic: String, key: String, _ text: String) -> Message
    func text(of message: Message) -> String
    var browser: Browser { get }
}

/// The brokers that every pattern is tested on.
enum BrokerName: CaseIterable {
    case memory, kafka
}

struct MemoryPatternBroker: PatternBroker {
    let broker = InMemoryBroker()

    func topic(_ purpose: String) async throws -> String { purpose }
    func producer() async throws -> InMemoryProducer { broker.producer }
    func consumer(of topic: String, group: String) async throws -> InMemoryConsumer {
        try broker.consumer(of: topic, group: group)
    }
    func close(_ consumer: InMemoryConsumer) async throws { consumer.close() }
    func message(to topic: String, key: String, _ text: String) -> InMemoryMessage {
        InMemoryMessage(to: topic, key: key, text: text)
    }
    func text(of message: InMemoryMessage) -> String { message.text }
    var browser: InMemoryBroker { broker }
}

struct KafkaPatternBroker: PatternBroker {
    let configuration: KafkaConfiguration

    init() throws {
        let address = try #require(
            ProcessInfo.processInfo.environment["THROUGHLINE_KAFKA"],
            "these tests need a broker: scripts/kafka-broker start, then eval \"$(scripts/kafka-broker env)\"")
        var configuration = KafkaConfiguration(address)
        configuration.sessionTimeout = .seconds(6)
        configuration.commitInterval = .milliseconds(100)
        self.configuration = configuration
    }

    func topic(_ purpose: String) async throws -> String {
        let name = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        try await KafkaAdmin(configuration).createTopic(name)
        return name
    }
    func producer() async throws -> KafkaProducer { try KafkaProducer(configuration) }
    func consumer(of topic: String, group: String) async throws -> KafkaConsumer {
        var configuration = configuration
        configuration.groupID = group + "." + topic
        return try KafkaConsumer(configuration, topics: [topic])
    }
    func close(_ consumer: KafkaConsumer) async throws { try await consumer.close() }
    func message(to topic: String, key: String, _ text: String) -> KafkaMessage {
        KafkaMessage(topic: topic, key: key, value: text)
    }
    func text(of message: KafkaMessage) -> String { String(decoding: message.value ?? [], as: UTF8.self) }
    var browser: KafkaBrowser { KafkaBrowser(configuration) }
}

/// A service with a tracer of its own, whose spans end in a list that several share. Making another one with the same
/// list is what a restart of the process looks like to the broker: nothing is remembered.
struct TestService: Sendable {
    let sink: InMemorySink
    let pipeline: SpanPipeline
    let tracing: MessageTracing

    init(_ name: String, into sink: InMemorySink, now: (@Sendable () -> Timestamp)? = nil) {
        self.sink = sink
        pipeline = SpanPipeline(sink: sink)
        var configuration = MessageTracing.Configuration()
        configuration.tracer = RecordingTracer(
            pipeline: pipeline, resource: Resource(attributes: ["service.name": .string(name)]))
        if let now { configuration.now = now }
        tracing = MessageTracing(configuration)
    }
}

extension SpanRecord {
    func text(_ name: String) -> String? { attributes[name]?.stringValue }
    func integer(_ name: String) -> Int64? { attributes[name]?.intValue }
    func flag(_ name: String) -> Bool? { attributes[name]?.boolValue }
    var messageID: String? { text(MessagingAttribute.messageID) }
    var correlationID: String? { text(MessagingAttribute.conversationID) }
    var isProcess: Bool { text(MessagingAttribute.operationType) == "process" }
    var isSend: Bool { text(MessagingAttribute.operationType) == "send" }

    /// The context that a link of the type refers to.
    func link(_ type: LinkType) -> SpanContext? {
        links.first { $0.attributes[ThroughlineAttribute.linkType]?.stringValue == type.rawValue }?.context
    }

    func refersTo(_ other: SpanRecord, _ type: LinkType) -> Bool {
        guard let context = link(type) else { return false }
        return context.spanID == other.spanID && context.traceID == other.traceID
    }
}

/// Waits until something has come about; fails the test when it has not after a minute.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never came about: \(what)", sourceLocation: sourceLocation)
            throw NeverCameAbout()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct NeverCameAbout: Error {}
