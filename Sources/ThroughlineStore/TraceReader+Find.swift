internal import SQLite
public import ThroughlineModel

extension TraceReader {
    /// Finds spans by any id that a person has: a trace, span, message, causation or correlation id, or
    /// `attribute=value`, such as `order.id=42`.
    ///
    /// Ids are looked up in indexes. An attribute without a column of its own is searched for in every span that has
    /// attributes left over, newest first.
    ///
    /// - Returns: at most `limit` references, each once; empty when nothing matches.
    public func find(_ id: String, limit: Int = 1_000) throws(StoreError) -> [SpanReference] {
        try read { session throws(SQLiteError) in try session.find(id, limit: limit) }
    }

    /// Hands every span that started at `from` or later and before `to` to `body`, in the order in which they were
    /// stored, and unfinished ones last. A span that a sender delivered twice comes twice.
    ///
    /// - Throws: a ``StoreError``, or what `body` throws, which ends the walk.
    public func forEachSpan(
        from: Timestamp? = nil, to: Timestamp? = nil, _ body: (SpanRecord) throws -> Void
    ) throws {
        var failure: (any Error)?
        try read { session throws(SQLiteError) in
            try session.forEachSpan(from: from, to: to) { record in
                do { try body(record) } catch { failure = error }
                return failure == nil
            }
        }
        if let failure { throw failure }
    }
}

extension ReadSession {
    mutating func find(_ id: String, limit: Int) throws(SQLiteError) -> [SpanReference] {
        var rows: [Int64] = []
        if let trace = TraceID(hex: id) { rows += try self.rows(ofTrace: trace) }
        if let span = SpanID(hex: id) { rows += try self.rows(ofSpan: span) }
        // Some tools print UUIDs in upper case.
        for key in Set([MessageKey(id), MessageKey(id.lowercased())]) {
            rows += try self.rows(ofMessage: key)
            rows += try self.rows(ofCorrelation: key)
        }
        if rows.isEmpty, let equals = id.firstIndex(of: "=") {
            rows = try self.rows(
                ofAttribute: String(id[..<equals]), value: String(id[id.index(after: equals)...]), limit: limit)
        }
        return try references(rows, limit: limit)
    }

    private mutating func references(_ rows: [Int64], limit: Int) throws(SQLiteError) -> [SpanReference] {
        var found: [SpanReference] = []
        var seen: Set<SpanReference> = []
        for row in rows where found.count < limit {
            let table = row < 0 ? "open_spans" : "spans"
            guard
                let (trace, span) = try first(
                    "SELECT trace, span_id FROM \(table) WHERE id = ?1", row, { ($0.integer(0), $0.integer(1)) })
            else { continue }
            let reference = SpanReference(
                traceID: try decoder.interned.traceID(trace), spanID: SpanID(UInt64(bitPattern: span)))
            if seen.insert(reference).inserted { found.append(reference) }
        }
        return found
    }

    func rows(ofTrace trace: TraceID) throws(SQLiteError) -> [Int64] {
        guard let row = try self.row(ofTrace: trace) else { return [] }
        return try rows(ofTraceRow: row)
    }

    func row(ofTrace trace: TraceID) throws(SQLiteError) -> Int64? {
        let select = try statement("SELECT id FROM traces WHERE trace_id = ?1")
        defer { select.reset() }
        try select.bind(trace.high, trace.low, 1)
        return try select.step() ? select.integer(0) : nil
    }

