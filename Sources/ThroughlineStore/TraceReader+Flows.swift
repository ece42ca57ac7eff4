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
        try flows(limit: limit, filter, following: FlowCandidates.followed)
    }

    func flows(limit: Int, _ filter: FlowFilter, following count: Int) throws(StoreError) -> [FlowSummary] {
        try read { session throws(SQLiteError) in
            var flows = try session.flows(limit: limit, filter, following: count)
            try session.countMessages(of: &flows)
            return flows.map(\.summary)
        }
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
    fileprivate mutating func flows(
        limit: Int, _ filter: FlowFilter, following count: Int
    ) throws(SQLiteError) -> [NewestFlows.Line] {
        guard limit > 0 else { return [] }
        var seen: Set<FlowKey> = []
        var traceKeys: [Int64: [FlowKey]] = [:]
        var newest = NewestFlows(limit: limit)
        var lookedInto = 0
        for walk in try FlowCandidates(filter, self, following: count).walks {
            while try walk.spans.step() {
                let start = UInt64(bitPattern: walk.spans.integer(0))
                if newest.areKnown(from: start) { return newest.flows }
                let trace = walk.spans.integer(1)
                let keys: [FlowKey]
                if let correlation = walk.spans.optionalInteger(2) {
                    keys = [.correlation(correlation)]
                } else if let known = traceKeys[trace] {
                    keys = known
                } else {
                    let correlations = try self.correlations(ofTrace: trace)
                    keys = correlations.isEmpty ? [.trace(trace)] : correlations.map(FlowKey.correlation)
                    traceKeys[trace] = keys
                }
                for key in keys where seen.insert(key).inserted {
                    if let until = filter.until?.nanosecondsSinceEpoch, start >= until,
                        try !began(key, before: until)
                    {
                        continue
                    }
                    let summary = try self.summary(of: key)
                    if filter.admits(summary) { newest.add(summary, key) }
                    lookedInto += 1
                }
                if let slowerThan = filter.slowerThan, lookedInto >= min(count, Self.lookedIntoAtMost) {
                    return try slowFlows(filter, slowerThan, seen, newest)
                }
            }
            if newest.areKnown(from: walk.end) { break }
        }
        return newest.flows
    }

    /// So many flows are looked into before those that cannot have taken long enough are told from the rest.
    private static let lookedIntoAtMost = 500

    /// Goes on among the flows that may have taken long enough.
    private mutating func slowFlows(
        _ filter: FlowFilter, _ slowerThan: UInt64, _ seen: Set<FlowKey>, _ known: NewestFlows
    ) throws(SQLiteError) -> [NewestFlows.Line] {
        var newest = known
        let since = filter.since.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .min
        for (key, start) in try FlowExtents(self, since: since).flows(slowerThan: slowerThan) {
            if newest.areKnown(from: start) { break }
            if seen.contains(key) { continue }
            if let until = filter.until?.nanosecondsSinceEpoch, start >= until, try !began(key, before: until) {
                continue
            }
            let summary = try self.summary(of: key)
            if filter.admits(summary) { newest.add(summary, key) }
        }
        return newest.flows
    }

    /// Looks at less than a summary does.
    private func began(_ key: FlowKey, before time: UInt64) throws(SQLiteError) -> Bool {
        let row: Int64
        let condition: String
        switch key {
        case .trace(let trace): (row, condition) = (trace, "trace = ?1")
        case .correlation(let correlation):
            row = correlation
            condition = """
                trace IN (SELECT trace FROM spans WHERE correlation = ?1
                    UNION SELECT trace FROM open_spans WHERE correlation = ?1)
                AND ifnull(correlation, ?1) = ?1
                """
        }
        let selects = ["spans", "open_spans"].map { "SELECT 1 FROM \($0) WHERE \(condition) AND +start < ?2" }
        let earlier = try rows("\(selects.joined(separator: " UNION ALL ")) LIMIT 1") {
            select throws(SQLiteError) in
            try select.bind(row, 1)
            try select.bind(Int64(clamping: time), 2)
        }
        return !earlier.isEmpty
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

/// The flows of a list, as far as they are found.
private struct NewestFlows {
    typealias Line = (key: FlowKey, summary: FlowSummary)

    private let limit: Int
    private var found: [Line] = []
    /// The starts of the newest, at most as many as the list has lines, ascending.
    private var starts: [UInt64] = []

    init(limit: Int) { self.limit = limit }

    var flows: [Line] { Array(found.sorted { $0.summary.startedAt > $1.summary.startedAt }.prefix(limit)) }

    /// True when the list is full of flows that started later.
    func areKnown(from start: UInt64) -> Bool {
        starts.count == limit && starts.first.map { start < $0 } ?? false
    }

    mutating func add(_ flow: FlowSummary, _ key: FlowKey) {
        found.append((key, flow))
        let start = flow.startedAt.nanosecondsSinceEpoch
        starts.insert(start, at: starts.firstIndex { $0 > start } ?? starts.endIndex)
        if starts.count > limit { starts.removeFirst() }
    }
}
