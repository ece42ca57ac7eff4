import Synchronization

/// Tells when the orders have come to their end.
final class Progress: Sendable {
    enum Milestone: Hashable, CaseIterable, Sendable {
        case shipped, refunded, greeted, mailed, summarised
    }

    let report: @Sendable (String) -> Void
    private let reached = Mutex<[Milestone: Int]>([:])
    private let end = Atomic(false)

    init(_ report: @escaping @Sendable (String) -> Void) {
        self.report = report
    }

    func reach(_ milestone: Milestone) {
        reached.withLock { $0[milestone, default: 0] += 1 }
    }

    /// True once nobody waits any more.
    var isOver: Bool { end.load(ordering: .relaxed) }

    /// Waits until every milestone was reached so often. False after a minute.
    func wait(for expected: [Milestone: Int]) async throws -> Bool {
        defer { end.store(true, ordering: .relaxed) }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let isDone = reached.withLock { reached in
                expected.allSatisfy { reached[$0.key, default: 0] >= $0.value }
            }
            if isDone { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
