import Synchronization

/// Tells when the orders have come to their end.
final class Progress: Sendable {
    enum Milestone: Hashable, CaseIterable, Sendable {
        case shipped, greeted, mailed, summarised
    }

    let report: @Sendable (String) -> Void
    private let reached = Mutex<[Milestone: Int]>([:])

    init(_ report: @escaping @Sendable (String) -> Void) {
        self.report = report
    }

    func reach(_ milestone: Milestone) {
        reached.withLock { $0[milestone, default: 0] += 1 }
    }

    /// Waits until each order was shipped, greeted and mailed, and the sales were summarised. False after a minute.
    func waitForEnd(of orders: Int) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let isDone = reached.withLock { reached in
                Milestone.allCases.allSatisfy { reached[$0, default: 0] >= ($0 == .summarised ? 1 : orders) }
            }
            if isDone { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
