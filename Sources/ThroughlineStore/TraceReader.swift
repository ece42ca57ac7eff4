internal import SQLite

/// The read side of a trace store; works while any number of processes write.
///
/// Every call sees the store as it was at one moment. Calls block the thread; several threads may share a reader, one
/// call at a time.
public final class TraceReader: Sendable {
    /// The file, as it was given.
    public let path: String
    private let session: Monitor<ReadSession>

    /// Opens a store for reading. Makes nothing: a missing file is an error.
    ///
    /// - Throws: when the file cannot be read; the code says why.
    public init(path: String) throws(StoreError) {
        self.path = path
        session = Monitor(
            try StoreError.wrapping("open", path) { () throws(SQLiteError) in
                try ReadSession(try StoreFile.openForReading(path, busyTimeout: 5_000))
            })
    }

    /// Runs `body` on one moment of the store.
    func read<Result: Sendable>(
        _ body: (inout ReadSession) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do {
            return try session.with { session throws(SQLiteError) in try session.transaction(body) }
        } catch {
            throw StoreError("read", path, error)
        }
    }

    /// How much is in the store.
    public func counts() throws(StoreError) -> StoreCounts {
        try read { session throws(SQLiteError) in try session.counts() }
    }

    /// Looks at the whole file: whether SQLite finds it sound (`quick_check`, which reads every page), and how much is
    /// in it.
    public func check() throws(StoreError) -> StoreReport {
        try read { session throws(SQLiteError) in try session.check(path) }
    }
}
