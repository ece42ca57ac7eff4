import Synchronization
public import Throughline
import Tracing

/// A broker inside the process: topics with partitions, competing consumers, redelivery, dead letters and replay.
///
/// Made for tests and for services that are one process: it behaves as a broker does, needs nothing installed, and
/// keeps everything in memory. A hop takes a few microseconds.
///
/// ```swift
/// let broker = InMemoryBroker()
/// let producer = TracedProducer(broker.producer)
/// let consumer = TracedConsumer(try broker.consumer(of: "orders", group: "billing"))
/// ```
public final class InMemoryBroker: Sendable {
    /// Settings of a broker.
    public struct Configuration: Sendable {
        /// The options of topics that are made without any.
        public var topics = TopicOptions()
        /// True makes a topic when it is first sent to or consumed from.
        public var createsTopics = true
        /// The clock that redelivery, delays and retention go by; give tests one that they move by hand.
        public var clock: any Clock<Duration> = ContinuousClock()
        /// The wall clock, for the time at which a message was taken.
        public var now: @Sendable () -> Timestamp = {
            Timestamp(nanosecondsSinceEpoch: DefaultTracerClock.now.nanosecondsSinceEpoch)
        }

        /// The defaults.
        public init() {}
    }

    private struct State {
        var topics: [String: Topic] = [:]
        var isClosed = false
    }

    private let configuration: Configuration
    private let clock: BrokerClock
    private let state = Mutex(State())

    /// A broker without topics.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        clock = BrokerClock(configuration.clock)
    }

    /// Makes a topic. Making it again with the same options changes nothing.
    ///
    /// - Throws: ``InMemoryError/topicExists(_:)`` when it exists with other options, ``InMemoryError/closed``.
    public func createTopic(_ name: String, options: TopicOptions? = nil) throws(InMemoryError) {
        let options = options ?? configuration.topics
        let topic = try makeTopic(name, options)
        if topic.options != options { throw .topicExists(name) }
    }

    /// The names of all topics, sorted.
    public var topics: [String] { state.withLock { $0.topics.keys.sorted() } }

    /// A producer; it may send to any topic, from any task.
    public var producer: InMemoryProducer { InMemoryProducer(broker: self) }

    /// Takes a message: from here on every group of its topic gets it.
    ///
    /// - Throws: ``InMemoryError/unknownTopic(_:)``, ``InMemoryError/closed``.
    @discardableResult
    public func send(_ message: InMemoryMessage) throws(InMemoryError) -> InMemoryReceipt {
        try topic(message.destination).append(message)
    }

    /// A consumer of a topic. All consumers of one group share its messages; each group gets all of them.
    ///
    /// - Parameters:
    ///   - topic: The topic.
    ///   - group: The name of the group.
    ///   - position: Where the group begins to read when it is new; a group that exists goes on where it is.
    /// - Throws: ``InMemoryError/unknownTopic(_:)``, ``InMemoryError/closed``.
    public func consumer(
        of topic: String, group: String, from position: TopicPosition = .beginning
    ) throws(InMemoryError) -> InMemoryConsumer {
        let topic = try self.topic(topic)
        let entry = try topic.join(group, at: position)
        return InMemoryConsumer(topic: topic, group: entry.group, id: entry.consumer)
    }

    /// Replays: the group reads on from the position, and what its consumers hold can no longer be settled.
    ///
    /// - Throws: ``InMemoryError/unknownTopic(_:)``, ``InMemoryError/closed``.
    public func seek(_ topic: String, group: String, to position: TopicPosition) throws(InMemoryError) {
        try self.topic(topic).seek(group, to: position)
    }

    /// How many messages of a topic a group has not settled yet; zero for what does not exist.
    public func backlog(of topic: String, group: String) -> Int {
        existing(topic)?.backlog(of: group) ?? 0
    }

    /// The groups of a topic, sorted; none for a topic that does not exist.
    public func groups(of topic: String) -> [String] { existing(topic)?.groups ?? [] }

    /// What a topic keeps, partition by partition, oldest first, without disturbing any group.
    public func messages(in topic: String) -> [InMemoryMessage] { existing(topic)?.messages ?? [] }

    /// Takes no more messages. Consumers get what is left to receive, then nil.
    public func close() {
        let topics = state.withLock { state in
            state.isClosed = true
            return Array(state.topics.values)
        }
        for topic in topics { topic.close() }
    }

    private func existing(_ name: String) -> Topic? { state.withLock { $0.topics[name] } }

    private func topic(_ name: String) throws(InMemoryError) -> Topic {
        if let topic = existing(name) { return topic }
        guard configuration.createsTopics else { throw .unknownTopic(name) }
        return try makeTopic(name, configuration.topics)
    }

    private func makeTopic(_ name: String, _ options: TopicOptions) throws(InMemoryError) -> Topic {
        let topic = state.withLock { state -> Topic? in
            if let topic = state.topics[name] { return topic }
            guard !state.isClosed else { return nil }
            let topic = Topic(name: name, options: options, clock: clock, wallTime: configuration.now) {
                [weak self] in self?.deadLetter($0, $1, options)
            }
            state.topics[name] = topic
            return topic
        }
        guard let topic else { throw .closed }
        return topic
    }

    /// Moves what a group is through with to the dead-letter topic, made if need be: losing it would be worse.
    private func deadLetter(_ message: InMemoryMessage, _ letter: DeadLetter, _ options: TopicOptions) {
        guard let name = options.deadLetterTopic else { return }
        var dead = message.copy(to: name)
        letter.write(into: &dead)
        // Only a closed broker refuses, and takes everything that it holds with it.
        _ = try? makeTopic(name, configuration.topics).append(dead)
    }
}

extension InMemoryBroker: MessageBrowser {
    /// What a topic keeps, as ``messages(in:)`` has it.
    public func browse(_ destination: String, limit: Int) async throws -> [InMemoryMessage] {
        Array(messages(in: destination).prefix(max(0, limit)))
    }
}

/// Where the embedded broker has put a message.
public struct InMemoryReceipt: Hashable, Sendable {
    /// The partition, counted from 0.
    public let partition: Int
    /// The position in the partition, counted from 0.
    public let offset: Int64
}
