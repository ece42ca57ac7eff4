internal import SQLite
public import ThroughlineModel

extension TraceReader {
    /// Every span that is connected with the given ones: in the same trace, by a link in either direction, by a
    /// message id with its causation ids and batch members, or by a correlation id; and so on from there.
    ///
    /// Traces that are fewer steps away come first, so that a limit cuts off what is farthest. Spans that were stored
    /// twice come once.
    ///
    /// - Parameter limit: how many spans to read at most.
    public func flowSpans(from seeds: [SpanReference], limit: Int = 10_000) throws(StoreError) -> FlowSpans {
        try read { session throws(SQLiteError) in
            var walk = FlowWalk(limit: limit)
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
            for row in try session.rows(ofTrace: trace) {
                if let stored = try session.decoder.span(atRow: row) { spans.insert(stored.record) }
            }
            return spans.sorted
        }
    }
}

/// Walks from trace to trace, breadth first.
private struct FlowWalk {
    private let limit: Int
    private var queue: [Int64] = []
    private var next = 0
    private var visited: Set<Int64> = []
    private var messages: Set<MessageKey> = []
    private var correlations: Set<Int64> = []
    private var spans = DistinctSpans()
    private var rowsRead = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func visit(_ trace: Int64) {
        if visited.insert(trace).inserted { queue.append(trace) }
    }

    mutating func run(_ session: inout ReadSession) throws(SQLiteError) -> FlowSpans {
        while next < queue.count {
            let trace = queue[next]
            next += 1
            for row in try session.rows(ofTraceRow: trace) {
                guard rowsRead < limit else { return FlowSpans(spans: spans.sorted, isCut: true) }
                guard let stored = try session.decoder.span(atRow: row) else { continue }
                rowsRead += 1
                spans.insert(stored.record)
                try follow(stored, &session)
            }
            // Links from elsewhere into this trace.
            for row in try session.traceRows(ofLinksTo: trace) { visit(row) }
        }
        return FlowSpans(spans: spans.sorted, isCut: false)
    }

    private mutating func follow(_ stored: SpanDecoder.Stored, _ session: inout ReadSession) throws(SQLiteError) {
        if let correlation = stored.correlation, correlations.insert(correlation).inserted {
            for trace in try session.traceRows(ofCorrelation: correlation) { visit(trace) }
        }
        for link in stored.record.links {
            if let trace = try session.row(ofTrace: link.context.traceID) { visit(trace) }
        }
        for ref in BatchEncoder.encode(CollectionOfOne(stored.record)).refs where messages.insert(ref.key).inserted {
            for trace in try session.traceRows(ofMessage: ref.key) { visit(trace) }
        }
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
    func traceRows(ofCorrelation correlation: Int64) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT DISTINCT trace FROM (
                SELECT trace FROM spans WHERE correlation = ?1
                UNION ALL SELECT trace FROM open_spans WHERE correlation = ?1) ORDER BY trace
            """
        ) { select throws(SQLiteError) in try select.bind(correlation, 1) }
    }

    func traceRows(ofLinksTo trace: Int64) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT DISTINCT trace FROM (
                SELECT s.trace FROM links l JOIN spans s ON s.id = l.span WHERE l.target_trace = ?1
                UNION ALL SELECT s.trace FROM links l JOIN open_spans s ON s.id = l.span WHERE l.target_trace = ?1)
            ORDER BY trace
            """
        ) { select throws(SQLiteError) in try select.bind(trace, 1) }
    }

    func traceRows(ofMessage key: MessageKey) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT DISTINCT trace FROM (
                SELECT s.trace FROM message_refs m JOIN spans s ON s.id = m.span WHERE m.message_id = ?1
                UNION ALL
                SELECT s.trace FROM message_refs m JOIN open_spans s ON s.id = m.span WHERE m.message_id = ?1)
            ORDER BY trace
            """
        ) { select throws(SQLiteError) in try key.bind(to: select, 1) }
    }
}
