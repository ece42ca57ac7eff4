internal import CRDKafka
internal import Synchronization
internal import Throughline

struct TopicPartition: Hashable {
    let topic: String
    let partition: Int32
}

/// A partition that the group has given to this consumer.
struct AssignedPartition {
    /// The number of this assignment; see ``KafkaMessage/assignment``.
    let assignment: UInt64
    var offsets = OffsetTracker()
    /// Messages that `receive` returned and that nobody has settled.
    var inHands: Set<Int64> = []
    /// The position that the broker was last told, unless it refused.
    var committed: Int64?

    /// The position that the broker is still to be told.
    var uncommitted: Int64? { offsets.position == committed ? nil : offsets.position }
}

/// The state of a consumer: what the tasks of the application see of it. ``ConsumerThread`` does the talking.
final class ConsumerCore: Sendable {
    typealias Reception = CheckedContinuation<[KafkaMessage]?, any Error>
    typealias Completion = CheckedContinuation<Void, any Error>

    struct Receiver {
        let id: UInt64
        let limit: Int
        let reception: Reception
    }

    struct State {
        var partitions: [TopicPartition: AssignedPartition] = [:]
        fileprivate var buffer = MessageBuffer()
        var receivers: [Receiver] = []
        /// An error for the next receiver; a fatal one stays.
        fileprivate var failure: (error: KafkaError, isFatal: Bool)?
        var lastNumber: UInt64 = 0
        var committers: [Completion] = []
        var closeDeadline: ContinuousClock.Instant?
        fileprivate var closers: [Completion] = []
        fileprivate var outcome: Result<Void, any Error>?

