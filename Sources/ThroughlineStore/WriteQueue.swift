internal import SQLite

/// Batches on their way from the callers' threads to the writer's thread, and what became of them.
///
/// A batch that was accepted is only given up when trying again cannot help (the file is damaged) or the store closes:
/// a locked file or a full disk stalls the queue, each later call tries again, and once the queue is full new batches
/// are refused. A batch whose sender waits for an answer is the exception: the sender hears of the first failure and
/// keeps the spans.
struct WriteQueue: Sendable {
    /// A batch in line, numbered in the order of acceptance from 1.
    struct Entry: Sendable {
        let number: Int
        let batch: EncodedBatch
        /// Whoever waits to hear what became of the batch.
        let answer: Answer?
    }

    typealias Answer = @Sendable (Result<ReceivedSpans, StoreError>) -> Void

    private(set) var pending: [Entry] = []
    private(set) var pendingSpans = 0
    /// How many batches were ever accepted.
    private(set) var accepted = 0
    /// What the last transaction failed with, when its batches wait for another try.
    private(set) var stall: StoreError?
    /// True when a caller asked for another try that has not ended yet.
    private(set) var isRetrying = false
    /// What batches were given up for, until a caller has been told.
    var unreported: StoreError?
    var isClosing = false
    /// True while there is no writer's thread: before it starts and after it has ended.
    var isFinished = true
    private(set) var stored = 0
    var lost = 0
    /// Whoever wants to hear, on the writer's thread, that spans were committed.
    var observers: [@Sendable () -> Void] = []

    /// True when the writer's thread has something to do.
    var hasWork: Bool { isClosing || !pending.isEmpty && (stall == nil || isRetrying) }

    /// True when that many more spans fit; a batch of any size fits into an empty queue.
    func hasRoom(for spans: Int, limit: Int) -> Bool { pending.isEmpty || pendingSpans + spans <= limit }

    /// True when the first so many batches are dealt with.
    func isSettled(_ batches: Int) -> Bool { pending.first.map { $0.number > batches } ?? true }

    mutating func accept(_ batch: EncodedBatch, answer: Answer? = nil) {
        accepted += 1
        pending.append(Entry(number: accepted, batch: batch, answer: answer))
        pendingSpans += batch.spans.count
        retry()
    }

    mutating func retry() {
        if stall != nil, !pending.isEmpty { isRetrying = true }
    }

    /// Takes the outcome of a transaction over the first entries: how many spans of each batch the store had already, or
    /// why nothing was written.
    mutating func settle(_ entries: [Entry], _ outcome: Result<[Int], StoreError>) {
        isRetrying = false
        stall = nil
        pending.removeFirst(entries.count)
        switch outcome {
        case .success(let duplicates):
            for (entry, duplicates) in zip(entries, duplicates) { stored += entry.batch.endedCount - duplicates }
        case .failure(let failure):
            let ours = entries.filter { $0.answer == nil }
            guard !ours.isEmpty else { break }
            if failure.isWorthRetrying, !isClosing {
                stall = failure
                // Whoever waits for an answer and came meanwhile has not had a try yet.
                isRetrying = pending.contains { $0.answer != nil }
                pending = ours + pending
            } else {
                lost += ours.reduce(0) { $0 + $1.batch.endedCount }
                unreported = failure
            }
        }
        pendingSpans = pending.reduce(0) { $0 + $1.batch.spans.count }
    }
}
