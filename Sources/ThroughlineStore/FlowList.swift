internal import SQLite
internal import ThroughlineFlow
internal import ThroughlineModel

/// The newest flows that a filter wants, each put together as `throughline flow` puts it together, so that both say the
/// same.
///
/// A flow that is too large for a list is read as far as it is near to the span by which it was met. What is found later
/// and hangs together with what was read of it is not another flow.
struct FlowList {
    private let limit: Int
    private let filter: FlowFilter
    private var found: [FlowSummary] = []
    private var firstSpans: Set<SpanReference> = []
    /// The starts of the newest, at most as many as the list has lines, ascending.
    private var starts: [UInt64] = []
    /// What was read of flows that are known, whether they are wanted or not: traces, and parts of those that are hubs.
    private var traces: Set<Int64> = []
    private var rows = RowSet()
    /// The same of flows of which there is more.
    private var cut: Set<Int64> = []
    private var hubs: [Int64: HubTrace?] = [:]
    private var spansRead = 0
    /// How many flows were looked into.
    private(set) var lookedInto = 0

    /// Of a flow at most so many spans are read, and of all flows together, before each is read less far.
    private static let longestFlow = 25_000
    private static let longestList = 250_000
    private static let leastOfFlow = 5_000

    init(limit: Int, _ filter: FlowFilter) {
        self.limit = limit
        self.filter = filter
    }

    /// Of those that started at once, the one that was met first.
    var flows: [FlowSummary] {
        let order = found.indices.sorted { left, right in
            let (first, second) = (found[left].startedAt, found[right].startedAt)
            return first == second ? left < right : first > second
        }
        return order.prefix(limit).map { found[$0] }
    }

    /// True when the list is full of flows that did not start before.
    func areKnown(from start: UInt64) -> Bool {
        starts.count == limit && starts.first.map { start <= $0 } ?? false
    }

    mutating func knows(row: Int64, ofTrace trace: Int64) -> Bool {
        traces.contains(trace) || cut.contains(trace) || rows.contains(row)
    }

    /// Adds the flow of a span, and every other that is met on the way to all of it.
    mutating func add(_ span: SpanID, ofTrace trace: Int64, _ session: inout ReadSession) throws(SQLiteError) {
        var guarding = HubGuard.standard
        let room = spansRead < Self.longestList ? Self.longestFlow : Self.leastOfFlow
        var walk = try FlowWalk(session, limit: room, guarding: guarding, hubs: hubs, known: cut)
        walk.visit(trace, span)
        let read = try walk.run(&session)
        hubs = walk.hubs
        rows.formUnion(walk.rows)
        spansRead += read.spans.count
        lookedInto += 1
        if walk.hasMetKnown { return cut.formUnion(walk.read) }
        guarding.knownTraces = Set(read.unfollowedTraces)
        let seed = Operation.ID(traceID: try session.decoder.interned.traceID(trace), spanID: span)
        let flows = Flow.split(read.spans, guarding: guarding)
        if !read.isCut {
            traces.formUnion(walk.read)
            for flow in flows { add(flow, of: flows, read) }
            return
        }
        // The others may be cut short of what would join them. A trace that is cut off itself may lack the span.
        cut.insert(trace)
        let own =
            flows.first { $0.operation(seed) != nil } ?? flows.first { $0.traceIDs.contains(seed.traceID) }
        if let flow = own {
            for id in flow.traceIDs {
                if let row = try session.row(ofTrace: id) { cut.insert(row) }
            }
            add(flow, of: flows, read)
        }
    }

    private mutating func add(_ flow: Flow, of flows: [Flow], _ read: FlowSpans) {
        guard let id = Self.id(of: flow, of: flows, read),
            let summary = FlowSummary(flow, id: id, isCut: read.isCut),
            filter.admits(summary, isNamed: { name in Self.names(name, flow) }),
            firstSpans.insert(summary.firstSpan).inserted
        else { return }
        found.append(summary)
        let start = summary.startedAt.nanosecondsSinceEpoch
        starts.insert(start, at: starts.firstIndex { $0 > start } ?? starts.endIndex)
        if starts.count > limit { starts.removeFirst() }
    }

    /// What leads to the flow alone, of all that were met together.
    private static func id(of flow: Flow, of flows: [Flow], _ read: FlowSpans) -> String? {
        if let id = flow.correlationID, !read.unfollowedCorrelationIDs.contains(id) { return id }
        let hubs = Set(read.unfollowedTraces)
        let shared = flows.count == 1 ? [] : Set(flows.filter { $0.start != flow.start }.flatMap(\.traceIDs))
        if let trace = flow.traceIDs.first(where: { !hubs.contains($0) && !shared.contains($0) }) { return trace.hex }
        return flow.operations.first?.id.spanID.hex
    }

    private static func names(_ destination: String, _ flow: Flow) -> Bool {
        flow.operations.contains { operation in
            AttributeNames.destination.contains {
                operation.record.attributes[$0]?.stringValue == destination
            }
        }
    }
}
