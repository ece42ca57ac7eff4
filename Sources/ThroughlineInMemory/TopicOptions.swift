public import ThroughlineModel

/// How a topic of the embedded broker behaves.
public struct TopicOptions: Hashable, Sendable {
    /// How many partitions the topic has, at least one.
    public var partitions: Int
    /// How long a consumer may hold a message before it is handed over again.
    public var redeliveryTimeout: Duration
    /// How long a requeued message waits before it is handed over again.
    public var requeueDelay: Duration
    /// After so many deliveries to one group, a message that comes back is dead-lettered, or dropped when there is no
    /// dead-letter topic. Nil for no end.
    public var maximumAttempts: Int?
    /// Where rejected messages go, with key, body and headers as they were, and what happened in `DeadLetterHeaders`. Nil
    /// drops them.
    public var deadLetterTopic: String?
    /// How many messages each partition keeps; the oldest go first, delivered or not. Nil keeps all.
    public var retainedMessages: Int?
    /// How long messages are kept. Nil keeps them for good.
    public var retention: Duration?

    /// The defaults, but for what is given.
    public init(
        partitions: Int = 1, redeliveryTimeout: Duration = .seconds(30), requeueDelay: Duration = .zero,
        maximumAttempts: Int? = nil, deadLetterTopic: String? = nil, retainedMessages: Int? = nil,
        retention: Duration? = nil
    ) {
        self.partitions = max(1, partitions)
        self.redeliveryTimeout = redeliveryTimeout
        self.requeueDelay = requeueDelay
        self.maximumAttempts = maximumAttempts
        self.deadLetterTopic = deadLetterTopic
        self.retainedMessages = retainedMessages
        self.retention = retention
    }
}

/// A position in a topic, to start reading from.
public enum TopicPosition: Hashable, Sendable {
    /// The oldest message that is kept.
    case beginning
    /// Only what is sent from now on.
    case end
    /// The same offset in every partition, counted from 0; what is no longer kept is left out.
    case offset(Int64)
    /// The first message of each partition that the broker took at this moment or later.
    case time(Timestamp)
}
