internal import SQLite

/// Batches on their way from the callers' threads to the writer's thread, and what became of them.
///
/// A batch that was accepted is only given up when trying again cannot help (the file is damaged) or the store closes:
/// a locked file or a full disk stalls the queue, each later call tries again, and once the queue is full new batches
/// are refused.
struct WriteQueue: Sendable {
    var pending: [EncodedBatch] = []
    var pendingSpans = 0
    /// How many batches were ever accepted, and how many of those are dealt with.
    var accepted = 0
    var settled = 0
    /// What the last transaction failed with, when its batches wait for another try.
    var stall: StoreError?
    /// True when a caller asked for another try that has not ended yet.
    var isRetrying = false
    /// What batches were given up for, until a caller has been told.
    var unreported: StoreError?
    var isClosing = false
    /// True while there is no writer's thread: before it starts and after it has ended.
    var isFinished = true
    var stored = 0
    var lost = 0

    /// True when the writer's thread has something to do.
    var hasWork: Bool { isClosing || !pending.isEmpty && (stall == nil || isRetrying) }

    /// True when that many more spans fit; a batch of any size fits into an empty queue.
    func hasRoom(for spans: Int, limit: Int) -> Bool { pending.isEmpty || pendingSpans + spans <= limit }

    mutating func accept(_ batch: EncodedBatch) {
        pending.append(batch)
        pendingSpans += batch.spans.count
        accepted += 1
        retry()
    }

    mutating func retry() {
        if stall != nil, !pending.isEmpty { isRetrying = true }
    }

    /// Takes the outcome of a transaction over the first `count` batches.
    mutating func settle(_ count: Int, _ failure: StoreError?) {
        isRetrying = false
        if let failure, failure.isWorthRetrying, !isClosing {
            stall = failure
            return
        }
        let spans = pending.prefix(count).reduce(0) { $0 + $1.spans.count }
        let ended = pending.prefix(count).reduce(0) { $0 + $1.endedCount }
        pending.removeFirst(count)
        pendingSpans -= spans
        settled += count
        stall = nil
        if let failure {
            lost += ended
            unreported = failure
        } else {
            stored += ended
        }
    }
}
