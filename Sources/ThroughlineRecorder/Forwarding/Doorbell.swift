import Synchronization

/// Wakes one task that waits: rung before, the next wait returns at once.
final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var waiter: (id: Int, continuation: CheckedContinuation<Void, Never>)?
        var waits = 0
    }

    private let state = Mutex(State())

    func ring() {
        let waiting = state.withLock { state in
            state.isRung = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter?.continuation
        }
        waiting?.resume()
    }

    /// Waits until somebody rings, the time is over, or the task is cancelled.
    func wait(atMost timeout: Duration, _ clock: any Clock<Duration>) async {
        var timer: Task<Void, Never>?
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard let id = wait(continuation) else { return continuation.resume() }
                timer = Task {
                    // Cancelled, it is over as well: then nobody waits any longer.
                    try? await clock.sleep(for: timeout)
                    self.giveUp(id)
                }
            }
        } onCancel: {
            ring()
        }
    }

    /// Nil when it was rung already.
    private func wait(_ continuation: CheckedContinuation<Void, Never>) -> Int? {
        state.withLock { state in
            if state.isRung {
                state.isRung = false
                return nil
            }
            state.waits += 1
            state.waiter = (state.waits, continuation)
            return state.waits
        }
    }

    private func giveUp(_ id: Int) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter, waiter.id == id else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiting?.resume()
    }
}