    func rows(ofTraceRow trace: Int64) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT id FROM (SELECT id FROM spans WHERE trace = ?1 ORDER BY id)
            UNION ALL SELECT id FROM open_spans WHERE trace = ?1
            """
        ) { select throws(SQLiteError) in try select.bind(trace, 1) }
    }

    /// Asks each segment of the index by span id. (One SELECT with both `min` and `max` would read the whole table.)
    func rows(ofSpan span: SpanID) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            WITH RECURSIVE segment (number, last) AS (
                SELECT (SELECT min(id) FROM spans) >> \(Schema.segmentBits),
                    (SELECT max(id) FROM spans) >> \(Schema.segmentBits)
                UNION ALL SELECT number + 1, last FROM segment WHERE number < last)
            SELECT spans.id FROM segment CROSS JOIN spans
                ON id >> \(Schema.segmentBits) = segment.number AND span_id = ?1
            UNION ALL SELECT id FROM open_spans WHERE span_id = ?1
            """
        ) { select throws(SQLiteError) in try select.bind(Int64(bitPattern: span.rawValue), 1) }
    }

    func rows(ofMessage key: MessageKey) throws(SQLiteError) -> [Int64] {
        try rows("SELECT span FROM message_refs WHERE message_id = ?1 ORDER BY role, span") {
            select throws(SQLiteError) in try key.bind(to: select, 1)
        }
    }

    func rows(ofCorrelation key: MessageKey) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT id FROM spans WHERE correlation = (SELECT id FROM correlations WHERE correlation_id = ?1)
            UNION ALL
            SELECT id FROM open_spans WHERE correlation = (SELECT id FROM correlations WHERE correlation_id = ?1)
            """
        ) { select throws(SQLiteError) in try key.bind(to: select, 1) }
    }

    private mutating func rows(ofAttribute name: String, value: String, limit: Int) throws(SQLiteError) -> [Int64] {
        switch PromotedAttribute.named(name) {
        case .messageID?, .causationID?: return try rows(ofMessage: MessageKey(value))
        case .correlation?: return try rows(ofCorrelation: MessageKey(value))
        case let attribute? where attribute.kind == .text:
            return try rows(
                bothTables("\(attribute.column) = (SELECT id FROM strings WHERE text = ?1)", limit: limit)
            ) { select throws(SQLiteError) in try select.bind(value, 1) }
        case let attribute?:
            return try rows(bothTables("\(attribute.column) = ?1", limit: limit)) { select throws(SQLiteError) in
                try select.bind(Int64(value), 1)
            }
        case nil: break
        }
        // The text search finds candidates fast; each is then taken apart, because a value may contain the same text.
        var key: [UInt8] = []
        key.appendJSON(name)
        var found: [Int64] = []
        for table in ["open_spans", "spans"] {
            let select = try statement(
                "SELECT id, attributes FROM \(table) WHERE instr(attributes, ?1) > 0 ORDER BY id DESC")
            defer { select.reset() }
            try select.bind(String(decoding: key, as: UTF8.self) + ":", 1)
            while found.count < limit, try select.step() {
                let attributes = select.withText(1, AttributeJSONParser.attributes)
                if let stored = attributes?[name], stored.isWritten(value) { found.append(select.integer(0)) }
            }
        }
        return found
    }

    private func bothTables(_ condition: String, limit: Int) -> String {
        """
        SELECT id FROM open_spans WHERE \(condition)
        UNION ALL SELECT * FROM (SELECT id FROM spans WHERE \(condition) ORDER BY id DESC LIMIT \(limit))
        """
    }

    mutating func forEachSpan(
        from: Timestamp?, to: Timestamp?, _ body: (SpanRecord) -> Bool
    ) throws(SQLiteError) {
        let start = from.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .min
        let end = to.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .max
        var rows: (first: Int64, last: Int64) = (.min, .max)
        if from != nil || to != nil {
            // The index on start says between which rows the window lies; the walk itself follows the rows.
            let bounds = try statement("SELECT min(id), max(id) FROM spans WHERE start >= ?1 AND start < ?2")
            defer { bounds.reset() }
            try bounds.bind(start, 1)
            try bounds.bind(end, 2)
            _ = try bounds.step()
            rows = (bounds.optionalInteger(0) ?? 0, bounds.optionalInteger(1) ?? 0)
        }
        for table in ["spans", "open_spans"] {
            // `+start` keeps the planner from the index, which would give the order of time.
            let select = try connection.prepare(
                """
                SELECT \(SpanDecoder.columns) FROM \(table)
                WHERE +start >= ?1 AND +start < ?2\(table == "spans" ? " AND id BETWEEN ?3 AND ?4" : "") ORDER BY id
                """)
            try select.bind(start, 1)
            try select.bind(end, 2)
            if table == "spans" {
                try select.bind(rows.first, 3)
                try select.bind(rows.last, 4)
            }
            while try select.step() {
                guard body(try decoder.span(from: select).record) else { return }
            }
        }
    }
}

extension AttributeValue {
    /// True when a person who writes `text` means this value.
    fileprivate func isWritten(_ text: String) -> Bool {
        switch self {
        case .string(let value): value == text
        case .int(let value): String(value) == text
        case .bool(let value): String(value) == text
        case .double(let value): value.description == text || Double(text) == value
        case .array(let values): values.contains { $0.isWritten(text) }
        case .bytes, .map: false
        }
    }
}