        mutating func nextNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }
    }

    let state = Mutex(State())
    let group: String
    private let prefetch: Int

    init(group: String, prefetch: Int) {
        self.group = group
        self.prefetch = max(1, prefetch)
    }

    func receive(atMost limit: Int) async throws -> [KafkaMessage]? {
        try Task.checkCancellation()
        let id = state.withLock { $0.nextNumber() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reception in
                // A cancellation either finds the receiver, or came before it and shows here: the lock orders the two.
                let answer: Result<[KafkaMessage]?, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if let answer = state.answer(atMost: limit) { return answer }
                    state.receivers.append(Receiver(id: id, limit: limit, reception: reception))
                    return nil
                }
                if let answer { reception.resume(with: answer) }
            }
        } onCancel: {
            let receiver = state.withLock { state in
                state.receivers.firstIndex { $0.id == id }.map { state.receivers.remove(at: $0) }
            }
            receiver?.reception.resume(throwing: CancellationError())
        }
    }

    func settle(_ message: KafkaMessage, as settlement: Settlement) throws(KafkaError) {
        guard settlement != .deferred else {
            throw KafkaError(
                .notSupported, "Deferring a message of topic \(message.topic) failed",
                reason: "Kafka keeps no message for later",
                advice: "Requeue it, or send it to a topic for delayed messages and acknowledge it.")
        }
        guard let partition = message.partition, let offset = message.offset else { return }
        let place = TopicPartition(topic: message.topic, partition: partition)
        change { state in
            guard state.partitions[place]?.assignment == message.assignment,
                state.partitions[place]?.inHands.remove(offset) != nil
            else { return }
            if settlement != .requeued {
                state.partitions[place]?.offsets.finish(offset)
            } else if state.closeDeadline == nil {
                var again = message
                again.attempt = (message.attempt ?? 1) + 1
                state.buffer.putBack(again)
            }
        }
    }

    func commit(_ completion: Completion) {
        let isClosed = state.withLock { state in
            guard state.outcome == nil, state.closeDeadline == nil else { return true }
            state.committers.append(completion)
            return false
        }
        if isClosed {
            let reason = "the consumer has been closed"
            completion.resume(throwing: KafkaError(.closed, "Committing failed", reason: reason))
        }
    }

    func beginClose(deadline: ContinuousClock.Instant, _ closer: Completion?) {
        let (outcome, receivers) = state.withLock { state in
            state.closeDeadline = min(deadline, state.closeDeadline ?? deadline)
            // What was not handed out is not settled either, and so is delivered again to whoever comes after.
            state.buffer = MessageBuffer()
            if let closer, state.outcome == nil { state.closers.append(closer) }
            defer { state.receivers = [] }
            return (state.outcome, state.receivers)
        }
        for receiver in receivers { receiver.reception.resume(returning: nil) }
        if let outcome { closer?.resume(with: outcome) }
    }

    /// How many more messages may be kept ready.
    var room: Int {
        state.withLock { $0.closeDeadline == nil ? max(0, prefetch - $0.buffer.count) : 0 }
    }

    /// True when every message that was handed out has been settled.
    var isSettled: Bool {
        state.withLock { $0.partitions.values.allSatisfy(\.inHands.isEmpty) }
    }

    /// Takes messages in, but for those of partitions that were taken away meanwhile.
    func take(_ messages: [KafkaMessage]) {
        change { state in
            guard state.closeDeadline == nil else { return }
            for var message in messages {
                guard let partition = message.partition, let offset = message.offset else { continue }
                let place = TopicPartition(topic: message.topic, partition: partition)
                guard state.partitions[place] != nil else { continue }
                if state.partitions[place]?.offsets.receive(offset) == false {
                    // The log was cut back or the topic made anew: what is known of the old one counts no more.
                    state.partitions[place] = AssignedPartition(assignment: state.nextNumber())
                    _ = state.partitions[place]?.offsets.receive(offset)
                }
                message.assignment = state.partitions[place]?.assignment ?? 0
                state.buffer.append(message)
            }
        }
    }

    func fail(_ error: KafkaError, isFatal: Bool = false) {
        change { state in
            if state.failure?.isFatal != true { state.failure = (error, isFatal) }
        }
    }

    /// Forgets partitions and what is ready of them.
    func lose(_ places: [TopicPartition]) {
        state.withLock { state in
            for place in places { state.partitions[place] = nil }
            let partitions = state.partitions
            state.buffer.removeAll {
                partitions[TopicPartition(topic: $0.topic, partition: $0.partition ?? -1)] == nil
            }
        }
    }

    func finishClose(_ outcome: Result<Void, any Error>) {
        let (closers, committers) = state.withLock { state in
            state.outcome = outcome
            state.partitions = [:]
            defer { (state.closers, state.committers) = ([], []) }
            return (state.closers, state.committers)
        }
        for waiting in closers + committers { waiting.resume(with: outcome) }
    }

    /// Changes the state, then gives the receivers that wait what there is for them.
    private func change(_ body: (inout State) -> Void) {
        let answers = state.withLock { state in
            body(&state)
            var answers: [(Reception, Result<[KafkaMessage]?, any Error>)] = []
            while let next = state.receivers.first, let answer = state.answer(atMost: next.limit) {
                answers.append((next.reception, answer))
                state.receivers.removeFirst()
            }
            return answers
        }
        for (reception, answer) in answers { reception.resume(with: answer) }
    }
}

extension ConsumerCore.State {
    /// What a receiver gets now, or nil when it has to wait.
    fileprivate mutating func answer(atMost limit: Int) -> Result<[KafkaMessage]?, any Error>? {
        if closeDeadline != nil { return .success(nil) }
        if !buffer.isEmpty {
            let messages = buffer.take(atMost: limit)
            for message in messages {
                guard let partition = message.partition, let offset = message.offset else { continue }
                let place = TopicPartition(topic: message.topic, partition: partition)
                if partitions[place]?.assignment == message.assignment { partitions[place]?.inHands.insert(offset) }
            }
            return .success(messages)
        }
        guard let failure else { return nil }
        if !failure.isFatal { self.failure = nil }
        return .failure(failure.error)
    }
}
