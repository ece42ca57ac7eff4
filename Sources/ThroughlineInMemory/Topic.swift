import Synchronization
import Throughline
import ThroughlineModel

/// One topic: its partitions and its groups behind one lock, which is never held while anything is awaited.
final class Topic: Sendable {
    private struct State {
        var logs: [PartitionLog]
        /// In an array, because going through a dictionary while changing its values copies it.
        var groups: [GroupState] = []
        var indices: [String: Int] = [:]
        var nextPartition = 0
        var lastID: UInt64 = 0
        var isClosed = false
        /// When the timer that is under way ends; nil when there is none.
        var timerEnd: Duration?

        mutating func add(_ group: String, at position: TopicPosition) {
            indices[group] = groups.count
            groups.append(GroupState(name: group, logs: logs, position: position))
        }
    }

    /// A consumer that waited, and what it gets.
    private struct Wakeup {
        let continuation: CheckedContinuation<[InMemoryMessage]?, any Error>
        let messages: [InMemoryMessage]?
    }

    let name: String
    let options: TopicOptions
    private let clock: BrokerClock
    private let wallTime: @Sendable () -> Timestamp
    private let deadLetter: @Sendable (InMemoryMessage, DeadLetter) -> Void
    private let state: Mutex<State>

    init(
        name: String, options: TopicOptions, clock: BrokerClock, wallTime: @escaping @Sendable () -> Timestamp,
        deadLetter: @escaping @Sendable (InMemoryMessage, DeadLetter) -> Void
    ) {
        self.name = name
        self.options = options
        self.clock = clock
        self.wallTime = wallTime
        self.deadLetter = deadLetter
        state = Mutex(State(logs: Array(repeating: PartitionLog(), count: options.partitions)))
    }

    func append(_ message: InMemoryMessage) throws(InMemoryError) -> InMemoryReceipt {
        let time = wallTime()
        let now = clock.now()
        let result = state.withLock { state -> (InMemoryReceipt, [Wakeup])? in
            guard !state.isClosed else { return nil }
            let partition = Self.partition(of: message.key, &state)
            var stored = message
            stored.destination = name
            stored.delivery = nil
            stored.enqueuedTime = time
            let offset = state.logs[partition].append(stored, at: now)
            state.logs[partition].expire(options, now: now)
            return (InMemoryReceipt(partition: partition, offset: offset), wake(&state, now))
        }
        guard let (receipt, wakeups) = result else { throw .closed }
        resume(wakeups)
        return receipt
    }

    /// FNV-1a, because Swift's own hashes differ from run to run.
    private static func partition(of key: String?, _ state: inout State) -> Int {
        guard state.logs.count > 1 else { return 0 }
        guard let key else {
            state.nextPartition = (state.nextPartition + 1) % state.logs.count
            return state.nextPartition
        }
        let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int((hash ^ hash >> 32) % UInt64(state.logs.count))
    }

    /// Enters a consumer into a group, which is made when it is not there yet.
    func join(_ group: String, at position: TopicPosition) throws(InMemoryError) -> (group: Int, consumer: UInt64) {
        let entry = state.withLock { state -> (Int, UInt64)? in
            guard !state.isClosed else { return nil }
            if state.indices[group] == nil { state.add(group, at: position) }
            state.lastID += 1
            return state.indices[group].map { ($0, state.lastID) }
        }
        guard let entry else { throw .closed }
        return entry
    }

    func receive(_ limit: Int, group: Int, consumer: UInt64) async throws -> [InMemoryMessage]? {
        try Task.checkCancellation()
        let limit = max(1, limit)
        let (waiter, taken) = state.withLock { state -> (UInt64, [InMemoryMessage]) in
            state.lastID += 1
            guard state.groups[group].waiters.isEmpty, !state.groups[group].closedConsumers.contains(consumer) else {
                return (state.lastID, [])
            }
            let now = clock.now()
            let taken = state.groups[group].take(limit, from: state.logs, options: options, now: now)
            if !taken.isEmpty { startTimer(&state, now) }
            return (state.lastID, taken)
        }
        return taken.isEmpty ? try await wait(waiter, limit, group, consumer) : taken
    }

