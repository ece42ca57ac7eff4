internal import SQLite
internal import ThroughlineModel

/// The spans among which every flow that a filter wants has one. The rarest thing that is asked for decides which.
struct FlowCandidates {
    /// Walks over start, trace and correlation, to be taken one after the other; together they go back in time. None when
    /// the store knows that no flow is wanted.
    private(set) var walks: [Statement] = []

    private var tables = ["spans", "open_spans"]
    private var conditions: [String] = []
    private var value: Value?

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
        var isIndexed = true
        if filter.unfinished {
            tables = ["open_spans"]
        } else if let word = names.deadLettered {
            seek("settlement = ?1", .row(word))
            isIndexed = false
        } else if filter.failed {
            conditions = ["status = \(SpanStatus.Code.error.rawValue)"]
        } else if let destination = names.destination {
            seek("destination = ?1", .row(destination))
        } else if let type = names.messageType {
            seek("message_type = ?1", .row(type))
            isIndexed = false
        } else if let service = filter.service {
            seek("resource IN (SELECT id FROM resources WHERE service_name = ?1)", .text(service))
            isIndexed = false
        } else if let until = filter.until {
            // Only here: a flow that began earlier may have failed, or come to a service, later.
            conditions = ["start < \(Int64(clamping: until.nanosecondsSinceEpoch))"]
        }
        let since = filter.since.map { Int64(clamping: $0.nanosecondsSinceEpoch) }
        let followed = isIndexed ? nil : try Self.start(ofNewest: count, session)
        if let oldest = [since, followed].compactMap({ $0 }).max() {
            walks.append(try walk(session, and: "start >= \(oldest)"))
        } else {
            walks.append(try walk(session))
        }
        if let followed, since ?? .min < followed {
            walks.append(try walk(session, and: "+start < \(followed) AND +start >= \(since ?? .min)", sorting: true))
        }
    }

    private mutating func seek(_ condition: String, _ value: Value) {
        conditions = [condition]
        self.value = value
    }

    /// The start of the oldest of so many newest spans; nil when there are no more.
    private static func start(ofNewest count: Int, _ session: ReadSession) throws(SQLiteError) -> Int64? {
        try session.rows("SELECT start FROM spans ORDER BY start DESC LIMIT 1 OFFSET ?1") {
            select throws(SQLiteError) in try select.bind(Int64(count), 1)
        }.first
    }

    private func walk(
        _ session: ReadSession, and bound: String? = nil, sorting: Bool = false
    ) throws(SQLiteError) -> Statement {
        let condition = (conditions + [bound].compactMap { $0 }).joined(separator: " AND ")
        let selects = tables.map { table in
            // The sign keeps SQLite from following the index for the order.
            "SELECT \(sorting ? "+start" : "start") AS start, trace, correlation FROM \(table)"
                + (condition.isEmpty ? "" : " WHERE " + condition)
        }
        let walk = try session.connection.prepare(
            "SELECT start, trace, correlation FROM (\(selects.joined(separator: " UNION ALL "))) ORDER BY start DESC")
        switch value {
        case .row(let row): try walk.bind(row, 1)
        case .text(let text): try walk.bind(text, 1)
        case nil: break
        }
        return walk
    }
}

/// What a filter names, as the store knows it.
private struct Names {
    var destination: Int64?
    var messageType: Int64?
    var deadLettered: Int64?

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
        if filter.deadLettered {
            deadLettered = try row(Settlement.deadLettered.rawValue, word)
            if deadLettered == nil { return nil }
        }
        if let name = filter.service {
            guard try row(name, "SELECT id FROM resources WHERE service_name = ?1 LIMIT 1") != nil else { return nil }
        }
    }
}
