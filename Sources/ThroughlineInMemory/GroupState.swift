import DequeModule
import Throughline
import ThroughlineModel

/// What one consumer group of a topic has read, holds and waits for.
///
/// Consumers of a group compete: each message goes to one of them. Messages with the same key are handed over in the
/// order in which they were sent: several together in one batch, and the next only when all of those are settled.
struct GroupState {
    struct Position: Hashable {
        let partition: Int
        let offset: Int64
    }

    struct Waiter {
        let id: UInt64
        let consumer: UInt64
        let limit: Int
        let continuation: CheckedContinuation<[InMemoryMessage]?, any Error>
    }

    /// A key of which a message is held by a consumer; the others stand in line.
    private struct KeyLine {
        var held = 0
        var waiting = Deque<Position>()
        var lastTake: UInt64 = 0
    }

    private enum Ready {
        case message(Position)
        case key(String)
    }

    private struct Held {
        let message: InMemoryMessage
        let token: UInt64
    }

    private struct Deadline {
        let time: Duration
        let position: Position
        let token: UInt64
    }

    private struct Delay {
        let end: Duration
        let position: Position
        let key: String?
    }

    let name: String
    var waiters = Deque<Waiter>()
    /// The consumers that were closed while others of the group go on.
    var closedConsumers: Set<UInt64> = []
    private var cursors: [Int64]
    private var nextPartition = 0
    private var ready = Deque<Ready>()
    private var lines: [String: KeyLine] = [:]
    private var held: [Position: Held] = [:]
    /// How often the messages that will come again were handed over.
    private var attempts: [Position: Int] = [:]
    private var deadlines = Deque<Deadline>()
    private var delayed = Deque<Delay>()
    private var lastToken: UInt64 = 0
    private var takes: UInt64 = 0

    init(name: String, logs: [PartitionLog], position: TopicPosition) {
        self.name = name
        cursors = logs.map { $0.offset(of: position) }
    }

    /// How many messages are kept that this group has not settled.
    func backlog(_ logs: [PartitionLog]) -> Int {
        let unread = zip(logs, cursors).reduce(0) { $0 + Int($1.0.end - max($1.1, $1.0.start)) }
        let inLine = lines.values.reduce(0) { $0 + $1.waiting.count }
        let unkeyed = ready.reduce(0) { if case .message = $1 { $0 + 1 } else { $0 } }
        return unread + held.count + inLine + unkeyed + delayed.count
    }

    /// Hands over up to so many messages; those that came back first.
    mutating func take(_ limit: Int, from logs: [PartitionLog], options: TopicOptions, now: Duration)
        -> [InMemoryMessage]
    {
        var taken: [InMemoryMessage] = []
        takes += 1
        func isFull() -> Bool { taken.count >= limit }
        while !isFull(), let next = ready.popFirst() {
            switch next {
            case .message(let position):
                if let message = logs[position.partition][position.offset]?.message {
                    taken.append(hand(message, at: position, now + options.redeliveryTimeout))
                } else {
                    attempts[position] = nil
                }
            case .key(let key):
                while !isFull(), let position = lines[key]?.waiting.popFirst() {
                    guard let message = logs[position.partition][position.offset]?.message else {
                        attempts[position] = nil
                        continue
                    }
                    lines[key]?.held += 1
                    lines[key]?.lastTake = takes
                    taken.append(hand(message, at: position, now + options.redeliveryTimeout))
                }
                if lines[key]?.held == 0 { lines[key] = nil }
            }
        }
        var exhausted = 0
        while !isFull(), exhausted < logs.count {
            let partition = nextPartition
            nextPartition = (partition + 1) % logs.count
            let offset = max(cursors[partition], logs[partition].start)
            guard let message = logs[partition][offset]?.message else {
                exhausted += 1
                continue
            }
            exhausted = 0
            cursors[partition] = offset + 1
            let position = Position(partition: partition, offset: offset)
            if let key = message.key, !takesPart(key, position) { continue }
            taken.append(hand(message, at: position, now + options.redeliveryTimeout))
        }
        return taken
    }

    /// False when a message of the key is held by somebody else, and this one was put in line behind it.
    private mutating func takesPart(_ key: String, _ position: Position) -> Bool {
        guard let isOpen = lines[key].map({ $0.lastTake == takes && $0.waiting.isEmpty }) else {
            lines[key] = KeyLine(held: 1, lastTake: takes)
            return true
        }
        if isOpen {
            lines[key]?.held += 1
        } else {
            lines[key]?.waiting.append(position)
        }
        return isOpen
    }

