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
    ///   - maxBytes: deletes spans in the order in which they were stored until the rest takes no more than that. Less than
    ///     the file takes without any span deletes nothing, and ``PruneReport/smallestBytes`` says how much that is.
    ///   - sparingUndelivered: keeps what an exporter has still to deliver and what was set aside for one, whatever the
    ///     limits say; ``PruneReport/spared`` says how much that is. Otherwise it goes too, and is counted as lost.
    public func prune(
        olderThan: Timestamp? = nil, maxBytes: Int64? = nil, sparingUndelivered: Bool = false
    ) throws(StoreError) -> PruneReport {
        try StoreError.wrapping("prune", path) { () throws(SQLiteError) in
            var pruning = try Pruning(
                try StoreFile.openForWriting(path, busyTimeout: max(options.busyTimeoutMilliseconds, 1_000)))
            pruning.sparesUndelivered = sparingUndelivered
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
    var report = PruneReport()
    /// Whether what an exporter still wants stays.
    var sparesUndelivered = false

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
                var last = Int64.min
                while try removeSpans(of: table, by: "start", after: &last, "start < \(limit)") {}
            }
            if sparesUndelivered { report.spared = try count("SELECT count(*) FROM spans WHERE start < \(limit)") }
        }
        if let maxBytes { try removeSpans(downTo: maxBytes) }
        return try shrink(from: pagesBefore)
    }

    private mutating func removeSpans(downTo maxBytes: Int64) throws(SQLiteError) {
        var used = try usedBytes()
        let smallest = min(try smallestBytes(), used)
        if maxBytes < smallest {
            report.smallestBytes = smallest
            return
        }
        var last = Int64.min
        while used > maxBytes {
            // About as many as are too many: ids have hardly a gap.
            let spans =
                try connection.integer(
                    "SELECT (SELECT max(id) FROM spans) - (SELECT min(id) FROM spans) + 1") ?? 0
            let excess = Double(used - maxBytes) / Double(used) * Double(spans)
            let limit = min(Self.spansPerTransaction, max(10, Int(excess)))
            guard try removeSpans(of: "spans", by: "id", after: &last, "TRUE", limit: limit) else { break }
            used = try usedBytes()
        }
        if sparesUndelivered, used > maxBytes { report.spared = try count("SELECT count(*) FROM spans") }
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

    /// About how small the file can become, and rather too much than too little: a page for each table and index, and
    /// what stays when all spans are gone.
    private func smallestBytes() throws(SQLiteError) -> Int64 {
        let pages = try count("SELECT count(*) FROM sqlite_schema WHERE rootpage > 0")
        func bytes(_ table: String, _ columns: [String], copies: Int, overhead: Int) throws(SQLiteError) -> Int {
            let lengths = columns.map { "ifnull(length(CAST(\($0) AS BLOB)), 0)" }.joined(separator: " + ")
            return try count("SELECT ifnull(sum(\(copies) * (\(lengths)) + \(overhead)), 0) FROM \(table)")
        }
        // What is unique stands in its index too.
        let content =
            try bytes("sqlite_schema", ["sql"], copies: 1, overhead: 100)
            + bytes("strings", ["text"], copies: 2, overhead: 20)
            + bytes("resources", ["service_name", "attributes", "schema_url"], copies: 2, overhead: 40)
            + bytes("scopes", ["name", "version", "attributes", "schema_url"], copies: 2, overhead: 40)
            + bytes("open_spans", ["attributes", "events"], copies: 1, overhead: 400)
        // The pages of an index that grows in no order are two thirds full.
        return try Int64(pages + 2) * pragma("page_size") + Int64(content) * 3 / 2
    }

    private func count(_ query: String) throws(SQLiteError) -> Int {
        Int(clamping: try connection.integer(query) ?? 0)
    }

    /// Removes the next spans in the order of a column, in one transaction; false when there are none.
    ///
    /// - Parameter last: The value of the column behind which everything that may go has gone.
    private mutating func removeSpans(
        of table: String, by column: String, after last: inout Int64, _ condition: String,
        limit: Int = spansPerTransaction
    ) throws(SQLiteError) -> Bool {
        let isFree = sparesUndelivered ? Self.isFree(table) : "TRUE"
        let query = """
            SELECT id, \(column) FROM \(table) WHERE \(column) >= \(last) AND \(condition) AND \(isFree)
            ORDER BY \(column) LIMIT \(limit)
            """
        var end = last
        let hasRemoved = try removeSpans { connection throws(SQLiteError) in
            let select = try connection.prepare(query)
            var rows: [Int64] = []
            while try select.step() {
                rows.append(select.integer(0))
                end = select.integer(1)
            }
            return rows
        }
        last = end
        return hasRemoved
    }

    /// Whether no exporter wants a span any more: it is not sampled, or delivered by all of them and set aside by none.
    static func isFree(_ table: String) -> String {
        """
        (\(table).flags & 1 = 0 OR \(table).id <= ifnull((SELECT min(position) FROM exporters), \(Int64.max))
            AND NOT EXISTS (SELECT 1 FROM set_aside WHERE first <= \(table).id AND last >= \(table).id))
        """
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
