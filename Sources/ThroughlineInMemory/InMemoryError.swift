/// What the embedded broker refuses to do.
public enum InMemoryError: Error, Hashable, CustomStringConvertible {
    /// The broker was closed.
    case closed
    /// The topic does not exist, and the broker was told not to make topics by itself.
    case unknownTopic(String)
    /// The topic exists with other options.
    case topicExists(String)
    /// The message was never received, so it cannot be settled.
    case notReceived(topic: String)
    /// The delivery is no longer this consumer's: it was settled before, or it timed out and the message was handed
    /// over again.
    case deliveryExpired(topic: String, group: String, partition: Int, offset: Int64)
    /// The message should go to a dead-letter topic, and its topic names none.
    case noDeadLetterTopic(String)

    /// What happened, to what, and what to do.
    public var description: String {
        switch self {
        case .closed:
            "the in-memory broker is closed"
        case .unknownTopic(let topic):
            "there is no topic '\(topic)'; make it with createTopic(_:options:)"
        case .topicExists(let topic):
            "the topic '\(topic)' exists already, with other options"
        case .notReceived(let topic):
            "a message to '\(topic)' that was not received cannot be settled"
        case .deliveryExpired(let topic, let group, let partition, let offset):
            "the delivery of \(topic)[\(partition)]@\(offset) to group '\(group)' was settled before or has timed out; "
                + "raise TopicOptions.redeliveryTimeout when handlers need longer"
        case .noDeadLetterTopic(let topic):
            "the topic '\(topic)' has no dead-letter topic; name one in TopicOptions.deadLetterTopic"
        }
    }
}
