public import ThroughlineModel

extension TraceStore {
    /// Takes spans that somebody sends and may send again, and returns once they are committed.
    ///
    /// Batches that wait at the same time go into one transaction. A span that the store has already, ended and under
    /// the same trace and span id, is left out, however long ago it came; the end of a span that has only begun takes
    /// the place of its beginning. Never blocks the calling thread.
    ///
    /// - Throws: When nothing of the batch is in the file: the store could not be written, is closed, or has no room for
    ///   more at the moment (``StoreError/Code/busy``). The sender keeps the spans; nothing is tried again here, and
    ///   ``lostCount`` does not count them.
    public func receive(_ batch: [SpanRecord]) async throws(StoreError) -> ReceivedSpans {
        guard !batch.isEmpty else { return ReceivedSpans(stored: 0, duplicates: 0) }
        var encoded = BatchEncoder.encode(batch)
        encoded.mayRepeat = true
        let count = encoded.spans.count
        let outcome = await withCheckedContinuation { (continuation: CheckedContinuation<_, Never>) in
            let refusal = queue.with { [encoded] queue -> StoreError? in
                if queue.isClosing { return Self.closed(path) }
                guard queue.hasRoom(for: count, limit: options.spansInFlight) else { return Self.busy(path) }
                queue.accept(encoded) { continuation.resume(returning: $0) }
                return nil
            }
            if let refusal { continuation.resume(returning: Result<ReceivedSpans, StoreError>.failure(refusal)) }
        }
        return try outcome.get()
    }

    /// How many spans wait to be written.
    package var pendingSpanCount: Int { queue.read(\.pendingSpans) }

    private static func busy(_ path: String) -> StoreError {
        StoreError(
            code: .busy, path: path, message: "Too many spans wait to be written to \(path). Send them again later.")
    }
}

/// What became of a batch that was received.
public struct ReceivedSpans: Hashable, Sendable {
    /// How many ended spans were stored.
    public let stored: Int
    /// How many ended spans were there already.
    public let duplicates: Int
}
