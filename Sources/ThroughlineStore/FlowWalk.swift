internal import SQLite
internal import ThroughlineFlow
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

    /// The traces to read in the next round, and the spans by which they were come upon.
    private var queue: [Int64] = []
    private var entries: [Int64: [SpanID]] = [:]
    /// The traces that were read as a whole.
    private(set) var read: Set<Int64> = []
    private var readParts: Set<Part> = []
    /// What was found out about traces with many spans: nil for those that are no hub.
    private(set) var hubs: [Int64: HubTrace?]
    private var spans: [SpanDecoder.Stored] = []
    private var rowsRead = 0
    private var isCut = false
    /// The rows that were read.
    private(set) var rows = RowSet()
    /// Traces at which the walk ends, because somebody has been there.
    private let known: Set<Int64>
    /// True when the walk has ended at one of these.
    private(set) var hasMetKnown = false
    private var messages: Set<MessageKey> = []
    private var correlations: Set<Int64> = []
    private var unfollowed: [String] = []
    private var unfollowedMessages: [String] = []
    /// The spans that link to those of this round.
    private var linking: [Int64] = []

    /// - Parameters:
    ///   - hubs: what walks before have found out about traces.
    ///   - known: traces at which to end.
    init(
        _ session: ReadSession, limit: Int, guarding: HubGuard, hubs: [Int64: HubTrace?] = [:], known: Set<Int64> = []
    ) throws(SQLiteError) {
        self.limit = limit
        self.guarding = guarding
        self.hubs = hubs
        self.known = known
        statements = try Statements(session)
    }

    /// Reads the trace in the next round: as a whole, or what hangs together with the span where the trace is a hub.
    mutating func visit(_ trace: Int64, _ span: SpanID) {
        if read.contains(trace) { return }
        if known.contains(trace) { hasMetKnown = true }
        if entries[trace] == nil { queue.append(trace) }
        entries[trace, default: []].append(span)
    }

    mutating func run(_ session: inout ReadSession) throws(SQLiteError) -> FlowSpans {
        while !queue.isEmpty, !isCut, !hasMetKnown {
            let round = queue.map { (trace: $0, spans: entries[$0] ?? []) }
            queue.removeAll(keepingCapacity: true)
            entries.removeAll(keepingCapacity: true)
            let first = spans.count
            for (trace, entries) in round where !isCut {
                if try !readWhole(trace, &session) { try readParts(of: trace, with: entries, &session) }
            }
            try follow(from: first, &session)
        }
        var found = FlowSpans(
            spans: spans.recordsByStart, isCut: isCut, unfollowedCorrelationIDs: unfollowed,
            unfollowedMessageIDs: unfollowedMessages)
        for trace in Set(readParts.map(\.trace)) {
            found.unfollowedTraces.append(try session.decoder.interned.traceID(trace))
        }
        return found
    }

    /// - Returns: false for a trace that is a hub, of which nothing was read then.
    private mutating func readWhole(_ trace: Int64, _ session: inout ReadSession) throws(SQLiteError) -> Bool {
        if case .some(.some) = hubs[trace] { return false }
        let first = spans.count
        var count = try session.decoder.appendSpans(
            ofTrace: trace, atMost: min(limit - rowsRead, guarding.maximumDeliveries), to: &spans)
        if count > guarding.maximumDeliveries {
            // Some more spans than a trace may have deliveries: the trace is worth a look before all of it is read.
            spans.removeSubrange(first...)
            if try hub(trace, &session) != nil { return false }
            count = try session.decoder.appendSpans(ofTrace: trace, atMost: limit - rowsRead, to: &spans)
        }
        rowsRead += count
        isCut = rowsRead > limit
        read.insert(trace)
        // Links from elsewhere into this trace.
        try statements.linksTo.bind(trace, 1)
        linking += try statements.linksTo.integers()
        return true
    }

    private mutating func hub(_ trace: Int64, _ session: inout ReadSession) throws(SQLiteError) -> HubTrace? {
        if let known = hubs[trace] { return known }
        let hub = try HubTrace(ofTrace: trace, &session, guarding: guarding)
        hubs[trace] = .some(hub)
        return hub
    }

    private mutating func readParts(
        of trace: Int64, with entries: [SpanID], _ session: inout ReadSession
    ) throws(SQLiteError) {
        guard let hub = try hub(trace, &session) else { return }
        let parts = Set(
            entries.compactMap { hub.part(of: $0) }.filter { !readParts.contains(Part(trace: trace, number: $0)) })
        if parts.isEmpty { return }
        for row in hub.rows(ofParts: parts) {
            guard let stored = try session.decoder.bareSpan(atRow: row) else { continue }
            isCut = rowsRead == limit
            if isCut { return }
            rowsRead += 1
            spans.append(stored)
            try statements.linksToSpan.bind(trace, 1)
            try statements.linksToSpan.bind(Int64(bitPattern: stored.record.spanID.rawValue), 2)
            linking += try statements.linksToSpan.integers()
        }
        for part in parts { readParts.insert(Part(trace: trace, number: part)) }
    }

    /// Visits everything that the spans from a place on name.
    private mutating func follow(from first: Int, _ session: inout ReadSession) throws(SQLiteError) {
        var keys: [MessageKey] = []
        var targets: [LinkCursor.Target] = []
        try session.decoder.readLinks(into: &spans, from: first) { targets.append($0) }
        for target in targets {
            visit(target.trace, target.span)
            if let key = target.messageID { keys.append(key) }
        }
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
        try visit(linking)
        linking.removeAll(keepingCapacity: true)
        for correlation in newCorrelations { try follow(correlation: correlation, &session) }
        for key in keys where messages.insert(key).inserted { try follow(message: key) }
    }

    /// An id that is unique by its form is one message's, however many handle it. Any other may be a number that every
    /// sender counts by itself, and is a hub where it is in too many traces.
    private mutating func follow(message key: MessageKey) throws(SQLiteError) {
        let limit = Namesakes.isUnique(key.id) ? Int.max : guarding.maximumParts
        let found = try rows(of: statements.messages, key, atMost: limit)
        guard found.count > limit else { return try visit(found) }
        let traces = try rows(of: statements.messageTraces, key, atMost: limit)
        if traces.count > limit { return unfollowedMessages.append(key.id) }
        try visit(rows(of: statements.messages, key, atMost: .max))
    }

    /// So many and one more, where there are more.
    private func rows(of select: Statement, _ key: MessageKey, atMost limit: Int) throws(SQLiteError) -> [Int64] {
        try key.bind(to: select, 1)
        try select.bind(limit == .max ? Int64.max : Int64(clamping: limit) + 1, 2)
        return try select.integers()
    }

    /// As many rows as may join are no hub, whatever they belong to; where there are more, their traces count, and in a
    /// trace that is a hub its parts.
    private mutating func follow(correlation: Int64, _ session: inout ReadSession) throws(SQLiteError) {
        let limit = Int64(clamping: guarding.maximumParts + 1)
        let found = try correlated(correlation, atMost: limit)
        guard found.count > guarding.maximumParts else { return try visit(found) }
        try statements.correlatedTraces.bind(correlation, 1)
        try statements.correlatedTraces.bind(limit, 2)
        let traces = try statements.correlatedTraces.integers()
        var isHub = traces.count > guarding.maximumParts
        var parts = Set(traces.map { Part(trace: $0) })
        for trace in traces where !isHub {
            guard let hub = try hub(trace, &session) else { continue }
            parts.remove(Part(trace: trace))
            for row in try correlated(correlation, atMost: .max) where parts.count <= guarding.maximumParts {
                guard let (found, span) = try place(ofRow: row), found == trace else { continue }
                parts.insert(Part(trace: trace, number: hub.part(of: span), span: span))
            }
            isHub = parts.count > guarding.maximumParts
        }
        if isHub {
            unfollowed.append(try session.decoder.interned.correlation(correlation))
        } else {
            for part in parts { visit(part.trace, part.span) }
        }
    }

    /// What a correlation id joins: a trace, or a part of one.
    private struct Part: Hashable {
        var trace: Int64
        var number: Int?
        /// Some span of the part.
        var span = SpanID(0)

        static func == (left: Part, right: Part) -> Bool { left.trace == right.trace && left.number == right.number }
        func hash(into hasher: inout Hasher) {
            hasher.combine(trace)
            hasher.combine(number)
        }
    }

    private func correlated(_ correlation: Int64, atMost limit: Int64) throws(SQLiteError) -> [Int64] {
        try statements.correlated.bind(correlation, 1)
        try statements.correlated.bind(limit, 2)
        return try statements.correlated.integers()
    }

    private mutating func visit(_ rows: [Int64]) throws(SQLiteError) {
        for row in rows where !self.rows.contains(row) {
            if let (trace, span) = try place(ofRow: row) { visit(trace, span) }
        }
    }

    private func place(ofRow row: Int64) throws(SQLiteError) -> (trace: Int64, span: SpanID)? {
        let select = row < 0 ? statements.placeOfOpen : statements.placeOfSpan
        try select.bind(row, 1)
        defer { select.reset() }
        guard try select.step() else { return nil }
        return (select.integer(0), SpanID(UInt64(bitPattern: select.integer(1))))
    }

    /// What the walk asks, prepared once for the connection.
    private struct Statements {
        let messages: Statement
        let messageTraces: Statement
        let correlated: Statement
        let correlatedTraces: Statement
        let linksTo: Statement
        let linksToSpan: Statement
        let placeOfSpan: Statement
        let placeOfOpen: Statement

        init(_ session: ReadSession) throws(SQLiteError) {
            messages = try session.statement("SELECT span FROM message_refs WHERE message_id = ?1 LIMIT ?2")
            messageTraces = try session.statement(
                """
                SELECT DISTINCT ifnull(ended.trace, begun.trace) FROM message_refs
                LEFT JOIN spans AS ended ON ended.id = message_refs.span
                LEFT JOIN open_spans AS begun ON begun.id = message_refs.span
                WHERE message_refs.message_id = ?1 LIMIT ?2
                """)
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
            linksToSpan = try session.statement(
                "SELECT span FROM links WHERE target_trace = ?1 AND target_span = ?2")
            placeOfSpan = try session.statement("SELECT trace, span_id FROM spans WHERE id = ?1")
            placeOfOpen = try session.statement("SELECT trace, span_id FROM open_spans WHERE id = ?1")
        }
    }
}
