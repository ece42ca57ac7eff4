public import ThroughlineModel

/// The write side of a trace store: one SQLite file that any number of processes may write at once.
public final class TraceStore: SpanSink {
    /// How a store behaves.
    public struct Options: Sendable {
        /// How long to wait for another process's write lock, in milliseconds; 5,000 by default.
        public var busyTimeoutMilliseconds = 5_000
        /// How many spans one transaction takes at most; 8,192 by default.
        public var spansPerTransaction = 8_192

        /// The defaults.
        public init() {}
    }

    /// The file.
    public let path: String

    /// Opens a store; makes the file when it is missing and brings an older schema up to date.
    public init(path: String, options: Options = Options()) throws(StoreError) {
        self.path = path
    }

    /// Takes a batch.
    public func write(_ batch: [SpanRecord]) throws(StoreError) {}
    /// Returns when everything that was written is committed.
    public func flush() throws(StoreError) {}
    /// Writes what is left and closes the file.
    public func close() {}
    /// How many ended spans are committed.
    public var storedCount: Int { 0 }
    /// How many ended spans were given to ``write(_:)`` and are not in the file and never will be.
    public var lostCount: Int { 0 }
    /// Deletes old spans.
    public func prune(olderThan: Timestamp? = nil, maxBytes: Int64? = nil) throws(StoreError) -> PruneReport {
        PruneReport()
    }
}