    private func wait(_ id: UInt64, _ limit: Int, _ group: Int, _ consumer: UInt64) async throws -> [InMemoryMessage]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let wakeups = state.withLock { state -> [Wakeup]? in
                    // The task is marked as cancelled before its handler runs, so a cancellation is seen here or there.
                    if Task.isCancelled { return nil }
                    if state.groups[group].closedConsumers.contains(consumer) {
                        return [Wakeup(continuation: continuation, messages: nil)]
                    }
                    state.groups[group].waiters.append(
                        .init(id: id, consumer: consumer, limit: limit, continuation: continuation))
                    return wake(&state, clock.now())
                }
                if let wakeups {
                    resume(wakeups)
                } else {
                    continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<[InMemoryMessage]?, any Error>? in
                guard let index = state.groups[group].waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.groups[group].waiters.remove(at: index).continuation
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    func settle(
        _ delivery: InMemoryMessage.Delivery, as settlement: Settlement, letter: DeadLetter? = nil
    ) throws(InMemoryError) {
        if settlement == .deadLettered, options.deadLetterTopic == nil { throw .noDeadLetterTopic(name) }
        let now = clock.now()
        let result = state.withLock { state -> (GroupState.Outcome, [Wakeup])? in
            guard
                let index = state.indices[delivery.group],
                let outcome = state.groups[index].settle(delivery, as: settlement, options: options, now: now)
            else { return nil }
            return (outcome, wake(&state, now))
        }
        guard let (outcome, wakeups) = result else {
            throw .deliveryExpired(
                topic: name, group: delivery.group, partition: delivery.partition, offset: delivery.offset)
        }
        if case .failed(let message, let reason) = outcome {
            if let letter { deadLetter(message, letter) } else { moveAway(message, reason) }
        }
        resume(wakeups)
    }

    private func moveAway(_ message: InMemoryMessage, _ reason: DeadLetter.Reason) {
        let earlier = DeadLetter(message)
        let now = wallTime()
        deadLetter(
            message,
            DeadLetter(
                reason: reason, origin: name, group: message.delivery?.group, attempts: message.delivery?.attempt ?? 1,
                firstFailure: earlier?.firstFailure ?? now, lastFailure: now, replays: earlier?.replays ?? 0))
    }

    func close(consumer: UInt64, of group: Int) {
        let wakeups = state.withLock { state in
            state.groups[group].closedConsumers.insert(consumer)
            let leaving = state.groups[group].waiters.filter { $0.consumer == consumer }
            state.groups[group].waiters.removeAll { $0.consumer == consumer }
            return leaving.map { Wakeup(continuation: $0.continuation, messages: nil) }
        }
        resume(wakeups)
    }

    /// Refuses new messages and wakes whoever waits.
    func close() {
        resume(
            state.withLock { state in
                state.isClosed = true
                return wake(&state, clock.now())
            })
    }

    func seek(_ group: String, to position: TopicPosition) {
        resume(
            state.withLock { state in
                if let index = state.indices[group] {
                    state.groups[index].seek(to: position, in: state.logs)
                } else {
                    state.add(group, at: position)
                }
                return wake(&state, clock.now())
            })
    }

    func backlog(of group: String) -> Int {
        state.withLock { state in state.indices[group].map { state.groups[$0].backlog(state.logs) } ?? 0 }
    }

    var messages: [InMemoryMessage] {
        let now = clock.now()
        return state.withLock { state in
            for index in state.logs.indices { state.logs[index].expire(options, now: now) }
            return state.logs.flatMap(\.messages)
        }
    }

    var groups: [String] { state.withLock { $0.indices.keys.sorted() } }

    /// Gives every group's waiting consumers what there is for them.
    private func wake(_ state: inout State, _ now: Duration) -> [Wakeup] {
        var wakeups: [Wakeup] = []
        if options.retention != nil {
            for index in state.logs.indices { state.logs[index].expire(options, now: now) }
        }
        for index in state.groups.indices where !state.groups[index].waiters.isEmpty {
            wake(&state.groups[index], state.logs, isClosed: state.isClosed, now, &wakeups)
        }
        startTimer(&state, now)
        return wakeups
    }

    private func wake(
        _ group: inout GroupState, _ logs: [PartitionLog], isClosed: Bool, _ now: Duration, _ wakeups: inout [Wakeup]
    ) {
        while let waiter = group.waiters.first {
            let taken = group.take(waiter.limit, from: logs, options: options, now: now)
            if taken.isEmpty, !isClosed { return }
            wakeups.append(Wakeup(continuation: waiter.continuation, messages: taken.isEmpty ? nil : taken))
            group.waiters.removeFirst()
        }
    }

    private func resume(_ wakeups: [Wakeup]) {
        for wakeup in wakeups { wakeup.continuation.resume(returning: wakeup.messages) }
    }

    /// One timer at a time sleeps until the earliest deadline that was known when it started; it looks again then.
    private func startTimer(_ state: inout State, _ now: Duration) {
        guard let due = state.groups.lazy.compactMap(\.nextDue).min() else { return }
        if let end = state.timerEnd, end <= due { return }
        state.timerEnd = due
        Task { [weak self, clock] in
            try await clock.sleep(due - now)
            self?.timerEnded(due)
        }
    }

    private func timerEnded(_ end: Duration) {
        let now = clock.now()
        var failed: [InMemoryMessage] = []
        let wakeups = state.withLock { state in
            if state.timerEnd == end { state.timerEnd = nil }
            for index in state.groups.indices {
                failed += state.groups[index].expire(options: options, now: now)
            }
            return wake(&state, now)
        }
        for message in failed { moveAway(message, .attemptsUsedUp) }
        resume(wakeups)
    }
}
