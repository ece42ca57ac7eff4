internal import SQLite
public import ThroughlineModel

/// The write side of a trace store: one SQLite file that any number of processes may write at once.
///
/// Records are turned into rows on the thread that calls ``write(_:)`` and inserted by a thread of the store's own, so
/// that the two overlap. A span is safe from the death of the process once ``flush()`` has returned, and from a loss of
/// power at the next checkpoint (write-ahead log, `synchronous = NORMAL`).
///
/// ```swift
/// let store = try TraceStore(path: "traces.db")
/// try store.write(records)
/// try store.flush()
/// ```
///
/// Failures never end the application: ``write(_:)`` throws, the spans are counted in ``lostCount``, and the next call
/// tries again.
public final class TraceStore: SpanSink {
    /// How a store behaves.
    public struct Options: Sendable {
        /// How long a transaction waits for another connection's write lock, in milliseconds; 5,000 by default.
        public var busyTimeoutMilliseconds = 5_000
        /// How many spans wait for the writer's thread at most, one batch of any size aside; 8,192 by default. What
        /// waits goes into one transaction.
        public var spansInFlight = 8_192

        /// The defaults.
        public init() {}
    }

    /// The file, as it was given.
    public let path: String
    let options: Options
    let queue = Monitor(WriteQueue())

    /// Opens a store; makes the file when it is missing and brings an older schema up to date.
    ///
    /// - Throws: when the file cannot be used; the code says why. A file with a newer schema, of another program, or
    ///   that is no database is left as it is.
    public init(path: String, options: Options = Options()) throws(StoreError) {
        self.path = path
        self.options = options
        let writer = try StoreError.wrapping("open", path) { () throws(SQLiteError) in
            let connection = try StoreFile.openForWriting(path, busyTimeout: options.busyTimeoutMilliseconds)
            return SendingOnce(try SpanWriter(connection))
        }
        let queue = queue
        queue.with { $0.isFinished = false }
        guard startThread({ Self.run(writer, queue, path) }) else {
            queue.with { $0.isFinished = true }
            throw StoreError(code: .other, path: path, message: "No thread could be started to write \(path).")
        }
    }

    deinit {
        close()
    }

    /// Takes a batch, in the order in which the spans ended. A record without an end is kept as unfinished until a
    /// record with an end follows.
    ///
    /// Returns once the batch is on its way; waits while too many spans are on their way already. Call it from any
    /// thread but those of Swift's cooperative pool.
    ///
    /// - Throws: when nothing of the batch was taken: because batches before it could not be stored, or the store is
    ///   closed. The spans that have ended are then added to ``lostCount``.
    public func write(_ batch: [SpanRecord]) throws(StoreError) {
        guard !batch.isEmpty else { return }
        let encoded = BatchEncoder.encode(batch)
        let limit = options.spansInFlight
        let count = encoded.spans.count
        var hasTriedAgain = false
        while true {
            let outcome = queue.when({ queue in
                queue.isClosing || queue.unreported != nil || queue.hasRoom(for: count, limit: limit)
                    || queue.stall != nil && !queue.isRetrying
            }) { queue -> Result<Bool, StoreError> in
                if let failure = queue.isClosing ? Self.closed(path) : queue.unreported {
                    queue.unreported = nil
                    queue.lost += encoded.endedCount
                    return .failure(failure)
                }
                if queue.hasRoom(for: count, limit: limit) {
                    queue.accept(encoded)
                    return .success(true)
                }
                if hasTriedAgain, let stall = queue.stall {
                    queue.lost += encoded.endedCount
                    return .failure(stall)
                }
                queue.retry()
                return .success(false)
            }
            if try outcome.get() { return }
            hasTriedAgain = true
        }
    }

    /// Returns when everything that was written before is committed.
    ///
    /// - Throws: when some of it could not be stored: what waits for another try stays in line, what was given up is
    ///   counted in ``lostCount``.
    public func flush() throws(StoreError) {
        let batches = queue.with { queue in
            queue.retry()
            return queue.accepted
        }
        let failure = queue.when({ queue in
            queue.isSettled(batches) || queue.stall != nil && !queue.isRetrying
        }) { queue -> StoreError? in
            if !queue.isSettled(batches) { return queue.stall }
            defer { queue.unreported = nil }
            return queue.unreported
        }
        if let failure { throw failure }
    }

    /// Writes what is left, counts as lost what cannot be written, and closes the file. Does nothing the second time.
    public func close() {
        queue.with { $0.isClosing = true }
        queue.when({ $0.isFinished }, { _ in })
    }

    /// How many ended spans this store has committed.
    public var storedCount: Int { queue.read(\.stored) }

    /// How many ended spans were given to ``write(_:)``, are not in the file and never will be: those of batches that
    /// it refused, and those that were accepted and had to be given up.
    public var lostCount: Int { queue.read(\.lost) }

    /// What keeps spans from being stored at the moment; nil when all is well.
    public var failure: StoreError? { queue.read { $0.stall ?? $0.unreported } }

    /// Calls `observer` after each commit, on the writer's thread: it must not block.
    package func onCommit(_ observer: @escaping @Sendable () -> Void) {
        queue.with { $0.observers.append(observer) }
    }

    static func closed(_ path: String) -> StoreError {
        StoreError(
            code: .other, path: path, message: "The trace store \(path) has been closed; open it again to write.")
    }

    /// The writer's thread. The writer, and with it the connection, is gone before anybody hears that it has finished.
    private static func run(_ writer: SendingOnce, _ queue: Monitor<WriteQueue>, _ path: String) {
        drain(writer, queue, path)
        queue.with { $0.isFinished = true }
    }

    private static func drain(_ handedOver: SendingOnce, _ queue: Monitor<WriteQueue>, _ path: String) {
        guard var writer = handedOver.take() else { return }
        while true {
            let entries = queue.when(\.hasWork, \.pending)
            if entries.isEmpty { return }
            let outcome = write(entries, with: &writer, path)
            let observers = queue.with { queue in
                queue.settle(entries, outcome)
                return (try? outcome.get()) == nil ? [] : queue.observers
            }
            for observer in observers { observer() }
            for (index, entry) in entries.enumerated() {
                entry.answer?(
                    outcome.map { ReceivedSpans(stored: entry.batch.endedCount - $0[index], duplicates: $0[index]) })
            }
        }
    }

    private static func write(
        _ entries: [WriteQueue.Entry], with writer: inout SpanWriter, _ path: String
    ) -> Result<[Int], StoreError> {
        do throws(SQLiteError) {
            return .success(try writer.write(entries.map(\.batch)))
        } catch {
            return .failure(StoreError("write", path, error))
        }
    }
}

/// Carries the writer to its thread. Unchecked because it holds a SQLite connection, which one thread at a time may
/// use: the opening thread does not touch it again, and the writer's thread takes it out once, so that it alone decides
/// when the connection closes.
private final class SendingOnce: @unchecked Sendable {
    private var value: SpanWriter?

    init(_ value: SpanWriter) { self.value = value }

    func take() -> SpanWriter? {
        defer { value = nil }
        return value
    }
}
