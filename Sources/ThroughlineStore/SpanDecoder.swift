internal import SQLite
internal import ThroughlineModel

/// Reads rows back as records. Belongs to one connection; used inside one transaction at a time, with
/// ``beginTransaction()`` first when the connection outlives it.
struct SpanDecoder {
    /// A record and the interned rows that it names.
    struct Stored {
        var row: Int64
        var trace: Int64
        var correlation: Int64?
        var record: SpanRecord
        /// The traces that its links lead to.
        var linkedTraces: [Int64] = []
    }

    /// What a SELECT must ask for so that ``span(from:)`` can read it.
    static let columns = "id, " + Schema.spanColumnNames.joined(separator: ", ")

    private static let attributesColumn: Int32 = 15
    private static let eventsColumn: Int32 = 16

    private var strings: [Int64: String] = [:]
    private var traces: [Int64: TraceID] = [:]
    private var correlations: [Int64: MessageKey] = [:]
    private var resources: [Int64: Resource] = [:]
    private var scopes: [Int64: InstrumentationScope] = [:]
    private var knownDeletions: Int64 = -1
    private static let capacity = 65_536

    private let deletions: Statement
    private let selectSpan: Statement
    private let selectOpen: Statement
    private let selectString: Statement
    private let selectTrace: Statement
    private let selectCorrelation: Statement
    private let selectResource: Statement
    private let selectScope: Statement
    private let selectLinks: Statement
    private let traceSpans: [(spans: Statement, links: Statement)]

    init(_ connection: Connection) throws(SQLiteError) {
        deletions = try connection.prepare("SELECT value FROM meta WHERE key = 'interned_deletions'")
        selectSpan = try connection.prepare("SELECT \(Self.columns) FROM spans WHERE id = ?1")
        selectOpen = try connection.prepare("SELECT \(Self.columns) FROM open_spans WHERE id = ?1")
        selectString = try connection.prepare("SELECT text FROM strings WHERE id = ?1")
        selectTrace = try connection.prepare("SELECT trace_id FROM traces WHERE id = ?1")
        selectCorrelation = try connection.prepare("SELECT correlation_id FROM correlations WHERE id = ?1")
        selectResource = try connection.prepare("SELECT attributes, schema_url FROM resources WHERE id = ?1")
        selectScope = try connection.prepare("SELECT name, version, attributes, schema_url FROM scopes WHERE id = ?1")
        selectLinks = try connection.prepare(
            "SELECT \(Self.linkColumns) FROM links l WHERE span = ?1 ORDER BY position")
        var traceSpans: [(spans: Statement, links: Statement)] = []
        for table in ["spans", "open_spans"] {
            traceSpans.append(
                (
                    try connection.prepare("SELECT \(Self.columns) FROM \(table) WHERE trace = ?1 ORDER BY id"),
                    try connection.prepare(
                        """
                        SELECT \(Self.linkColumns) FROM \(table) s JOIN links l ON l.span = s.id WHERE s.trace = ?1
                        ORDER BY s.id, l.position
                        """)
                ))
        }
        self.traceSpans = traceSpans
    }

    private static let linkColumns = """
        l.target_trace, l.target_span, l.flags, l.type, l.message_id, l.trace_state, l.dropped, l.attributes, l.span
        """

    /// Forgets what may have changed since the last transaction: a deleted row's number may be in use again.
    mutating func beginTransaction() throws(SQLiteError) {
        let count = try deletions.step() ? deletions.integer(0) : 0
        deletions.reset()
        guard count != knownDeletions else { return }
        forgetAll()
        knownDeletions = count
    }

    mutating func forgetAll() {
        strings = [:]
        traces = [:]
        correlations = [:]
        resources = [:]
        scopes = [:]
    }

    /// The span of one row: of `open_spans` when the number is negative, else of `spans`; nil when there is none.
    mutating func span(atRow row: Int64) throws(SQLiteError) -> Stored? {
        let statement = row < 0 ? selectOpen : selectSpan
        try statement.bind(row, 1)
        defer { statement.reset() }
        return try statement.step() ? try span(from: statement) : nil
    }

