internal import SQLite
internal import ThroughlineModel

/// Walks from trace to trace, breadth first: each round reads the traces that the one before has found, then asks, for
/// all of them together, where they lead.
///
/// Rows of spans are told from one another before anything is looked up about them: most of what an index names has been
/// read already.
struct FlowWalk {
    private let limit: Int
    private let guarding: HubGuard
    private let statements: Statements

    private var queue: [Int64] = []
    private var visited: Set<Int64> = []
    private var spans: [SpanDecoder.Stored] = []
    private var rowsRead = 0
    /// The rows that were read.
    private var rows = RowSet()
    private var messages: Set<MessageKey> = []
    private var correlations: Set<Int64> = []
    private var unfollowed: [String] = []

    init(_ session: ReadSession, limit: Int, guarding: HubGuard) throws(SQLiteError) {
        self.limit = limit
        self.guarding = guarding
        statements = try Statements(session)
    }

    mutating func visit(_ trace: Int64) {
        if visited.insert(trace).inserted { queue.append(trace) }
    }

    mutating func run(_ session: inout ReadSession) throws(SQLiteError) -> FlowSpans {
        var isCut = false
        var next = 0
        while next < queue.count, !isCut {
            let traces = queue[next...]
            next = queue.count
            let first = spans.count
            for trace in traces where !isCut {
                rowsRead += try session.decoder.appendSpans(ofTrace: trace, atMost: limit - rowsRead, to: &spans)
                isCut = rowsRead > limit
            }
            try follow(from: first, &session)
            // Links from elsewhere into these traces.
            for trace in traces {
                try statements.linksTo.bind(trace, 1)
                try visit(statements.linksTo.integers())
            }
        }
        return FlowSpans(spans: spans.recordsByStart, isCut: isCut, unfollowedCorrelationIDs: unfollowed)
    }

    /// Visits everything that the spans from a place on name.
    private mutating func follow(from first: Int, _ session: inout ReadSession) throws(SQLiteError) {
        var keys: [MessageKey] = []
        var traces: [Int64] = []
        try session.decoder.readLinks(into: &spans, from: first) { target in
            traces.append(target.trace)
            if let key = target.messageID { keys.append(key) }
        }
        for trace in traces { visit(trace) }
        var newCorrelations: [Int64] = []
        for place in first..<spans.count {
            rows.insert(spans[place].row)
            if let key = spans[place].messageID { keys.append(key) }
            if let key = spans[place].causationID { keys.append(key) }
            for id in spans[place].causationIDs { keys.append(MessageKey(id)) }
            if let correlation = spans[place].correlation, correlations.insert(correlation).inserted {
                newCorrelations.append(correlation)
            }
        }
        for correlation in newCorrelations { try follow(correlation: correlation, &session) }
        for key in keys where messages.insert(key).inserted {
            try key.bind(to: statements.messages, 1)
            try visit(statements.messages.integers())
        }
    }

    /// As many rows as may join are no hub, whatever they belong to; where there are more, their traces count.
    private mutating func follow(correlation: Int64, _ session: inout ReadSession) throws(SQLiteError) {
        let limit = Int64(clamping: guarding.maximumParts + 1)
        try statements.correlated.bind(correlation, 1)
        try statements.correlated.bind(limit, 2)
        let rows = try statements.correlated.integers()
        guard rows.count > guarding.maximumParts else { return try visit(rows) }
        try statements.correlatedTraces.bind(correlation, 1)
        try statements.correlatedTraces.bind(limit, 2)
        let traces = try statements.correlatedTraces.integers()
        if traces.count > guarding.maximumParts {
            unfollowed.append(try session.decoder.interned.correlation(correlation))
        } else {
            for trace in traces { visit(trace) }
        }
    }

    private mutating func visit(_ rows: [Int64]) throws(SQLiteError) {
        for row in rows where !self.rows.contains(row) {
            let select = row < 0 ? statements.traceOfOpen : statements.traceOfSpan
            try select.bind(row, 1)
            defer { select.reset() }
            if try select.step() { visit(select.integer(0)) }
        }
    }

    /// What the walk asks, prepared once for the connection.
    private struct Statements {
        let messages: Statement
        let correlated: Statement
        let correlatedTraces: Statement
        let linksTo: Statement
        let traceOfSpan: Statement
        let traceOfOpen: Statement

        init(_ session: ReadSession) throws(SQLiteError) {
            messages = try session.statement("SELECT span FROM message_refs WHERE message_id = ?1")
            correlated = try session.statement(
                """
                SELECT id FROM spans WHERE correlation = ?1
                UNION ALL SELECT id FROM open_spans WHERE correlation = ?1 LIMIT ?2
                """)
            correlatedTraces = try session.statement(
                """
                SELECT trace FROM spans WHERE correlation = ?1
                UNION SELECT trace FROM open_spans WHERE correlation = ?1 LIMIT ?2
                """)
            linksTo = try session.statement("SELECT span FROM links WHERE target_trace = ?1")
            traceOfSpan = try session.statement("SELECT trace FROM spans WHERE id = ?1")
            traceOfOpen = try session.statement("SELECT trace FROM open_spans WHERE id = ?1")
        }
    }
}

/// Rows that were met. Rows that were written together lie together, so one word tells of sixty-four.
private struct RowSet {
    private var words: [Int64: UInt64] = [:]
    private var last: (place: Int64, word: UInt64) = (.min, 0)

    mutating func insert(_ row: Int64) {
        let place = row >> 6
        if last.place != place { last = (place, words[place] ?? 0) }
        last.word |= 1 << UInt64(row & 63)
        words[place] = last.word
    }

    mutating func contains(_ row: Int64) -> Bool {
        let place = row >> 6
        if last.place != place { last = (place, words[place] ?? 0) }
        return last.word & 1 << UInt64(row & 63) != 0
    }
}
