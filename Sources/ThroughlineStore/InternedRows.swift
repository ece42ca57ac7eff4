internal import SQLite
internal import ThroughlineModel

/// The texts, trace ids, resources and scopes that rows of spans name by number, each read once and then shared.
struct InternedRows {
    private var strings = RowCache<String>()
    private var traces = RowCache<TraceID>()
    private var correlations = RowCache<String>()
    private var resources = RowCache<Resource>()
    private var scopes = RowCache<InstrumentationScope>()

    private let selectString: Statement
    private let selectTrace: Statement
    private let selectCorrelation: Statement
    private let selectResource: Statement
    private let selectScope: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        selectString = try connection.prepare("SELECT text FROM strings WHERE id = ?1")
        selectTrace = try connection.prepare("SELECT trace_id FROM traces WHERE id = ?1")
        selectCorrelation = try connection.prepare("SELECT correlation_id FROM correlations WHERE id = ?1")
        selectResource = try connection.prepare("SELECT attributes, schema_url FROM resources WHERE id = ?1")
        selectScope = try connection.prepare("SELECT name, version, attributes, schema_url FROM scopes WHERE id = ?1")
    }

    mutating func forgetAll() {
        strings = RowCache()
        traces = RowCache()
        correlations = RowCache()
        resources = RowCache()
        scopes = RowCache()
    }

    mutating func string(_ row: Int64) throws(SQLiteError) -> String {
        if let string = strings[row] { return string }
        let string = try Self.interned(row, selectString, "strings") { $0.text(0) }
        strings[row] = string
        return string
    }

    mutating func traceID(_ row: Int64) throws(SQLiteError) -> TraceID {
        if let trace = traces[row] { return trace }
        let halves = try Self.interned(row, selectTrace, "traces") { $0.halves(0) }
        guard let halves else { throw .corrupt("trace \(row) is not 16 bytes") }
        let trace = TraceID(high: halves.high, low: halves.low)
        traces[row] = trace
        return trace
    }

    mutating func correlation(_ row: Int64) throws(SQLiteError) -> String {
        if let correlation = correlations[row] { return correlation }
        let correlation = try Self.interned(row, selectCorrelation, "correlations") { MessageKey($0, 0).id }
        correlations[row] = correlation
        return correlation
    }

    mutating func resource(_ row: Int64) throws(SQLiteError) -> Resource {
        if let resource = resources[row] { return resource }
        let (attributes, schemaURL) = try Self.interned(row, selectResource, "resources") {
            ($0.withText(0, AttributeJSONParser.attributes), $0.optionalText(1))
        }
        guard let attributes else { throw .corrupt("the attributes of resource \(row) cannot be read") }
        let resource = Resource(attributes: attributes, schemaURL: schemaURL)
        resources[row] = resource
        return resource
    }

    mutating func scope(_ row: Int64) throws(SQLiteError) -> InstrumentationScope {
        if let scope = scopes[row] { return scope }
        let (name, version, attributes, schemaURL) = try Self.interned(row, selectScope, "scopes") {
            ($0.text(0), $0.optionalText(1), $0.withText(2, AttributeJSONParser.attributes), $0.optionalText(3))
        }
        guard let attributes else { throw .corrupt("the attributes of scope \(row) cannot be read") }
        let scope = InstrumentationScope(name: name, version: version, attributes: attributes, schemaURL: schemaURL)
        scopes[row] = scope
        return scope
    }

    private static func interned<Value>(
        _ row: Int64, _ statement: Statement, _ table: String, _ read: (Statement) -> Value
    ) throws(SQLiteError) -> Value {
        try statement.bind(row, 1)
        defer { statement.reset() }
        guard try statement.step() else { throw .corrupt("\(table) has no row \(row), which a span names") }
        return read(statement)
    }
}
