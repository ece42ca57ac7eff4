internal import SQLite
internal import ThroughlineModel

/// How long flows may have taken at most, of one pass over the numbers of all spans: what tells that few flows took long
/// without looking into each.
struct FlowExtents {
    private struct Extent {
        var start = UInt64.max
        var end: UInt64 = 0

        mutating func add(_ other: Extent) {
            start = min(start, other.start)
            end = max(end, other.end)
        }
    }

    private struct Pair: Hashable {
        var correlation: Int64
        var trace: Int64
    }

    /// By row. A trace that several flows share counts for each of them as a whole.
    private var traces: [Int64: Extent] = [:]
    /// By row: the first start of what has the correlation id itself.
    private var starts: [Int64: UInt64] = [:]
    private var extents: [Int64: Extent] = [:]
    private var uncorrelated: Set<Int64> = []

    init(_ session: ReadSession, since: Int64) throws(SQLiteError) {
        var pairs: Set<Pair> = []
        var last: Pair?
        var correlated: Set<Int64> = []
        for table in ["spans", "open_spans"] {
            // The sign keeps SQLite from following the index of starts to every row.
            let select = try session.connection.prepare(
                "SELECT trace, correlation, start, duration FROM \(table) WHERE +start >= ?1")
            try select.bind(since, 1)
            while try select.step() {
                let trace = select.integer(0)
                let start = UInt64(bitPattern: select.integer(2))
                let duration = UInt64(bitPattern: max(0, select.optionalInteger(3) ?? 0))
                traces[trace, default: Extent()].add(Extent(start: start, end: start &+ duration))
                guard let correlation = select.optionalInteger(1) else { continue }
                starts[correlation] = min(starts[correlation] ?? .max, start)
                let pair = Pair(correlation: correlation, trace: trace)
                if pair != last {
                    last = pair
                    pairs.insert(pair)
                    correlated.insert(trace)
                }
            }
        }
        for pair in pairs { extents[pair.correlation, default: Extent()].add(traces[pair.trace] ?? Extent()) }
        uncorrelated = Set(traces.keys).subtracting(correlated)
    }

    /// The flows that may have taken longer, those that may have started last first, each with the time at which it
    /// started at the latest.
    func flows(slowerThan nanoseconds: UInt64) -> [(key: FlowKey, start: UInt64)] {
        func mayBeSlow(_ extent: Extent) -> Bool {
            extent.end > extent.start && extent.end - extent.start > nanoseconds
        }
        var found: [(key: FlowKey, start: UInt64)] = []
        for (correlation, extent) in extents where mayBeSlow(extent) {
            found.append((.correlation(correlation), starts[correlation] ?? extent.start))
        }
        for trace in uncorrelated {
            if let extent = traces[trace], mayBeSlow(extent) { found.append((.trace(trace), extent.start)) }
        }
        return found.sorted { $0.start > $1.start }
    }
}
