internal import SQLite
internal import ThroughlineFlow
internal import ThroughlineModel

extension ReadSession {
    /// Reads the spans of one flow and counts.
    mutating func summary(of key: FlowKey) throws(SQLiteError) -> FlowSummary {
        let traces = try traces(of: key)
        let condition: String
        var correlationID: String?
        switch key {
        case .correlation(let row):
            condition = "AND ifnull(correlation, ?2) = ?2"
            correlationID = try decoder.interned.correlation(row)
        case .trace: condition = ""
        }
        var summary = FlowSummary(
            correlationID: correlationID, traceIDs: [], title: "",
            startedAt: Timestamp(nanosecondsSinceEpoch: .max), durationNanoseconds: 0, messages: 0, errors: 0,
            deadLetters: 0, services: [], destinations: [], messageTypes: [], spans: 0, unfinished: 0)
        var end: UInt64 = 0
        var messages: Set<MessageKey> = []
        // Few recorders but ours name every message: one that was sent without an id counts by the span that sent it.
        var sent: Set<MessageKey> = []
        var sentUnnamed = 0
        var resources: Set<Int64> = []
        var destinations: Set<Int64> = []
        var types: Set<Int64> = []
        // Handling and settling both say how a delivery ended: a message counts once.
        var settled: [Int64: Set<MessageKey>] = [:]
        var opening = FirstSpan()
        var traceStarts: [(start: UInt64, id: TraceID)] = []
        // SQLite looks at both sides of an AND, and at one branch of a CASE.
        let columns = """
            span_id, start, duration, status, message_id, resource, destination, message_type, settlement, kind, name,
            correlation,
            CASE WHEN message_id IS NULL AND (kind IN (\(SpanKind.producer.rawValue), \(SpanKind.consumer.rawValue))
                    OR destination IS NOT NULL)
                THEN NOT EXISTS (SELECT 1 FROM links WHERE links.span = id AND links.message_id IS NOT NULL)
                ELSE 0 END
            """
        var doubts = DeadLetterDoubts()
        let select = try statement(
            """
            SELECT \(columns) FROM spans WHERE trace = ?1 \(condition)
            UNION ALL SELECT \(columns) FROM open_spans WHERE trace = ?1 \(condition)
            """)
        for trace in traces {
            var traceStart = UInt64.max
            var seen: Set<Int64> = []
            try select.bind(trace, 1)
            if case .correlation(let row) = key { try select.bind(row, 2) }
            while try select.step() {
                // At-least-once delivery may have stored a span twice.
                guard seen.insert(select.integer(0)).inserted else { continue }
                let start = UInt64(bitPattern: select.integer(1))
                traceStart = min(traceStart, start)
                opening.note(
                    start, span: select.integer(0), name: select.integer(10), type: select.optionalInteger(7),
                    isOwn: !select.isNull(11))
                let duration = select.optionalInteger(2)
                end = max(end, start, start &+ UInt64(bitPattern: max(0, duration ?? 0)))
                summary.spans += 1
                if duration == nil { summary.unfinished += 1 }
                if select.integer(3) == Int64(SpanStatus.Code.error.rawValue) { summary.errors += 1 }
                let isProducer = select.integer(9) == Int64(SpanKind.producer.rawValue)
                if !select.isNull(4) {
                    messages.insert(MessageKey(select, 4))
                    try doubts.note(select, &decoder.interned)
                    if isProducer { sent.insert(MessageKey(select, 4)) }
                } else if isProducer {
                    sentUnnamed += 1
                }
                if select.integer(12) != 0 { summary.messagesMayBeMore = true }
                resources.insert(select.integer(5))
                if let destination = select.optionalInteger(6) { destinations.insert(destination) }
                if let type = select.optionalInteger(7) { types.insert(type) }
                if let settlement = select.optionalInteger(8) {
                    let message = select.isNull(4) ? .text("span \(select.integer(0))") : MessageKey(select, 4)
                    settled[settlement, default: []].insert(message)
                }
            }
            select.reset()
            traceStarts.append((traceStart, try decoder.interned.traceID(trace)))
        }
        let start = traceStarts.map(\.start).min() ?? 0
        summary.startedAt = Timestamp(nanosecondsSinceEpoch: start)
        summary.durationNanoseconds = end > start ? end - start : 0
        summary.traceIDs = traceStarts.sorted { ($0.start, $0.id) < ($1.start, $1.id) }.map(\.id)
        summary.title = try opening.text.map { row throws(SQLiteError) in try decoder.interned.string(row) } ?? ""
        summary.messages = max(messages.count, sent.count + sentUnnamed)
        summary.destinations = try texts(destinations)
        summary.messageTypes = try texts(types)
        var known: Set<MessageKey> = []
        for (settlement, messages) in settled
        where try decoder.interned.string(settlement) == Settlement.deadLettered.rawValue {
            summary.deadLetters = messages.count
            known = messages
        }
        var isOpen = doubts.areOpen(besides: known, onlyFailed: true)
        if !isOpen, doubts.areOpen(besides: known, onlyFailed: false) { isOpen = try isSetAside(in: traces) }
        if isOpen {
            // Senders set messages aside without their consumers saying so.
            summary.deadLetters = max(summary.deadLetters, try assembled(key, traces).flow.deadLetterCount)
        }
        var services: Set<String> = []
        for resource in resources {
            let name = try first("SELECT service_name FROM resources WHERE id = ?1", resource) { $0.optionalText(0) }
            if let name = name ?? nil { services.insert(name) }
        }
        summary.services = services.sorted()
        return summary
    }