    private mutating func hand(_ message: InMemoryMessage, at position: Position, _ deadline: Duration)
        -> InMemoryMessage
    {
        lastToken += 1
        var message = message
        let attempt = (attempts[position] ?? 0) + 1
        message.delivery = InMemoryMessage.Delivery(
            group: name, partition: position.partition, offset: position.offset, attempt: attempt, token: lastToken)
        held[position] = Held(message: message, token: lastToken)
        deadlines.append(Deadline(time: deadline, position: position, token: lastToken))
        return message
    }

    /// What has to be done with a message that its group is through with.
    enum Outcome {
        case kept
        case finished
        case failed(InMemoryMessage, DeadLetter.Reason)
    }

    /// Settles a delivery; nil when it is not held any more.
    mutating func settle(
        _ delivery: InMemoryMessage.Delivery, as settlement: Settlement, options: TopicOptions, now: Duration
    ) -> Outcome? {
        let position = Position(partition: delivery.partition, offset: delivery.offset)
        guard let holding = held[position], holding.token == delivery.token else { return nil }
        switch settlement {
        case .deferred:
            return .kept
        case .requeued:
            return comeBack(position, holding.message, after: options.requeueDelay, options: options, now: now)
        case .acknowledged, .skipped:
            finish(position, holding.message)
            return .finished
        case .rejected, .deadLettered:
            finish(position, holding.message)
            return .failed(holding.message, .rejected)
        }
    }

    private mutating func finish(_ position: Position, _ message: InMemoryMessage) {
        held[position] = nil
        attempts[position] = nil
        if let key = message.key { release(key) }
        forgetSettledDeadlines()
    }

    private mutating func comeBack(
        _ position: Position, _ message: InMemoryMessage, after delay: Duration, options: TopicOptions, now: Duration
    ) -> Outcome {
        let attempt = message.delivery?.attempt ?? 1
        if let limit = options.maximumAttempts, attempt >= limit {
            finish(position, message)
            return .failed(message, .attemptsUsedUp)
        }
        held[position] = nil
        attempts[position] = attempt
        forgetSettledDeadlines()
        if delay > .zero {
            delayed.append(Delay(end: now + delay, position: position, key: message.key))
        } else {
            standInLine(position, key: message.key)
        }
        return .kept
    }

    /// Puts a message that came back before all later ones of its key.
    private mutating func standInLine(_ position: Position, key: String?) {
        guard let key else { return ready.append(.message(position)) }
        let index = lines[key]?.waiting.firstIndex { $0.offset > position.offset } ?? lines[key]?.waiting.endIndex
        if let index { lines[key]?.waiting.insert(position, at: index) }
        release(key)
    }

    private mutating func release(_ key: String) {
        lines[key]?.held -= 1
        guard lines[key]?.held == 0 else { return }
        if lines[key]?.waiting.isEmpty == true {
            lines[key] = nil
        } else {
            ready.append(.key(key))
        }
    }

    private mutating func forgetSettledDeadlines() {
        while let first = deadlines.first, held[first.position]?.token != first.token { deadlines.removeFirst() }
        // One slow handler at the front would keep the entries of everything settled since.
        if deadlines.count > 2 * held.count + 1_024 {
            deadlines.removeAll { held[$0.position]?.token != $0.token }
        }
    }

    /// When something has to be done next: the end of a delay or of a consumer's time.
    var nextDue: Duration? {
        switch (deadlines.first?.time, delayed.first?.end) {
        case (let deadline?, let delay?): min(deadline, delay)
        case (let deadline, let delay): deadline ?? delay
        }
    }

    /// Takes back what was held for too long and what has waited long enough; returns what was tried too often.
    mutating func expire(options: TopicOptions, now: Duration) -> [InMemoryMessage] {
        var failed: [InMemoryMessage] = []
        while let first = deadlines.first, first.time <= now {
            deadlines.removeFirst()
            guard let holding = held[first.position], holding.token == first.token else { continue }
            let outcome = comeBack(first.position, holding.message, after: .zero, options: options, now: now)
            if case .failed(let message, _) = outcome { failed.append(message) }
        }
        while let first = delayed.first, first.end <= now {
            delayed.removeFirst()
            standInLine(first.position, key: first.key)
        }
        return failed
    }

    /// Reads on from another position. What is held belongs to nobody any more: settling it fails.
    mutating func seek(to position: TopicPosition, in logs: [PartitionLog]) {
        cursors = logs.map { $0.offset(of: position) }
        ready.removeAll()
        lines.removeAll()
        held.removeAll()
        attempts.removeAll()
        deadlines.removeAll()
        delayed.removeAll()
    }
}
