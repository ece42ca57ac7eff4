internal import SQLite

/// A connection for reading and what is prepared on it.
struct ReadSession {
    let connection: Connection
    var decoder: SpanDecoder
    private let statements = PreparedStatements()

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        decoder = try SpanDecoder(connection)
    }

    /// A statement of this text, prepared once and ready to be bound.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        try statements.statement(sql, on: connection)
    }

    /// The first column of all rows of a query.
    func rows(_ sql: String, _ bind: (Statement) throws(SQLiteError) -> Void) throws(SQLiteError) -> [Int64] {
        let select = try statement(sql)
        try bind(select)
        return try select.integers()
    }

    /// What `read` makes of the first row of a query with one parameter, nil when there is none.
    func first<Value>(_ sql: String, _ parameter: Int64, _ read: (Statement) -> Value) throws(SQLiteError) -> Value? {
        let select = try statement(sql)
        try select.bind(parameter, 1)
        defer { select.reset() }
        return try select.step() ? read(select) : nil
    }

    mutating func transaction<Result>(
        _ body: (inout ReadSession) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try connection.transaction(.deferred) { () throws(SQLiteError) in
            try decoder.beginTransaction()
            defer { decoder.endTransaction() }
            return try body(&self)
        }
    }

    func counts() throws(SQLiteError) -> StoreCounts {
        StoreCounts(
            spans: try count("spans"), unfinished: try count("open_spans"), traces: try count("traces"),
            links: try count("links"))
    }

    func check(_ path: String) throws(SQLiteError) -> StoreReport {
        var problems: [String] = []
        let quickCheck = try connection.prepare("PRAGMA quick_check")
        do throws(SQLiteError) {
            while try quickCheck.step() {
                let line = quickCheck.text(0)
                if line != "ok" { problems.append(line) }
            }
        } catch {
            guard error.isCorrupt else { throw error }
            problems.append(error.message)
        }
        var counts = StoreCounts(spans: 0, unfinished: 0, traces: 0, links: 0)
        do throws(SQLiteError) {
            counts = try self.counts()
        } catch {
            guard error.isCorrupt else { throw error }
            problems.append(error.message)
        }
        let pageSize = try connection.integer("PRAGMA page_size") ?? 0
        return StoreReport(
            problems: problems, schemaVersion: Int(clamping: try Migrations.version(of: connection)), counts: counts,
            fileBytes: StoreFile.size(of: path) ?? 0,
            freeBytes: try (connection.integer("PRAGMA freelist_count") ?? 0) * pageSize,
            walBytes: StoreFile.size(of: path + "-wal") ?? 0)
    }

    private func count(_ table: String) throws(SQLiteError) -> Int {
        Int(clamping: try connection.integer("SELECT count(*) FROM \(table)") ?? 0)
    }
}

/// The statements that a connection has prepared so far; forgets all when they become many.
private final class PreparedStatements {
    private var byText: [String: Statement] = [:]
    private static let capacity = 64

    func statement(_ sql: String, on connection: Connection) throws(SQLiteError) -> Statement {
        if let known = byText[sql] {
            known.reset()
            return known
        }
        if byText.count >= Self.capacity { byText = [:] }
        let statement = try connection.prepare(sql)
        byText[sql] = statement
        return statement
    }
}
