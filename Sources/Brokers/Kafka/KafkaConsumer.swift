public import Throughline

/// Receives messages of topics as a member of a consumer group, and commits what was settled: at least once.
///
/// A thread of the consumer's own talks to librdkafka; nothing blocks Swift's cooperative threads. It keeps answering
/// the group while handlers are busy, so a slow handler does not cost the partition
/// (`max.poll.interval.ms` does not apply), and a hung one keeps it until the process ends.
///
/// **Commits.** Settling a message does not reach the broker at once: the position up to which *everything* of a
/// partition is settled is committed every ``KafkaConfiguration/commitInterval``, when a partition is taken away, at
/// ``commit()`` and at ``close(within:)``. A message that is never settled holds the position of its partition.
public final class KafkaConsumer: MessageConsumer {
    private let core: ConsumerCore

    /// Joins the group in the background.
    ///
    /// - Parameters:
    ///   - configuration: With a group.
    ///   - topics: The topics; one that starts with `^` is a regular expression.
    public init(_ configuration: KafkaConfiguration, topics: [String]) throws(KafkaError) {
        core = try ConsumerCore.start(configuration, topics: topics)
    }

    deinit {
        core.beginClose(deadline: .now, nil)
    }

    /// Waits for messages and returns at least one and at most `limit` that are there, or nil once the consumer has
    /// been closed. Cancelling loses no message: what was not returned goes to the next receive.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while waiting. ``KafkaError`` for what waiting does not
    ///   heal; brokers that are away for a time are waited for in silence.
    public func receive(atMost limit: Int) async throws -> [KafkaMessage]? {
        try await core.receive(atMost: max(1, limit))
    }

    /// Says what became of a message.
    ///
    /// Kafka knows only positions, so acknowledged, skipped, rejected and dead-lettered all mean: done with. Writing a
    /// dead letter to its topic is the application's part. `requeued` hands the message out again in this process,
    /// next and with its attempt counted, and does not commit past it. A settlement of a message whose partition has
    /// gone to another consumer, or that was settled before, has no effect.
    ///
    /// - Throws: ``KafkaError`` with ``KafkaError/Code/notSupported`` for `deferred`, which Kafka does not have.
    public func settle(_ message: KafkaMessage, as settlement: Settlement) async throws {
        try core.settle(message, as: settlement)
    }

    /// Commits what was settled so far and returns when the broker has it.
    public func commit() async throws {
        try await withCheckedThrowingContinuation { core.commit($0) }
    }

    /// Stops receiving, waits until the messages that were handed out are settled or the deadline has passed, commits,
    /// and leaves the group. Messages that nobody settled are delivered again, to this group's other members or its next.
    ///
    /// - Throws: ``KafkaError`` when the last commit or leaving failed; the consumer is closed all the same.
    public func close(within deadline: Duration = .seconds(5)) async throws {
        try await withCheckedThrowingContinuation { core.beginClose(deadline: .now + deadline, $0) }
    }
}