    /// True when a sender says by its link that it sets a message aside.
    private func isSetAside(in traces: [Int64]) throws(SQLiteError) -> Bool {
        for trace in traces {
            let found = try rows(
                """
                SELECT 1 FROM spans JOIN links ON links.span = spans.id
                WHERE trace = ?1 AND links.type = (SELECT id FROM strings WHERE text = ?2) LIMIT 1
                """
            ) { select throws(SQLiteError) in
                try select.bind(trace, 1)
                try select.bind(LinkType.deadLetterOf.rawValue, 2)
            }
            if !found.isEmpty { return true }
        }
        return false
    }

    /// Counts messages as the flow does when it is put together, where some have no id and as long as that is quick.
    mutating func countMessages(of flows: inout [(key: FlowKey, summary: FlowSummary)]) throws(SQLiteError) {
        var room = Self.countedAtMost
        for place in flows.indices where flows[place].summary.messagesMayBeMore {
            let effort = flows[place].summary.spans + Self.effortOfFlow
            guard effort <= room else { continue }
            room -= effort
            let key = flows[place].key
            let (flow, isCut) = try assembled(key, try traces(of: key))
            if isCut { continue }
            flows[place].summary.messages = flow.messageCount
            flows[place].summary.messagesMayBeMore = false
        }
    }

    private func traces(of key: FlowKey) throws(SQLiteError) -> [Int64] {
        switch key {
        case .trace(let row): return [row]
        case .correlation(let row):
            return try rows(
                """
                SELECT trace FROM spans WHERE correlation = ?1
                UNION SELECT trace FROM open_spans WHERE correlation = ?1
                """
            ) { select throws(SQLiteError) in try select.bind(row, 1) }
        }
    }

    /// The flow of one line of the list, put together.
    private mutating func assembled(
        _ key: FlowKey, _ traces: [Int64]
    ) throws(SQLiteError) -> (flow: Flow, isCut: Bool) {
        var spans: [SpanDecoder.Stored] = []
        var read = 0
        for trace in traces where read <= Self.longestFlow {
            read += try decoder.appendSpans(ofTrace: trace, atMost: Self.longestFlow - read, to: &spans)
        }
        if case .correlation(let row) = key { spans.removeAll { $0.correlation.map { $0 != row } ?? false } }
        try decoder.readLinks(into: &spans, from: 0) { _ in }
        return (Flow(spans.map(\.record)), read > Self.longestFlow)
    }

    /// So many spans are put together for one line of a list.
    private static let longestFlow = 10_000
    /// So many spans are put together to count messages for all lines: more would take longer than finding the lines.
    private static let countedAtMost = 3_000
    /// To put a flow together takes as long as that many spans more.
    private static let effortOfFlow = 30

    private mutating func texts(_ rows: Set<Int64>) throws(SQLiteError) -> [String] {
        var texts: [String] = []
        for row in rows { texts.append(try decoder.interned.string(row)) }
        return texts.sorted()
    }
}

/// What names a flow: the first span that has its correlation id and is about a message of some type, else the first
/// that has the id, else the first that is about a message of some type, else the first of all.
private struct FirstSpan {
    private typealias Span = (rank: Int, start: UInt64, span: Int64, text: Int64)
    private var best: Span?

    /// The row of the text.
    var text: Int64? { best?.text }

    mutating func note(_ start: UInt64, span: Int64, name: Int64, type: Int64?, isOwn: Bool) {
        let other: Span = ((isOwn ? 0 : 2) + (type == nil ? 1 : 0), start, span, type ?? name)
        guard let known = best, (known.rank, known.start, known.span) <= (other.rank, other.start, other.span) else {
            best = other
            return
        }
    }
}
