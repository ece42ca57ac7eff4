internal import SQLite
public import ThroughlineModel

extension TraceStore {
    /// Deletes old spans, by age, by size, or both, and gives the room back to the file system.
    ///
    /// Works in small transactions on a connection of its own, so writers wait for milliseconds only. What hangs on the
    /// spans goes with them: links, message references, traces and correlation ids that nothing names any more. A flow
    /// that reaches over the border loses its older part.
    ///
    /// - Parameters:
    ///   - olderThan: deletes spans that started before, unfinished ones included.
    ///   - maxBytes: deletes spans in the order in which they were stored until the rest takes no more than that.
    public func prune(olderThan: Timestamp? = nil, maxBytes: Int64? = nil) throws(StoreError) -> PruneReport {
        try StoreError.wrapping("prune", path) { () throws(SQLiteError) in
            var pruning = try Pruning(
                try StoreFile.openForWriting(path, busyTimeout: max(options.busyTimeoutMilliseconds, 1_000)))
            return try pruning.run(olderThan: olderThan, maxBytes: maxBytes)
        }
    }
}

/// One clean-up on a connection of its own.
struct Pruning {
    private static let spansPerTransaction = 250
    private static let pagesPerTransaction = 1_000

    let connection: Connection
    private var remover: SpanRemover
    private let isTraceUsed: Statement
    private let deleteTrace: Statement
    private let isCorrelationUsed: Statement
    private let deleteCorrelation: Statement
    private var report = PruneReport()

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        remover = try SpanRemover(connection)
        isTraceUsed = try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM spans WHERE trace = ?1)
                OR EXISTS (SELECT 1 FROM open_spans WHERE trace = ?1)
                OR EXISTS (SELECT 1 FROM links WHERE target_trace = ?1)
            """)
        deleteTrace = try connection.prepare("DELETE FROM traces WHERE id = ?1")
        isCorrelationUsed = try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM spans WHERE correlation = ?1)
                OR EXISTS (SELECT 1 FROM open_spans WHERE correlation = ?1)
            """)
        deleteCorrelation = try connection.prepare("DELETE FROM correlations WHERE id = ?1")
    }

    mutating func run(olderThan: Timestamp?, maxBytes: Int64?) throws(SQLiteError) -> PruneReport {
        let pagesBefore = try pragma("page_count")
        if let olderThan {
            let limit = Int64(clamping: olderThan.nanosecondsSinceEpoch)
            for table in ["open_spans", "spans"] {
                while try removeSpans(
                    "SELECT id FROM \(table) WHERE start < \(limit) ORDER BY start LIMIT \(Self.spansPerTransaction)")
                {}
            }
        }
        if let maxBytes {
            while try usedBytes() > maxBytes,
                try removeSpans("SELECT id FROM spans ORDER BY id LIMIT \(Self.spansPerTransaction)")
            {}
        }
        return try shrink(from: pagesBefore)
    }

    /// Gives free pages back to the file system, and closes the report.
    mutating func shrink(from pagesBefore: Int64) throws(SQLiteError) -> PruneReport {
        while try pragma("freelist_count") > 0 {
            let before = try pragma("page_count")
            try connection.execute("PRAGMA incremental_vacuum(\(Self.pagesPerTransaction))")
            if try pragma("page_count") == before { break }
        }
        // The file shrinks when the log is copied into it; a reader in the middle of the log only puts that off.
        try connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        report.bytesFreed = max(0, pagesBefore - (try pragma("page_count"))) * (try pragma("page_size"))
        return report
    }

    func pragma(_ name: String) throws(SQLiteError) -> Int64 {
        try connection.integer("PRAGMA \(name)") ?? 0
    }

    private func usedBytes() throws(SQLiteError) -> Int64 {
        (try pragma("page_count") - (try pragma("freelist_count"))) * (try pragma("page_size"))
    }

    /// Removes the spans of the rows that a query names, in one transaction; false when it names none.
    private mutating func removeSpans(_ query: String) throws(SQLiteError) -> Bool {
        try removeSpans { connection throws(SQLiteError) in try connection.prepare(query).integers() }
    }

    /// Removes the spans of the rows that `choose` finds, in one transaction; false when it finds none.
    mutating func removeSpans(_ choose: (Connection) throws(SQLiteError) -> [Int64]) throws(SQLiteError) -> Bool {
        let previous = report
        do throws(SQLiteError) {
            return try connection.transaction { () throws(SQLiteError) in
                try remover.beginTransaction()
                var removed = SpanRemover.Removed()
                let rows = try choose(connection)
                try countUndelivered(rows)
                for row in rows { try remover.remove(row, into: &removed) }
                report.spans += removed.spans
                report.links += removed.links
                var interned = 0
                for trace in removed.traces where try !isUsed(trace, isTraceUsed) {
                    try delete(trace, deleteTrace)
                    report.traces += 1
                    interned += 1
                }
                for correlation in removed.correlations where try !isUsed(correlation, isCorrelationUsed) {
                    try delete(correlation, deleteCorrelation)
                    interned += 1
                }
                if interned > 0 {
                    // Tells every writer and reader to forget which rows it knows; see Interner.
                    try connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'interned_deletions'")
                }
                return !rows.isEmpty
            }
        } catch {
            report = previous
            throw error
        }
    }

    /// Deleting follows the order of storing, so what exporters have delivered goes first; what goes without having been
    /// delivered is counted against each exporter that wanted it. Nobody wants spans that are not sampled.
    private mutating func countUndelivered(_ rows: [Int64]) throws(SQLiteError) {
        guard let last = rows.max(), last > 0 else { return }
        let exporters = try connection.prepare("SELECT name, position FROM exporters WHERE position < ?1")
        try exporters.bind(last, 1)
        var behind: [(name: String, position: Int64)] = []
        while try exporters.step() { behind.append((exporters.text(0), exporters.integer(1))) }
        guard let lowest = behind.map(\.position).min() else { return }
        let isSampled = try connection.prepare("SELECT flags & 1 FROM spans WHERE id = ?1")
        var wanted: [Int64] = []
        for row in rows where row > lowest {
            try isSampled.bind(row, 1)
            if try isSampled.step(), isSampled.integer(0) == 1 { wanted.append(row) }
            isSampled.reset()
        }
        let note = try connection.prepare("UPDATE exporters SET lost = lost + ?2 WHERE name = ?1")
        for exporter in behind {
            let count = wanted.count { $0 > exporter.position }
            try note.bind(exporter.name, 1)
            try note.bind(Int64(count), 2)
            try note.run()
            report.undelivered += count
        }
    }

    private func isUsed(_ row: Int64, _ statement: Statement) throws(SQLiteError) -> Bool {
        try statement.bind(row, 1)
        defer { statement.reset() }
        return try statement.step() && statement.integer(0) != 0
    }

    private func delete(_ row: Int64, _ statement: Statement) throws(SQLiteError) {
        try statement.bind(row, 1)
        try statement.run()
    }
}
