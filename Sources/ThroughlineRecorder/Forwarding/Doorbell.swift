import Synchronization

/// Wakes one task that waits: rung before, the next wait returns at once.
final class Doorbell: Sendable {
    private enum State {
        case quiet
        case rung
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    func ring() {
        let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard case .awaited(let continuation) = state else {
                state = .rung
                return nil
            }
            state = .quiet
            return continuation
        }
        waiting?.resume()
    }

    /// Waits until somebody rings, the time is over, or the task is cancelled. May return early.
    func wait(atMost timeout: Duration, _ clock: any Clock<Duration>) async {
        let timer = Task {
            try await clock.sleep(for: timeout)
            self.ring()
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if case .quiet = state {
                        state = .awaited(continuation)
                        return false
                    }
                    state = .quiet
                    return true
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }
}
