import Synchronization

/// Waiting for something that may never come, for so long and no longer.
package enum Deadline {
    /// Hands `start` a continuation to resume, and returns what it is resumed with, or false once the time is over.
    /// A continuation that is resumed later finds nobody waiting, which is no error.
    package static func wait(
        _ timeout: Duration, _ start: @escaping @Sendable (CheckedContinuation<Bool, Never>) -> Void
    ) async -> Bool {
        let race = Race()
        Task { race.finish(await withCheckedContinuation { start($0) }) }
        let timer = Task {
            try await Task.sleep(for: timeout)
            race.finish(false)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { race.await($0) }
    }

    private final class Race: Sendable {
        private enum State {
            case running
            case awaited(CheckedContinuation<Bool, Never>)
            case finished(Bool)
        }

        private let state = Mutex(State.running)

        func await(_ continuation: CheckedContinuation<Bool, Never>) {
            let result: Bool? = state.withLock { state in
                if case .finished(let result) = state { return result }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }

        func finish(_ result: Bool) {
            let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
                switch state {
                case .running:
                    state = .finished(result)
                    return nil
                case .awaited(let continuation):
                    state = .finished(result)
                    return continuation
                case .finished: return nil
                }
            }
            waiting?.resume(returning: result)
        }
    }
}

extension Duration {
    /// Whole nanoseconds, at most what 64 bits hold.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isOver ? .max : product &+ attoseconds / 1_000_000_000
    }
}
