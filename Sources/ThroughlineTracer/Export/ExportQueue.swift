import Dispatch
import Metrics
import Synchronization
import ThroughlineModel

/// The bounded queue between a pipeline's thread, which may block, and the tasks that export, which may not.
final class ExportQueue: Sendable {
    enum Loss: String {
        case queueFull = "queue-full"
        case refused
        case shutdown
    }

    private struct State {
        var batches: [[SpanRecord]] = []
        /// Where the first batch that waits stands; those before it are gone.
        var first = 0
        /// Spans that wait or are on their way.
        var pending = 0
        var isClosed = false
        var isAbandoned = false
        var exported = 0
        var dropped = 0
        var idle: [CheckedContinuation<Void, Never>] = []
        var pausing: [CheckedContinuation<Bool, Never>] = []
        var waitingForEmpty: [DispatchSemaphore] = []
    }

    private let capacity: Int
    private let batchSize: Int
    private let state = Mutex(State())
    private let exportedCounter = Counter(label: "throughline.export.spans.exported")

    init(capacity: Int, batchSize: Int) {
        self.capacity = capacity
        self.batchSize = batchSize
    }

    var droppedCount: Int { state.withLock { $0.dropped } }
    var exportedCount: Int { state.withLock { $0.exported } }
    var pendingCount: Int { state.withLock { $0.pending } }

    func append(_ batch: [SpanRecord]) {
        let (lost, idle) = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
            let room = state.isClosed ? 0 : min(batch.count, max(0, capacity - state.pending))
            if room > 0 {
                state.batches.append(room == batch.count ? batch : Array(batch[..<room]))
                state.pending += room
            }
            state.dropped += batch.count - room
            defer { state.idle = [] }
            return (batch.count - room, state.idle)
        }
        if lost > 0 { count(lost, .queueFull) }
        for continuation in idle { continuation.resume() }
    }

    /// The next spans to export, at most a batch; nil when there will be none.
    func next() async -> [SpanRecord]? {
        while true {
            let (batch, isOver) = state.withLock { state in (take(&state), state.isClosed) }
            if let batch { return batch }
            if isOver { return nil }
            await withCheckedContinuation { continuation in
                let isNews = state.withLock { state in
                    if state.first < state.batches.count || state.isClosed { return true }
                    state.idle.append(continuation)
                    return false
                }
                if isNews { continuation.resume() }
            }
        }
    }

    private func take(_ state: inout State) -> [SpanRecord]? {
        guard state.first < state.batches.count, !state.isAbandoned else { return nil }
        var batch = state.batches[state.first]
        if batch.count > batchSize {
            state.batches[state.first] = Array(batch[batchSize...])
            return Array(batch[..<batchSize])
        }
        state.batches[state.first] = []
        state.first += 1
        while state.first < state.batches.count, batch.count + state.batches[state.first].count <= batchSize {
            batch += state.batches[state.first]
            state.batches[state.first] = []
            state.first += 1
        }
        if state.first == state.batches.count {
            state.batches.removeAll(keepingCapacity: true)
            state.first = 0
        } else if state.first >= 64 {
            state.batches.removeFirst(state.first)
            state.first = 0
        }
        return batch
    }

    /// What `next` gave has been answered for: so many were taken, and the rest is lost.
    func finish(exported: Int, lost: Int) {
        let waiting = state.withLock { state -> [DispatchSemaphore] in
            // After an end without patience, everything was counted as lost already.
            guard !state.isAbandoned else { return [] }
            state.pending -= exported + lost
            state.exported += exported
            state.dropped += lost
            guard state.pending == 0 else { return [] }
            defer { state.waitingForEmpty = [] }
            return state.waitingForEmpty
        }
        exportedCounter.increment(by: exported)
        if lost > 0 { count(lost, .refused) }
        for semaphore in waiting { semaphore.signal() }
    }

    /// Waits; closing cuts it short.
    func pause(_ duration: Duration) async {
        _ = await Deadline.wait(duration) { continuation in
            let isClosed = self.state.withLock { state in
                if !state.isClosed { state.pausing.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume(returning: true) }
        }
    }

    /// Blocks the caller, who must have a thread of its own.
    func waitUntilEmpty(_ timeout: Duration) -> Bool {
        let semaphore = DispatchSemaphore(value: 0)
        let isEmpty = state.withLock { state in
            if state.pending > 0 { state.waitingForEmpty.append(semaphore) }
            return state.pending == 0
        }
        return isEmpty || semaphore.wait(timeout: .now() + .nanoseconds(Int(clamping: timeout.nanoseconds))) == .success
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// From now on everything new is dropped; what waits is still given out.
    func close() {
        let (idle, pausing) = state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.pausing = []
            }
            return (state.idle, state.pausing)
        }
        for continuation in idle { continuation.resume() }
        for continuation in pausing { continuation.resume(returning: true) }
    }

    /// Gives up what is left, and says how much it was.
    func abandon() -> Int {
        let left = state.withLock { state in
            let left = state.pending
            state.isAbandoned = true
            state.pending = 0
            state.dropped += left
            state.batches = []
            state.first = 0
            return left
        }
        if left > 0 { count(left, .shutdown) }
        return left
    }

    private func count(_ spans: Int, _ loss: Loss) {
        Counter(label: "throughline.export.spans.dropped", dimensions: [("reason", loss.rawValue)]).increment(by: spans)
    }
}
