internal import SQLite
internal import ThroughlineModel

extension TraceReader {
    /// The flows, newest first, each as it is put together of its spans (see ``flowSpans(from:limit:guarding:)`` and
    /// ThroughlineFlow's `Flow`): across traces, by links, message ids and correlation ids.
    ///
    /// A flow of more than 25,000 spans, or of more than 5,000 after 250,000 were read for the list, is counted only so
    /// far. ``FlowFilter/slowerThan`` looks into the newest 500 flows, and beyond them only into those of which one trace,
    /// or all that has one correlation id, took long enough by itself. With ``FlowFilter/until``, a flow of which all that
    /// is asked for began later must show in one of these traces, or by one of their correlation ids, that it began in time.
    ///
    /// - Parameters:
    ///   - limit: how many flows at most.
    ///   - filter: leaves out flows; a flow must meet all that it says.
    public func flows(limit: Int = 50, _ filter: FlowFilter = FlowFilter()) throws(StoreError) -> [FlowSummary] {
        try flows(limit: limit, filter, following: FlowCandidates.followed)
    }

    func flows(limit: Int, _ filter: FlowFilter, following count: Int) throws(StoreError) -> [FlowSummary] {
        try read { session throws(SQLiteError) in try session.flows(limit: limit, filter, following: count) }
    }
}

/// What spans have in common that certainly belong together.
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
    ) throws(SQLiteError) -> [FlowSummary] {
        guard limit > 0 else { return [] }
        var list = FlowList(limit: limit, filter)
        for walk in try FlowCandidates(filter, self, following: count).walks {
            while try walk.spans.step() {
                let start = UInt64(bitPattern: walk.spans.integer(0))
                if list.areKnown(from: start) { return list.flows }
                let trace = walk.spans.integer(2)
                if list.knows(row: walk.spans.integer(1), ofTrace: trace) { continue }
                if let until = filter.until?.nanosecondsSinceEpoch, start >= until {
                    let keys = walk.spans.optionalInteger(4).map { [FlowKey.correlation($0)] } ?? []
                    if try !began(keys.isEmpty ? try self.keys(ofTrace: trace) : keys, before: until) { continue }
                }
                try list.add(SpanID(UInt64(bitPattern: walk.spans.integer(3))), ofTrace: trace, &self)
                if let slowerThan = filter.slowerThan, list.lookedInto >= min(count, Self.lookedIntoAtMost) {
                    return try slowFlows(list, filter, slowerThan)
                }
            }
            if list.areKnown(from: walk.end) { break }
        }
        return list.flows
    }

    /// So many flows are looked into before those that cannot have taken long enough are told from the rest.
    private static let lookedIntoAtMost = 500

    /// Goes on among the flows that may have taken long enough.
    private mutating func slowFlows(
        _ known: FlowList, _ filter: FlowFilter, _ slowerThan: UInt64
    ) throws(SQLiteError) -> [FlowSummary] {
        var list = known
        let since = filter.since.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .min
        for (key, start) in try FlowExtents(self, since: since).flows(slowerThan: slowerThan) {
            if list.areKnown(from: start) { break }
            if let until = filter.until?.nanosecondsSinceEpoch, start >= until, try !began([key], before: until) {
                continue
            }
            guard let span = try anySpan(of: key), !list.knows(row: span.row, ofTrace: span.trace) else { continue }
            try list.add(span.id, ofTrace: span.trace, &self)
        }
        return list.flows
    }

    private func anySpan(of key: FlowKey) throws(SQLiteError) -> (row: Int64, trace: Int64, id: SpanID)? {
        let (column, value) =
            switch key {
            case .trace(let row): ("trace", row)
            case .correlation(let row): ("correlation", row)
            }
        let selects = ["spans", "open_spans"].map { "SELECT id, trace, span_id FROM \($0) WHERE \(column) = ?1" }
        return try first("\(selects.joined(separator: " UNION ALL ")) LIMIT 1", value) {
            ($0.integer(0), $0.integer(1), SpanID(UInt64(bitPattern: $0.integer(2))))
        }
    }

    /// True when one of these shows it; looks at less than the flow would.
    private func began(_ keys: [FlowKey], before time: UInt64) throws(SQLiteError) -> Bool {
        for key in keys where try began(key, before: time) { return true }
        return false
    }

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

    /// Its correlation ids; the trace itself where no span has one.
    private func keys(ofTrace trace: Int64) throws(SQLiteError) -> [FlowKey] {
        let correlations = try rows(
            """
            SELECT DISTINCT correlation FROM (
                SELECT correlation FROM spans WHERE trace = ?1
                UNION ALL SELECT correlation FROM open_spans WHERE trace = ?1) WHERE correlation IS NOT NULL
            """
        ) { select throws(SQLiteError) in try select.bind(trace, 1) }
        return correlations.isEmpty ? [.trace(trace)] : correlations.map(FlowKey.correlation)
    }
}
