import Synchronization
import Throughline

/// Hands out the messages that it was made with, then nothing more; remembers how each was settled.
final class ListConsumer: DeadLetteringConsumer {
    private struct State {
        var waiting: [TestMessage]
        var settled: [Settlement] = []
        var letters: [DeadLetter] = []
    }

    private let state: Mutex<State>

    init(_ messages: [TestMessage]) { state = Mutex(State(waiting: messages)) }

    var settled: [Settlement] { state.withLock { $0.settled } }
    var letters: [DeadLetter] { state.withLock { $0.letters } }

    func receive(atMost limit: Int) async throws -> [TestMessage]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return nil }
            defer { state.waiting.removeFirst(min(limit, state.waiting.count)) }
            return Array(state.waiting.prefix(limit))
        }
    }

    func settle(_ message: TestMessage, as settlement: Settlement) async throws {
        state.withLock { $0.settled.append(settlement) }
    }

    func deadLetter(_ message: TestMessage, as letter: DeadLetter) async throws {
        state.withLock { $0.letters.append(letter) }
    }
}

/// A handler's luck: it fails so many times, then never again.
actor Outcomes {
    private var failuresLeft: Int
    private(set) var calls = 0

    init(failures: Int) { failuresLeft = failures }

    func next() throws {
        calls += 1
        guard failuresLeft > 0 else { return }
        failuresLeft -= 1
        throw HandlerError()
    }
}

/// A clock on which waiting takes no time, and which remembers what it was asked to wait for.
final class JumpingClock: Clock {
    private struct State {
        var now = ContinuousClock.now
        var waits: [Duration] = []
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }
    var waits: [Duration] { state.withLock { $0.waits } }

    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.waits.append(state.now.duration(to: deadline))
            state.now = max(state.now, deadline)
        }
    }
}
