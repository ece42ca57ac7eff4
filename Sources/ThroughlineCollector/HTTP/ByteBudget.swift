internal import Synchronization

/// How many bytes all requests together may hold.
final class ByteBudget: Sendable {
    private let free: Mutex<Int>

    init(_ bytes: Int) {
        free = Mutex(bytes)
    }

    /// What one request holds; given back when it goes.
    struct Share: ~Copyable {
        private let budget: ByteBudget
        private var bytes = 0

        init(of budget: ByteBudget) {
            self.budget = budget
        }

        deinit { budget.free.withLock { [bytes] in $0 += bytes } }

        /// - Throws: 429 when the budget has no more.
        mutating func grow(by more: Int) throws(Refusal) {
            let isGiven = budget.free.withLock { free in
                guard free >= more else { return false }
                free -= more
                return true
            }
            guard isGiven else { throw .overloaded("too many bytes of requests are being worked on") }
            bytes += more
        }
    }
}
