internal import SQLite
internal import ThroughlineModel

extension TraceReader {
    /// The flows, newest first: one for each correlation id, and one for each trace in which no span has one.
    ///
    /// Spans without a correlation id belong to the flows of their trace.
    ///
    /// - Parameters:
    ///   - limit: how many flows at most.
    ///   - filter: leaves out flows; a flow must meet all that it says.
    public func flows(limit: Int = 50, _ filter: FlowFilter = FlowFilter()) throws(StoreError) -> [FlowSummary] {
        try read { session throws(SQLiteError) in try session.flows(limit: limit, filter) }
    }
}

/// What makes spans one line of the list.
enum FlowKey: Hashable {
    case correlation(Int64)
    case trace(Int64)
}

extension ReadSession {
    /// Walks back in time over the starts of the spans that the filter asks for. A flow that has not been met by then
    /// started earlier than the walk has come, so the walk ends as soon as enough flows are known that started later
    /// than that.
    fileprivate mutating func flows(limit: Int, _ filter: FlowFilter) throws(SQLiteError) -> [FlowSummary] {
        guard limit > 0, let walk = try filter.candidates(self) else { return [] }
        let earliest = filter.since?.nanosecondsSinceEpoch ?? 0
        var seen: Set<FlowKey> = []
        var traceKeys: [Int64: [FlowKey]] = [:]
        var found: [FlowSummary] = []
        // Starts of the newest flows, at most `limit`, ascending: its first is what the walk must reach.
        var newest: [UInt64] = []
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
                guard filter.admits(summary) else { continue }
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
}
