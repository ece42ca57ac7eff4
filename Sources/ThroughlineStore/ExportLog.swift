internal import SQLite
package import ThroughlineModel

/// How far exporters have come with a store: each has a cursor in the same file, which moves only when a collector has
/// accepted what lies before it. Neither a collector that is down nor a process that is killed loses what was stored.
///
/// An exporter is known by a name; whoever exports under that name holds it for a time, so that an application and a
/// command line never export the same spans at once. Every call blocks the thread; use it outside Swift's cooperative
/// pool.
package final class ExportLog: Sendable {
    /// The file, as it was given.
    package let path: String
    let session: Monitor<ReadSession>

    /// Opens the store for exporting; makes the file when it is missing.
    package init(path: String) throws(StoreError) {
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
    /// - Returns: Nil when it is held now; whoever has it otherwise.
    package func claim(
        _ exporter: String, by holder: String, now: Timestamp, forNanoseconds lease: UInt64
    ) throws(StoreError) -> ExportHolder? {
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
            return session.connection.changes == 1 ? nil : try Self.holder(of: exporter, session)
        }
    }

    /// Lets go of an exporter.
    package func release(_ exporter: String, by holder: String) throws(StoreError) {
        try change { session throws(SQLiteError) in
            let release = try session.statement(
                "UPDATE exporters SET holder = NULL, held_until = 0 WHERE name = ?1 AND holder = ?2")
            try release.bind(exporter, 1)
            try release.bind(holder, 2)
            try release.run()
        }
    }

    /// Where an exporter stands: the last span behind which nothing is left to do; zero for one that is new.
    package func position(of exporter: String) throws(StoreError) -> Int64 {
        try read { session throws(SQLiteError) in
            let select = try session.statement("SELECT position FROM exporters WHERE name = ?1")
            try select.bind(exporter, 1)
            defer { select.reset() }
            return try select.step() ? select.integer(0) : 0
        }
    }

    /// Makes an exporter begin again with the oldest span; what was set aside is sent again with the rest.
    ///
    /// - Returns: False when the holder does not have the exporter.
    package func rewind(_ exporter: String, by holder: String) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            let update = try session.statement("UPDATE exporters SET position = 0 WHERE name = ?1 AND holder = ?2")
            try update.bind(exporter, 1)
            try update.bind(holder, 2)
            try update.run()
            guard session.connection.changes == 1 else { return false }
            let forget = try session.statement("DELETE FROM set_aside WHERE exporter = ?1")
            try forget.bind(exporter, 1)
            try forget.run()
            return true
        }
    }

    /// Forgets an exporter that is used no more: where it stood, what it delivered and what was set aside for it. The
    /// spans stay. Somebody who exports under that name afterwards begins with the oldest span.
    ///
    /// - Returns: What came of it; an exporter that somebody holds is not forgotten.
    package func forget(_ exporter: String, now: Timestamp) throws(StoreError) -> ForgetOutcome {
        try change { session throws(SQLiteError) in
            let delete = try session.statement(
                "DELETE FROM exporters WHERE name = ?1 AND (holder IS NULL OR held_until <= ?2)")
            try delete.bind(exporter, 1)
            try delete.bind(Int64(clamping: now.nanosecondsSinceEpoch), 2)
            try delete.run()
            guard session.connection.changes == 1 else {
                return try Self.holder(of: exporter, session).map(ForgetOutcome.held) ?? .unknown
            }
            let aside = try session.statement("DELETE FROM set_aside WHERE exporter = ?1")
            try aside.bind(exporter, 1)
            try aside.run()
            return .forgotten
        }
    }

    /// Notes that a collector has taken what lies before a position.
    ///
    /// - Parameters:
    ///   - position: The last span of what was taken.
    ///   - exported: How many spans the collector has.
    ///   - rejected: How many it has rejected, which are never sent again.
    /// - Returns: False when the holder has lost the exporter to somebody else meanwhile; nothing is noted then.
    @discardableResult
    package func advance(
        _ exporter: String, by holder: String, past position: Int64, exported: Int, rejected: Int = 0
    ) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            try Self.advance(exporter, holder, position, exported, rejected, session)
        }
    }

    /// Notes why nobody takes anything at the moment, for people who ask; moving on makes it forgotten.
    package func note(
        failure: String, of exporter: String, by holder: String, now: Timestamp
    ) throws(StoreError) {
        try change { session throws(SQLiteError) in
            let update = try session.statement(
                "UPDATE exporters SET failure = ?3, failure_time = ?4 WHERE name = ?1 AND holder = ?2")
            try update.bind(exporter, 1)
            try update.bind(holder, 2)
            try update.bind(failure, 3)
            try update.bind(Int64(clamping: now.nanosecondsSinceEpoch), 4)
            try update.run()
        }
    }

    /// How much lies behind a position.
    package func backlog(after position: Int64) throws(StoreError) -> ExportBacklog {
        try read { session throws(SQLiteError) in
            let last = try session.connection.integer("SELECT max(id) FROM spans") ?? 0
            guard last > position else { return ExportBacklog(count: 0, oldest: nil) }
            let select = try session.statement("SELECT id, start FROM spans WHERE id > ?1 ORDER BY id LIMIT 1")
            try select.bind(position, 1)
            defer { select.reset() }
            guard try select.step() else { return ExportBacklog(count: 0, oldest: nil) }
            // Ids are given without gaps and the oldest are deleted first, so they need not be counted one by one.
            return ExportBacklog(
                count: Int(last - select.integer(0) + 1), oldest: Timestamp(storedNanoseconds: select.integer(1)))
        }
    }

    static func advance(
        _ exporter: String, _ holder: String, _ position: Int64, _ exported: Int, _ rejected: Int,
        _ session: ReadSession
    ) throws(SQLiteError) -> Bool {
        let update = try session.statement(
            """
            UPDATE exporters SET position = ?3, exported = exported + ?4, rejected = rejected + ?5,
                failure = NULL, failure_time = NULL
            WHERE name = ?1 AND holder = ?2 AND position < ?3
            """)
        try update.bind(exporter, 1)
        try update.bind(holder, 2)
        try update.bind(position, 3)
        try update.bind(Int64(exported), 4)
        try update.bind(Int64(rejected), 5)
        try update.run()
        return session.connection.changes == 1
    }

    private static func holder(of exporter: String, _ session: ReadSession) throws(SQLiteError) -> ExportHolder? {
        let select = try session.statement("SELECT holder, held_until FROM exporters WHERE name = ?1")
        try select.bind(exporter, 1)
        defer { select.reset() }
        guard try select.step(), let name = select.optionalText(0) else { return nil }
        return ExportHolder(name: name, until: Timestamp(storedNanoseconds: select.integer(1)))
    }

    func read<Result: Sendable>(
        _ body: (inout ReadSession) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do {
            return try session.with { session throws(SQLiteError) in try session.transaction(body) }
        } catch {
            throw StoreError("read", path, error)
        }
    }

    func change<Result: Sendable>(
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

extension Timestamp {
    /// A time as it is stored: the same 64 bits, signed.
    init(storedNanoseconds: Int64) {
        self.init(nanosecondsSinceEpoch: UInt64(bitPattern: storedNanoseconds))
    }
}
