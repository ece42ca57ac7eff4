internal import SQLite
internal import ThroughlineModel

/// Finds the rows of values that are stored once and named by their row, and adds those that are missing.
///
/// Used inside a write transaction only. What it remembers is right as long as nobody deletes such a row: pruning, in
/// whichever process, counts up `interned_deletions`, and ``beginTransaction()`` forgets everything when that changed.
struct Interner {
    private var strings = RecentRows<String>(capacity: 16_384)
    private var traces = RecentRows<TraceID>(capacity: 32_768)
    private var correlations = RecentRows<MessageKey>(capacity: 32_768)
    private var resources = RecentRows<Resource>(capacity: 256)
    private var scopes = RecentRows<InstrumentationScope>(capacity: 256)
    private var knownDeletions: Int64 = -1
    /// The first trace that this transaction added; those after it are new as well, as rows are numbered upwards.
    private var firstNewTrace: Int64?

    private let connection: Connection
    private let deletions: Statement
    private let stringRow: InternedRow
    private let traceRow: InternedRow
    private let correlationRow: InternedRow
    private let resourceRow: InternedRow
    private let scopeRow: InternedRow

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        deletions = try connection.prepare("SELECT value FROM meta WHERE key = 'interned_deletions'")
        stringRow = try InternedRow(connection, table: "strings", columns: ["text"], where: "text = ?1")
        traceRow = try InternedRow(connection, table: "traces", columns: ["trace_id"], where: "trace_id = ?1")
        correlationRow = try InternedRow(
            connection, table: "correlations", columns: ["correlation_id"], where: "correlation_id = ?1")
        resourceRow = try InternedRow(
            connection, table: "resources", columns: ["attributes", "schema_url", "service_name"],
            where: "attributes = ?1 AND ifnull(schema_url, x'00') = ifnull(?2, x'00') AND ?3 IS ?3")
        scopeRow = try InternedRow(
            connection, table: "scopes", columns: ["name", "version", "attributes", "schema_url"],
            where: """
                name = ?1 AND ifnull(version, x'00') = ifnull(?2, x'00') AND attributes = ?3
                AND ifnull(schema_url, x'00') = ifnull(?4, x'00')
                """)
    }

    mutating func beginTransaction() throws(SQLiteError) {
        firstNewTrace = nil
        let count = try deletions.step() ? deletions.integer(0) : 0
        deletions.reset()
        guard count != knownDeletions else { return }
        forgetAll()
        knownDeletions = count
    }

    /// Rows that a rolled-back transaction added are gone again.
    mutating func forgetAll() {
        strings.removeAll()
        traces.removeAll()
        correlations.removeAll()
        resources.removeAll()
        scopes.removeAll()
    }

    mutating func row(of text: String) throws(SQLiteError) -> Int64 {
        if let row = strings.row(of: text) { return row }
        let row = try stringRow.row { statement throws(SQLiteError) in try statement.bind(text, 1) }
        strings.insert(text, row)
        return row
    }

    mutating func row(of trace: TraceID) throws(SQLiteError) -> Int64 {
        if let row = traces.row(of: trace) { return row }
        let row = try traceRow.row { statement throws(SQLiteError) in try statement.bind(trace.high, trace.low, 1) }
        if firstNewTrace == nil, traceRow.hasInserted { firstNewTrace = row }
        traces.insert(trace, row)
        return row
    }

    /// True when the trace of that row was not there before this transaction.
    func isNew(trace row: Int64) -> Bool {
        firstNewTrace.map { row >= $0 } ?? false
    }

    mutating func row(of correlation: MessageKey) throws(SQLiteError) -> Int64 {
        if let row = correlations.row(of: correlation) { return row }
        let row = try correlationRow.row { statement throws(SQLiteError) in try correlation.bind(to: statement, 1) }
        correlations.insert(correlation, row)
        return row
    }

    mutating func row(of resource: Resource) throws(SQLiteError) -> Int64 {
        if let row = resources.row(of: resource) { return row }
        var json: [UInt8] = []
        AttributeJSON.append(resource.attributes, to: &json)
        let row = try resourceRow.row { statement throws(SQLiteError) in
            try statement.bind(String(decoding: json, as: UTF8.self), 1)
            try statement.bind(resource.schemaURL, 2)
            try statement.bind(resource.serviceName, 3)
        }
        resources.insert(resource, row)
        return row
    }

    mutating func row(of scope: InstrumentationScope) throws(SQLiteError) -> Int64 {
        if let row = scopes.row(of: scope) { return row }
        var json: [UInt8] = []
        AttributeJSON.append(scope.attributes, to: &json)
        let row = try scopeRow.row { statement throws(SQLiteError) in
            try statement.bind(scope.name, 1)
            try statement.bind(scope.version, 2)
            try statement.bind(String(decoding: json, as: UTF8.self), 3)
            try statement.bind(scope.schemaURL, 4)
        }
        scopes.insert(scope, row)
        return row
    }
}

/// Adds a value to a table that holds each value once, or finds it there.
private struct InternedRow {
    private let connection: Connection
    private let insert: Statement
    private let select: Statement

    init(_ connection: Connection, table: String, columns: [String], where condition: String) throws(SQLiteError) {
        self.connection = connection
        let parameters = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        insert = try connection.prepare(
            "INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(parameters))")
        select = try connection.prepare("SELECT id FROM \(table) WHERE \(condition)")
    }

    /// True when the last value that was asked for had not been there.
    var hasInserted: Bool { connection.changes == 1 }

    func row(_ bind: (Statement) throws(SQLiteError) -> Void) throws(SQLiteError) -> Int64 {
        try bind(insert)
        try insert.run()
        if hasInserted { return connection.lastInsertedRowID }
        try bind(select)
        defer { select.reset() }
        guard try select.step() else { throw .corrupt("an index of the interned values lacks an entry") }
        return select.integer(0)
    }
}
