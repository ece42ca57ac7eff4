internal import SQLite
public import ThroughlineModel

/// How far exporters have come with a store: each has a cursor in the same file, which moves only when a collector has
/// accepted what lies before it. Neither a collector that is down nor a process that is killed loses what was stored.
///
/// An exporter is known by a name; whoever exports under that name holds it for a time, so that an application and a
/// command line never export the same spans at once. Every call blocks the thread; use it outside Swift's cooperative
/// pool.
public final class ExportLog: Sendable {
    /// The file, as it was given.
    public let path: String
    private let session: Monitor<ReadSession>

    /// Opens the store for exporting; makes the file when it is missing.
    public init(path: String) throws(StoreError) {
        self.path = path
        session = Monitor(
            try StoreError.wrapping("open", path) { () throws(SQLiteError) in
                try ReadSession(try StoreFile.openForWriting(path, busyTimeout: 5_000))
            })
    }

    /// Takes an exporter for a time, or keeps it when the holder has it already.
    ///
    /// - Parameters:
    ///   - exporter: The name of the exporter; a new one begins with the oldest span.
    ///   - holder: Whoever wants it, by a name that nobody else has.
    ///   - now: The time now.
    ///   - lease: How long it may be held, in nanoseconds.
    /// - Returns: False when somebody else holds it.
    public func claim(
        _ exporter: String, by holder: String, now: Timestamp, forNanoseconds lease: UInt64
    ) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            let insert = try session.statement("INSERT OR IGNORE INTO exporters (name) VALUES (?1)")
            try insert.bind(exporter, 1)
            try insert.run()
            let claim = try session.statement(
                """
                UPDATE exporters SET holder = ?2, held_until = ?3 WHERE name = ?1
                    AND (holder IS NULL OR holder = ?2 OR held_until <= ?4)
                """)
            try claim.bind(exporter, 1)
            try claim.bind(holder, 2)
            try claim.bind(Int64(clamping: now.advanced(byNanoseconds: lease).nanosecondsSinceEpoch), 3)
            try claim.bind(Int64(clamping: now.nanosecondsSinceEpoch), 4)
            try claim.run()
            return try session.connection.integer("SELECT changes()") == 1
        }
    }

    /// Lets go of an exporter.
    public func release(_ exporter: String, by holder: String) throws(StoreError) {
        try change { session throws(SQLiteError) in
            let release = try session.statement(
                "UPDATE exporters SET holder = NULL, held_until = 0 WHERE name = ?1 AND holder = ?2")
            try release.bind(exporter, 1)
            try release.bind(holder, 2)
            try release.run()
        }
    }

    /// The next spans that an exporter has not delivered, in the order in which they were stored; empty when there are
    /// none.
    public func nextBatch(for exporter: String, limit: Int) throws(StoreError) -> ExportBatch {
        try read { session throws(SQLiteError) in
            let position = try Self.position(of: exporter, &session)
            return try Self.spans(
                "WHERE id > ?1 ORDER BY id LIMIT \(max(1, limit))", position, &session, after: position)
        }
    }

    /// Notes that a batch was accepted.
    ///
    /// - Returns: False when the holder has lost the exporter to somebody else meanwhile; nothing is noted then.
    @discardableResult
    public func advance(_ exporter: String, by holder: String, past batch: ExportBatch) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            try Self.advance(exporter, holder, batch, exported: batch.spans.count, &session)
        }
    }

    /// Sets a batch aside that the collector has refused for good, and goes on behind it.
    ///
    /// - Parameter reason: What the collector said.
    /// - Returns: False when the holder has lost the exporter to somebody else meanwhile; nothing is noted then.
    @discardableResult
    public func setAside(
        _ batch: ExportBatch, of exporter: String, by holder: String, reason: String, now: Timestamp
    ) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            guard try Self.advance(exporter, holder, batch, exported: 0, &session) else { return false }
            let insert = try session.statement(
                "INSERT INTO set_aside (exporter, first, last, spans, reason, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            try insert.bind(exporter, 1)
            try insert.bind(batch.first, 2)
            try insert.bind(batch.last, 3)
            try insert.bind(Int64(batch.spans.count), 4)
            try insert.bind(reason, 5)
            try insert.bind(Int64(clamping: now.nanosecondsSinceEpoch), 6)
            try insert.run()
            return true
        }
    }

    /// The spans of a batch that was set aside, as far as retention has left them.
    public func spans(of batch: SetAsideBatch) throws(StoreError) -> ExportBatch {
        try read { session throws(SQLiteError) in
            try Self.spans(
                "WHERE id BETWEEN ?1 AND \(batch.last) ORDER BY id", batch.first, &session, after: batch.first - 1)
        }
    }

    /// Forgets a batch that was set aside, because it was sent after all or is not wanted.
    public func forget(_ batch: SetAsideBatch) throws(StoreError) {
        try change { session throws(SQLiteError) in
            let delete = try session.statement("DELETE FROM set_aside WHERE id = ?1")
            try delete.bind(batch.id, 1)
            try delete.run()
        }
    }

    private static func position(of exporter: String, _ session: inout ReadSession) throws(SQLiteError) -> Int64 {
        let select = try session.statement("SELECT position FROM exporters WHERE name = ?1")
        try select.bind(exporter, 1)
        defer { select.reset() }
        return try select.step() ? select.integer(0) : 0
    }

    private static func spans(
        _ condition: String, _ parameter: Int64, _ session: inout ReadSession, after position: Int64
    ) throws(SQLiteError) -> ExportBatch {
        var batch = ExportBatch(first: position + 1, last: position, spans: [])
        let select = try session.statement("SELECT \(SpanDecoder.columns) FROM spans \(condition)")
        try select.bind(parameter, 1)
        defer { select.reset() }
        while try select.step() {
            let stored = try session.decoder.span(from: select)
            batch.last = stored.row
            batch.spans.append(stored.record)
        }
        return batch
    }

    private static func advance(
        _ exporter: String, _ holder: String, _ batch: ExportBatch, exported: Int, _ session: inout ReadSession
    ) throws(SQLiteError) -> Bool {
        let update = try session.statement(
            """
            UPDATE exporters SET position = ?3, exported = exported + ?4
            WHERE name = ?1 AND holder = ?2 AND position < ?3
            """)
        try update.bind(exporter, 1)
        try update.bind(holder, 2)
        try update.bind(batch.last, 3)
        try update.bind(Int64(exported), 4)
        try update.run()
        return try session.connection.integer("SELECT changes()") == 1
    }

    private func read<Result: Sendable>(
        _ body: (inout ReadSession) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do {
            return try session.with { session throws(SQLiteError) in try session.transaction(body) }
        } catch {
            throw StoreError("read", path, error)
        }
    }

    private func change<Result: Sendable>(
        _ body: (inout ReadSession) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do {
            return try session.with { session throws(SQLiteError) in
                try session.connection.transaction(.immediate) { () throws(SQLiteError) in try body(&session) }
            }
        } catch {
            throw StoreError("write", path, error)
        }
    }
}
