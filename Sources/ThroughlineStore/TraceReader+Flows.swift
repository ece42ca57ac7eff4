internal import SQLite
public import ThroughlineModel

extension TraceReader {
    /// The flows, newest first: one for each correlation id, and one for each trace in which no span has one.
    ///
    /// Spans without a correlation id belong to the flows of their trace.
    ///
    /// - Parameters:
    ///   - limit: how many flows at most.
    ///   - since: leaves out flows that started before.
    ///   - errorsOnly: leaves out flows without a failed span.
    public func flows(
        limit: Int = 50, since: Timestamp? = nil, errorsOnly: Bool = false
    ) throws(StoreError) -> [FlowSummary] {
        try read { session throws(SQLiteError) in
            try session.flows(limit: limit, since: since, errorsOnly: errorsOnly)
        }
    }
}

/// What makes spans one line of the list.
private enum FlowKey: Hashable {
    case correlation(Int64)
    case trace(Int64)
}

extension ReadSession {
    /// Walks back in time over the starts of all spans. A flow that has not been met by then started earlier than the
    /// walk has come, so the walk ends as soon as enough flows are known that started later than that.
    fileprivate mutating func flows(
        limit: Int, since: Timestamp?, errorsOnly: Bool
    ) throws(SQLiteError) -> [FlowSummary] {
        guard limit > 0 else { return [] }
        let earliest = since?.nanosecondsSinceEpoch ?? 0
        var seen: Set<FlowKey> = []
        var traceKeys: [Int64: [FlowKey]] = [:]
        var found: [FlowSummary] = []
        // Starts of the newest flows, at most `limit`, ascending: its first is what the walk must reach.
        var newest: [UInt64] = []
        let walk = try connection.prepare(
            """
            SELECT start, trace, correlation FROM (
                SELECT start, trace, correlation FROM spans
                UNION ALL SELECT start, trace, correlation FROM open_spans) ORDER BY start DESC
            """)
        while try walk.step() {
            let start = UInt64(bitPattern: walk.integer(0))
            if start < earliest { break }
            if newest.count == limit, let oldest = newest.first, start < oldest { break }
            let trace = walk.integer(1)
            let keys: [FlowKey]
            if let correlation = walk.optionalInteger(2) {
                keys = [.correlation(correlation)]
            } else if let known = traceKeys[trace] {
                keys = known
            } else {
                let correlations = try self.correlations(ofTrace: trace)
                keys = correlations.isEmpty ? [.trace(trace)] : correlations.map(FlowKey.correlation)
                traceKeys[trace] = keys
            }
            for key in keys where seen.insert(key).inserted {
                let summary = try self.summary(of: key)
                guard summary.startedAt.nanosecondsSinceEpoch >= earliest, !errorsOnly || summary.errors > 0 else {
                    continue
                }
                found.append(summary)
                let position = newest.firstIndex { $0 > summary.startedAt.nanosecondsSinceEpoch } ?? newest.endIndex
                newest.insert(summary.startedAt.nanosecondsSinceEpoch, at: position)
                if newest.count > limit { newest.removeFirst() }
            }
        }
        return Array(found.sorted { $0.startedAt > $1.startedAt }.prefix(limit))
    }

    private func correlations(ofTrace trace: Int64) throws(SQLiteError) -> [Int64] {
        try rows(
            """
            SELECT DISTINCT correlation FROM (
                SELECT correlation FROM spans WHERE trace = ?1
                UNION ALL SELECT correlation FROM open_spans WHERE trace = ?1) WHERE correlation IS NOT NULL
            """
        ) { select throws(SQLiteError) in try select.bind(trace, 1) }
    }

    private mutating func summary(of key: FlowKey) throws(SQLiteError) -> FlowSummary {
        let traces: [Int64]
        let condition: String
        var correlationID: String?
        switch key {
        case .correlation(let row):
            traces = try traceRows(ofCorrelation: row)
            condition = "AND ifnull(correlation, ?2) = ?2"
            correlationID = try decoder.correlation(row).id
        case .trace(let row):
            traces = [row]
            condition = ""
        }
        var summary = FlowSummary(
            correlationID: correlationID, traceIDs: [],
            startedAt: Timestamp(nanosecondsSinceEpoch: .max), durationNanoseconds: 0, messages: 0, errors: 0,
            services: [], spans: 0, unfinished: 0)
        var end: UInt64 = 0
        var messages: Set<MessageKey> = []
        var resources: Set<Int64> = []
        var traceStarts: [(start: UInt64, id: TraceID)] = []
        let columns = "span_id, start, duration, status, message_id, resource"
        let select = try statement(
            """
            SELECT \(columns) FROM spans WHERE trace = ?1 \(condition)
            UNION ALL SELECT \(columns) FROM open_spans WHERE trace = ?1 \(condition)
            """)
        for trace in traces {
            var first = UInt64.max
            var seen: Set<Int64> = []
            try select.bind(trace, 1)
            if case .correlation(let row) = key { try select.bind(row, 2) }
            while try select.step() {
                // At-least-once delivery may have stored a span twice.
                guard seen.insert(select.integer(0)).inserted else { continue }
                let start = UInt64(bitPattern: select.integer(1))
                first = min(first, start)
                let duration = select.optionalInteger(2)
                end = max(end, start, start &+ UInt64(bitPattern: max(0, duration ?? 0)))
                summary.spans += 1
                if duration == nil { summary.unfinished += 1 }
                if select.integer(3) == Int64(SpanStatus.Code.error.rawValue) { summary.errors += 1 }
                if !select.isNull(4) { messages.insert(MessageKey(select, 4)) }
                resources.insert(select.integer(5))
            }
            select.reset()
            traceStarts.append((first, try decoder.traceID(trace)))
        }
        let start = traceStarts.map(\.start).min() ?? 0
        summary.startedAt = Timestamp(nanosecondsSinceEpoch: start)
        summary.durationNanoseconds = end > start ? end - start : 0
        summary.traceIDs = traceStarts.sorted { ($0.start, $0.id) < ($1.start, $1.id) }.map(\.id)
        summary.messages = messages.count
        var services: Set<String> = []
        for resource in resources {
            let name = try first("SELECT service_name FROM resources WHERE id = ?1", resource) { $0.optionalText(0) }
            if let name = name ?? nil { services.insert(name) }
        }
        summary.services = services.sorted()
        return summary
    }
}
