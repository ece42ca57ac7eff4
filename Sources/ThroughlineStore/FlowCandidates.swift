internal import SQLite
internal import ThroughlineModel

/// The spans among which every flow that a filter wants has one. The rarest thing that is asked for decides which.
struct FlowCandidates {
    /// Goes back in time over start, row, trace, id and correlation of spans.
    struct Walk {
        var spans: Statement
        /// A wanted flow that has not been met at the end of the walk started earlier.
        var end: UInt64
    }

    /// To be taken one after the other. None when the store knows that no flow is wanted.
    private(set) var walks: [Walk] = []

    private var conditions: [String] = []
    private var value: Value?
    private var tables = ["spans", "open_spans"]

    private enum Value {
        case row(Int64)
        case text(String)
    }

    /// Where no index leads to the spans, those of the newest are found by an index of starts. Following it to every row
    /// takes several times as long as reading all rows in their own order and sorting those few that fit, which is what
    /// becomes of the rest.
    static let followed = 100_000

    init(_ filter: FlowFilter, _ session: ReadSession, following count: Int) throws(SQLiteError) {
        guard let names = try Names(filter, session) else { return }
        let since = filter.since.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .min
        var isIndexed = true
        var isRare = true
        if filter.unfinished {
            tables = ["open_spans"]
        } else if filter.deadLettered {
            conditions = [names.trouble, names.deadLetters]
            isIndexed = names.isMarked
        } else if filter.failed {
            conditions = [names.trouble]
            isIndexed = names.isMarked
        } else {
            isRare = false
            if let destination = names.destination {
                seek("destination = ?1", .row(destination))
            } else if let type = names.messageType {
                seek("message_type = ?1", .row(type))
                isIndexed = false
            } else if let service = filter.service {
                seek("resource IN (SELECT id FROM resources WHERE service_name = ?1)", .text(service))
                isIndexed = false
            } else if filter.withMessages {
                conditions = [MessagingRows.condition]
            }
        }
        if !isRare, let until = filter.until.map({ Int64(clamping: $0.nanosecondsSinceEpoch) }) {
            // A flow that began by then may have come to a service later, but then it has another span by then.
            let reached = conditions.isEmpty ? nil : try Self.start(ofNewest: count, before: until, session)
            let window = FlowCandidates(tables: tables, conditions: ["start < \(until)"])
            walks.append(try window.walk(session, from: max(since, reached ?? since)))
            guard let reached, since < reached else { return }
        }
        let followed = isIndexed ? nil : try Self.start(ofNewest: count, before: .max, session)
        walks.append(try walk(session, from: max(since, followed ?? since)))
        if let followed, since < followed { walks.append(try walk(session, from: since, before: followed)) }
    }

    private init(tables: [String], conditions: [String]) {
        self.tables = tables
        self.conditions = conditions
    }

    private mutating func seek(_ condition: String, _ value: Value) {
        conditions = [condition]
        self.value = value
    }

    /// The start of the oldest of so many newest spans of a time; nil when there are no more.
    private static func start(
        ofNewest count: Int, before time: Int64, _ session: ReadSession
    ) throws(SQLiteError) -> Int64? {
        try session.rows("SELECT start FROM spans WHERE start < ?1 ORDER BY start DESC LIMIT 1 OFFSET ?2") {
            select throws(SQLiteError) in
            try select.bind(time, 1)
            try select.bind(Int64(count), 2)
        }.first
    }

    /// - Parameter later: where the walk before came to; what is left is sorted instead of following an index.
    private func walk(
        _ session: ReadSession, from oldest: Int64, before later: Int64? = nil
    ) throws(SQLiteError) -> Walk {
        // The sign keeps SQLite from following the index.
        let start = later == nil ? "start" : "+start"
        let bounds = ["\(start) >= \(oldest)"] + (later.map { ["\(start) < \($0)"] } ?? [])
        let condition = (conditions + bounds).joined(separator: " AND ")
        let selects = tables.map {
            "SELECT \(start) AS start, id, trace, span_id, correlation FROM \($0) AS span WHERE \(condition)"
        }
        let spans = try session.connection.prepare(
            "SELECT start, id, trace, span_id, correlation FROM (\(selects.joined(separator: " UNION ALL "))) ORDER BY start DESC"
        )
        switch value {
        case .row(let row): try spans.bind(row, 1)
        case .text(let text): try spans.bind(text, 1)
        case nil: break
        }
        return Walk(spans: spans, end: UInt64(max(0, oldest)))
    }
}

/// What a filter names, as the store knows it.
private struct Names {
    var destination: Int64?
    var messageType: Int64?
    /// What spans say that failed or gave a message up.
    let trouble: String
    /// False for a store in which no span is marked, so that no index leads to these.
    let isMarked: Bool
    /// What is said besides by those of them that may show a dead letter: that a message was given up, or a failure with
    /// one that is elsewhere, too.
    var deadLetters = ""

    /// Nil when the store has never come across one of the names.
    init?(_ filter: FlowFilter, _ session: ReadSession) throws(SQLiteError) {
        func row(_ text: String, _ sql: String) throws(SQLiteError) -> Int64? {
            try session.rows(sql) { select throws(SQLiteError) in try select.bind(text, 1) }.first
        }
        let word = "SELECT id FROM strings WHERE text = ?1"
        if let name = filter.destination {
            destination = try row(name, word)
            if destination == nil { return nil }
        }
        if let name = filter.messageType {
            messageType = try row(name, word)
            if messageType == nil { return nil }
        }
        isMarked = try Migrations.version(of: session.connection) >= Schema.firstMarkedVersion
        trouble = isMarked ? Trouble.condition : "(\(Trouble.condition) OR \(Trouble.unmarked))"
        if filter.deadLettered {
            deadLetters = """
                (\(isMarked ? "flags >= \(Trouble.givingUp)" : Trouble.unmarked) OR message_id IS NOT NULL
                    AND EXISTS (SELECT 1 FROM message_refs AS ref JOIN spans AS other ON other.id = ref.span
                        WHERE ref.message_id = span.message_id AND ref.role = \(MessageRole.own.rawValue)
                            AND other.destination <> span.destination))
                """
        }
        if let name = filter.service {
            guard try row(name, "SELECT id FROM resources WHERE service_name = ?1 LIMIT 1") != nil else { return nil }
        }
    }
}
