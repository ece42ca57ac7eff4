import Synchronization
import Tracing

/// Remembers the spans of attempts that failed, so that the next attempt at the same delivery can link to them. A
/// broker that redelivers cannot carry that in the headers.
///
/// Bounded: the oldest failure goes first. A delivery whose failure was forgotten, or happened in another process, is
/// processed without the link and keeps the broker's attempt number.
final class AttemptMemory: Sendable {
    struct Key: Hashable {
        let messageID: String
        let destination: String
        let consumerGroup: String?
    }

    struct Attempt {
        let number: Int
        let context: ServiceContext
    }

    let ignoredHeaders = Atomic(0)
    let omittedHeaders = Atomic(0)
    /// The number of entries, readable without the lock: no failure pending is the common case.
    private let count = Atomic(0)
    private let state = Mutex(State())
    private let capacity: Int

    private struct State {
        var attempts: [Key: Attempt] = [:]
        var order: [Key] = []
    }

    init(capacity: Int = 4096) {
        self.capacity = capacity
    }

    func attempt(for key: @autoclosure () -> Key) -> Attempt? {
        guard count.load(ordering: .relaxed) > 0 else { return nil }
        let key = key()
        return state.withLock { $0.attempts[key] }
    }

    func failed(_ key: Key, number: Int, context: ServiceContext) {
        state.withLock { state in
            if state.attempts.updateValue(Attempt(number: number, context: context), forKey: key) == nil {
                state.order.append(key)
            }
            if state.attempts.count > capacity {
                let oldest = state.order.prefix(capacity / 4)
                for key in oldest { state.attempts[key] = nil }
                state.order.removeFirst(oldest.count)
            }
            count.store(state.attempts.count, ordering: .relaxed)
        }
    }

    func succeeded(_ key: @autoclosure () -> Key) {
        guard count.load(ordering: .relaxed) > 0 else { return }
        let key = key()
        state.withLock { state in
            if state.attempts.removeValue(forKey: key) != nil {
                state.order.removeAll { $0 == key }
            }
            count.store(state.attempts.count, ordering: .relaxed)
        }
    }
}
