internal import SQLite
public import ThroughlineModel

extension TraceReader {
    /// Every span that is connected with the given ones: in the same trace, by a link in either direction, by a
    /// message id with its causation ids and batch members, or by a correlation id; and so on from there.
    ///
    /// Traces that are fewer steps away come first, so that a limit cuts off what is farthest. Spans that were stored
    /// twice come once.
    ///
    /// A correlation id that more traces share than the guard allows is not followed, and the result names it; what
    /// stronger evidence joins is there all the same.
    ///
    /// - Parameters:
    ///   - limit: how many spans to read at most.
    ///   - guarding: how many traces one correlation id may join.
    public func flowSpans(
        from seeds: [SpanReference], limit: Int = 10_000, guarding: HubGuard = .standard
    ) throws(StoreError) -> FlowSpans {
        try read { session throws(SQLiteError) in
            var walk = FlowWalk(limit: limit, guarding: guarding)
            for seed in seeds {
                if let trace = try session.row(ofTrace: seed.traceID) { walk.visit(trace) }
            }
            return try walk.run(&session)
        }
    }

    /// Every span of one trace, in the order of their starts. Spans that were stored twice come once.
    public func spans(of trace: TraceID) throws(StoreError) -> [SpanRecord] {
        try read { session throws(SQLiteError) in
            var spans = DistinctSpans()
            if let row = try session.row(ofTrace: trace) {
                try session.decoder.forEachSpan(ofTrace: row) { stored in
                    spans.insert(stored.record)
                    return true
                }
            }
            return spans.sorted
        }
    }
}

/// Walks from trace to trace, breadth first.
private struct FlowWalk {
    private let limit: Int
    private let guarding: HubGuard
    private var unfollowed: [String] = []
    private var queue: [Int64] = []
    private var next = 0
    private var visited: Set<Int64> = []
    private var messages: Set<MessageKey> = []
    private var correlations: Set<Int64> = []
    private var spans = DistinctSpans()
    private var rowsRead = 0

    init(limit: Int, guarding: HubGuard) {
        self.limit = limit
        self.guarding = guarding
    }

    mutating func visit(_ trace: Int64) {
        if visited.insert(trace).inserted { queue.append(trace) }
    }

    mutating func run(_ session: inout ReadSession) throws(SQLiteError) -> FlowSpans {
        while next < queue.count {
            let trace = queue[next]
            next += 1
            var isCut = false
            var found: [SpanDecoder.Stored] = []
            try session.decoder.forEachSpan(ofTrace: trace) { stored in
                isCut = rowsRead == limit
                if isCut { return false }
                rowsRead += 1
                found.append(stored)
                return true
            }
            for stored in found {
                spans.insert(stored.record)
                try follow(stored, session)
            }
            if isCut { return result(isCut: true) }
            // Links from elsewhere into this trace.
            for row in try session.traceRows(ofLinksTo: trace) { visit(row) }
        }
        return result(isCut: false)
    }

    private func result(isCut: Bool) -> FlowSpans {
        FlowSpans(spans: spans.sorted, isCut: isCut, unfollowedCorrelationIDs: unfollowed)
    }

    private mutating func follow(_ stored: SpanDecoder.Stored, _ session: ReadSession) throws(SQLiteError) {
        if let correlation = stored.correlation, correlations.insert(correlation).inserted {
            let traces = try session.traceRows(ofCorrelation: correlation, atMost: guarding.maximumParts + 1)
            if traces.count <= guarding.maximumParts {
                for trace in traces { visit(trace) }
            } else if let id = stored.record.attributes[MessagingAttribute.conversationID]?.stringValue {
                unfollowed.append(id)
            }
        }
        for trace in stored.linkedTraces { visit(trace) }
        for id in stored.record.namedMessages {
            let key = MessageKey(id)
            guard messages.insert(key).inserted else { continue }
            for trace in try session.traceRows(ofMessage: key) { visit(trace) }
        }
    }
}

extension SpanRecord {
    /// Every message id that the span says anything about: its own, its causes', those on its links.
    fileprivate var namedMessages: [String] {
        var ids: [String] = []
        for element in attributes {
            switch element.key {
            case MessagingAttribute.messageID, ThroughlineAttribute.causationID:
                if let id = element.value.stringValue { ids.append(id) }
            case ThroughlineAttribute.causationIDs: ids += element.value.stringArrayValue ?? []
            default: break
            }
        }
        for link in links {
            if let id = link.attributes[MessagingAttribute.messageID]?.stringValue { ids.append(id) }
        }
        return ids
    }
}

/// Spans by their identity: of a span that is there twice the later one counts, and an ended one always does.
private struct DistinctSpans {
    private var byReference: [SpanReference: SpanRecord] = [:]

    mutating func insert(_ record: SpanRecord) {
        let reference = SpanReference(record)
        if record.end == nil, byReference[reference] != nil { return }
        byReference[reference] = record
    }

    var sorted: [SpanRecord] {
        byReference.values.sorted {
            ($0.start, $0.traceID, $0.spanID) < ($1.start, $1.traceID, $1.spanID)
        }
    }
}

extension ReadSession {
    func traceRows(ofCorrelation correlation: Int64, atMost limit: Int = .max) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT trace FROM spans WHERE correlation = ?1
            UNION SELECT trace FROM open_spans WHERE correlation = ?1 LIMIT ?2
            """
        ) { select throws(SQLiteError) in
            try select.bind(correlation, 1)
            try select.bind(Int64(clamping: limit), 2)
        }
    }

    func traceRows(ofLinksTo trace: Int64) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT s.trace FROM links l JOIN spans s ON s.id = l.span WHERE l.target_trace = ?1
            UNION ALL SELECT s.trace FROM links l JOIN open_spans s ON s.id = l.span WHERE l.target_trace = ?1
            """
        ) { select throws(SQLiteError) in try select.bind(trace, 1) }
    }

    func traceRows(ofMessage key: MessageKey) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT s.trace FROM message_refs m JOIN spans s ON s.id = m.span WHERE m.message_id = ?1
            UNION ALL
            SELECT s.trace FROM message_refs m JOIN open_spans s ON s.id = m.span WHERE m.message_id = ?1
            """
        ) { select throws(SQLiteError) in try key.bind(to: select, 1) }
    }
}
