internal import SQLite
package import ThroughlineModel

extension ExportLog {
    /// Sets a batch aside that the collector has refused for good, and goes on behind it. Batches that follow each
    /// other and were refused for the same reason become one.
    ///
    /// - Parameter reason: What the collector said.
    /// - Returns: False when the holder has lost the exporter to somebody else meanwhile; nothing is noted then.
    @discardableResult
    package func setAside(
        _ batch: ExportBatch, of exporter: String, by holder: String, reason: String, now: Timestamp
    ) throws(StoreError) -> Bool {
        try change { session throws(SQLiteError) in
            guard try Self.advance(exporter, holder, batch.last, 0, 0, session) else { return false }
            let extend = try session.statement(
                """
                UPDATE set_aside SET last = ?3, spans = spans + ?4, time = ?6
                WHERE exporter = ?1 AND last = ?2 - 1 AND reason = ?5
                """)
            let insert = try session.statement(
                "INSERT INTO set_aside (exporter, first, last, spans, reason, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            for statement in [extend, insert] {
                try statement.bind(exporter, 1)
                try statement.bind(batch.first, 2)
                try statement.bind(batch.last, 3)
                try statement.bind(Int64(batch.spans.count), 4)
                try statement.bind(reason, 5)
                try statement.bind(Int64(clamping: now.nanosecondsSinceEpoch), 6)
                try statement.run()
                if session.connection.changes == 1 { break }
            }
            return true
        }
    }

    /// What was refused for good, oldest first.
    package func setAside(of exporter: String) throws(StoreError) -> [SetAsideBatch] {
        try read { session throws(SQLiteError) in try Self.setAside(of: exporter, session) }
    }

    /// The next spans of a batch that was set aside, as far as retention has left them; empty when there are none.
    package func nextBatch(of batch: SetAsideBatch, _ limit: ExportLimit) throws(StoreError) -> ExportBatch {
        try read { session throws(SQLiteError) in
            try session.batch(after: batch.first - 1, through: batch.last, limit)
        }
    }

    /// Notes that spans which were set aside have been sent after all: what is left of the batch begins behind them,
    /// and it is forgotten when nothing is left.
    ///
    /// - Returns: What is left; nil when nothing is.
    package func resent(
        _ sent: ExportBatch, of batch: SetAsideBatch, by holder: String, exported: Int, rejected: Int
    ) throws(StoreError) -> SetAsideBatch? {
        var rest = batch
        rest.first = sent.last + 1
        rest.spanCount = max(0, batch.spanCount - sent.spans.count)
        let isDone = sent.isEmpty || rest.first > rest.last
        let (first, count) = (rest.first, rest.spanCount)
        try change { session throws(SQLiteError) in
            let update = try session.statement(
                isDone
                    ? "DELETE FROM set_aside WHERE id = ?1"
                    : "UPDATE set_aside SET first = ?2, spans = ?3 WHERE id = ?1")
            try update.bind(batch.id, 1)
            if !isDone {
                try update.bind(first, 2)
                try update.bind(Int64(count), 3)
            }
            try update.run()
            let note = try session.statement(
                """
                UPDATE exporters SET exported = exported + ?3, rejected = rejected + ?4,
                    failure = NULL, failure_time = NULL
                WHERE name = ?1 AND holder = ?2
                """)
            try note.bind(batch.exporter, 1)
            try note.bind(holder, 2)
            try note.bind(Int64(exported), 3)
            try note.bind(Int64(rejected), 4)
            try note.run()
        }
        return isDone ? nil : rest
    }

    static func setAside(of exporter: String, _ session: ReadSession) throws(SQLiteError) -> [SetAsideBatch] {
        let select = try session.statement(
            "SELECT id, first, last, spans, reason, time FROM set_aside WHERE exporter = ?1 ORDER BY id")
        try select.bind(exporter, 1)
        defer { select.reset() }
        var batches: [SetAsideBatch] = []
        while try select.step() {
            batches.append(
                SetAsideBatch(
                    id: select.integer(0), exporter: exporter, first: select.integer(1), last: select.integer(2),
                    spanCount: Int(clamping: select.integer(3)), reason: select.text(4),
                    time: Timestamp(storedNanoseconds: select.integer(5))))
        }
        return batches
    }
}