    /// Hands the spans of a trace to `body`, in the order in which they were stored and unfinished ones last, until it
    /// returns false. One query for the spans and one for their links, however many there are.
    mutating func forEachSpan(
        ofTrace trace: Int64, _ body: (Stored) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        for (spans, links) in traceSpans {
            try spans.bind(trace, 1)
            try links.bind(trace, 1)
            defer {
                spans.reset()
                links.reset()
            }
            // Both come in the order of the spans' rows, so they are read side by side.
            var hasLink = false
            var isAtLinks = false
            while try spans.step() {
                var stored = try bareSpan(from: spans)
                if !isAtLinks {
                    hasLink = try links.step()
                    isAtLinks = true
                }
                while hasLink, links.integer(8) == stored.row {
                    try append(links, to: &stored)
                    hasLink = try links.step()
                }
                guard try body(stored) else { return }
            }
        }
    }

    /// How many bytes of attributes and events the row has that `statement` is at.
    static func textBytes(of statement: Statement) -> Int {
        func count(_ column: Int32) -> Int { statement.isNull(column) ? 0 : statement.withText(column, \.count) }
        return count(attributesColumn) + count(eventsColumn)
    }

    /// The span of the row that `statement` is at; its columns are ``columns``.
    mutating func span(from statement: Statement) throws(SQLiteError) -> Stored {
        var stored = try bareSpan(from: statement)
        try selectLinks.bind(stored.row, 1)
        defer { selectLinks.reset() }
        while try selectLinks.step() { try append(selectLinks, to: &stored) }
        return stored
    }

    /// The span without its links.
    private mutating func bareSpan(from statement: Statement) throws(SQLiteError) -> Stored {
        let row = statement.integer(0)
        let trace = statement.integer(1)
        let start = UInt64(bitPattern: statement.integer(7))
        let flags = WireFlags.parts(of: statement.integer(4))
        guard let kind = SpanKind(rawValue: Int(clamping: statement.integer(5))),
            let code = SpanStatus.Code(rawValue: Int(clamping: statement.integer(9)))
        else { throw .corrupt("span \(row) has an unknown kind or status") }
        var record = SpanRecord(
            traceID: try traceID(trace), spanID: SpanID(UInt64(bitPattern: statement.integer(2))),
            parentID: statement.optionalInteger(3).map { SpanID(UInt64(bitPattern: $0)) },
            parentIsRemote: flags.isRemote, flags: flags.flags, name: try string(statement.integer(6)), kind: kind,
            start: Timestamp(nanosecondsSinceEpoch: start),
            end: statement.optionalInteger(8).map {
                Timestamp(nanosecondsSinceEpoch: start &+ UInt64(bitPattern: $0))
            })
        record.status.code = code
        record.status.message = statement.optionalText(10)
        record.resource = try resource(statement.integer(11))
        record.scope = try scope(statement.integer(12))
        if let header = statement.optionalText(13) { record.traceState = TraceState(header: header) ?? TraceState() }
        if let dropped = try attributes(statement, 14) {
            func count(_ key: String) -> Int { dropped[key]?.intValue.map { Int(clamping: $0) } ?? 0 }
            record.dropped = DroppedCounts(
                attributes: count("attributes"), events: count("events"), links: count("links"))
        }
        let correlation = statement.optionalInteger(Schema.promotedColumn(.correlation))
        record.attributes = try promotedAttributes(statement, correlation: correlation)
        for element in try attributes(statement, Self.attributesColumn) ?? [:] {
            record.attributes.appendUnique(element.key, element.value)
        }
        if !statement.isNull(Self.eventsColumn) {
            guard let events = statement.withText(Self.eventsColumn, EventJSON.events) else {
                throw .corrupt("the events of span \(row) cannot be read")
            }
            record.events = events
        }
        return Stored(row: row, trace: trace, correlation: correlation, record: record)
    }

