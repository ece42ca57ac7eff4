import Dispatch

/// Runs `body` on a thread outside Swift's cooperative pool, where a store may block.
func detach(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue(label: "writer").async(execute: body)
}

/// Waits for a number of things to have happened.
struct Countdown: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let count: Int

    init(_ count: Int) { self.count = count }

    func countDown() { done.signal() }

    func wait() {
        for _ in 0..<count { done.wait() }
    }
}