    private mutating func promotedAttributes(
        _ statement: Statement, correlation: Int64?
    ) throws(SQLiteError) -> Attributes {
        var attributes = Attributes()
        for attribute in PromotedAttribute.allCases {
            let column = Schema.promotedColumn(attribute)
            guard !statement.isNull(column) else { continue }
            switch attribute.kind {
            case .text: attributes.appendUnique(attribute.key, .string(try string(statement.integer(column))))
            case .number: attributes.appendUnique(attribute.key, .int(statement.integer(column)))
            case .id where attribute == .correlation:
                attributes.appendUnique(attribute.key, .string(try self.correlation(statement.integer(column)).id))
            case .id: attributes.appendUnique(attribute.key, .string(MessageKey(statement, column).id))
            }
        }
        return attributes
    }

    private mutating func append(_ link: Statement, to stored: inout Stored) throws(SQLiteError) {
        let trace = link.integer(0)
        let flags = WireFlags.parts(of: link.integer(2))
        var context = SpanContext(
            traceID: try traceID(trace), spanID: SpanID(UInt64(bitPattern: link.integer(1))), flags: flags.flags,
            isRemote: flags.isRemote)
        if let header = link.optionalText(5) { context.traceState = TraceState(header: header) ?? TraceState() }
        var attributes = Attributes()
        if let type = link.optionalInteger(3) {
            attributes.appendUnique(ThroughlineAttribute.linkType, .string(try string(type)))
        }
        if !link.isNull(4) {
            attributes.appendUnique(MessagingAttribute.messageID, .string(MessageKey(link, 4).id))
        }
        for element in try self.attributes(link, 7) ?? [:] { attributes.appendUnique(element.key, element.value) }
        stored.record.links.append(
            SpanLink(
                context: context, attributes: attributes,
                droppedAttributes: Int(clamping: link.optionalInteger(6) ?? 0)))
        stored.linkedTraces.append(trace)
    }

    private func attributes(_ statement: Statement, _ column: Int32) throws(SQLiteError) -> Attributes? {
        guard !statement.isNull(column) else { return nil }
        guard let attributes = statement.withText(column, AttributeJSONParser.attributes) else {
            throw .corrupt("attributes are no JSON object: \(statement.text(column).prefix(80))")
        }
        return attributes
    }

    mutating func string(_ row: Int64) throws(SQLiteError) -> String {
        if let string = strings[row] { return string }
        let string = try Self.interned(row, selectString, "strings") { $0.text(0) }
        if strings.count >= Self.capacity { strings = [:] }
        strings[row] = string
        return string
    }

    mutating func traceID(_ row: Int64) throws(SQLiteError) -> TraceID {
        if let trace = traces[row] { return trace }
        let halves = try Self.interned(row, selectTrace, "traces") { $0.halves(0) }
        guard let halves else { throw .corrupt("trace \(row) is not 16 bytes") }
        let trace = TraceID(high: halves.high, low: halves.low)
        if traces.count >= Self.capacity { traces = [:] }
        traces[row] = trace
        return trace
    }

    mutating func correlation(_ row: Int64) throws(SQLiteError) -> MessageKey {
        if let correlation = correlations[row] { return correlation }
        let correlation = try Self.interned(row, selectCorrelation, "correlations") { MessageKey($0, 0) }
        if correlations.count >= Self.capacity { correlations = [:] }
        correlations[row] = correlation
        return correlation
    }

    private mutating func resource(_ row: Int64) throws(SQLiteError) -> Resource {
        if let resource = resources[row] { return resource }
        let (attributes, schemaURL) = try Self.interned(row, selectResource, "resources") {
            ($0.withText(0, AttributeJSONParser.attributes), $0.optionalText(1))
        }
        guard let attributes else { throw .corrupt("the attributes of resource \(row) cannot be read") }
        let resource = Resource(attributes: attributes, schemaURL: schemaURL)
        resources[row] = resource
        return resource
    }

    private mutating func scope(_ row: Int64) throws(SQLiteError) -> InstrumentationScope {
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

extension Schema {
    /// Where a promoted attribute stands among ``SpanDecoder/columns``, which begin with the row id.
    static func promotedColumn(_ attribute: PromotedAttribute) -> Int32 {
        1 + firstPromotedColumn + Int32(attribute.rawValue)
    }
}
