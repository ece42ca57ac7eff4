import ThroughlineModel

/// Sorts operations into connected components, past the ids that would swallow everything.
struct FlowSplitter {
    /// For each row the part that it belongs to by anything stronger than a correlation id; the numbers mean nothing.
    let parts: [Int]
    /// Which rows are which flow.
    let arrangement: Arrangement
    /// By flow: the ids that were not followed out of it.
    let hubs: [Int: [Hub]]
    /// The traces that are hubs, also where all that is at hand of one is in a single flow.
    let hubTraces: Set<TraceID>
    /// The messages that were told apart although they have the same id.
    let namesakes: Namesakes

    /// - Parameters:
    ///   - unique: the operations; messages that merely have the same id are told apart in it.
    ///   - guarding: how much one id may join; nil makes one flow of everything.
    init(_ unique: inout UniqueRows, guarding: HubGuard?) {
        let isWhole = guarding == nil
        let guarding = guarding ?? HubGuard(maximumParts: .max, maximumDeliveries: .max)
        var sets = DisjointSets(count: unique.rows.count)
        var traces = TraceJoin(unique)
        traces.join(&sets, guarding)
        namesakes = Namesakes(&unique) { sets.roots() }
        Self.joinMessages(unique, &sets)
        parts = sets.roots()
        let correlations = CorrelationJoin(unique, parts, &sets, atMost: guarding.maximumParts)
        let flows = isWhole ? Array(repeating: 0, count: unique.rows.count) : sets.roots()
        arrangement = Arrangement(unique.rows, sets: flows)
        hubs = Self.hubs(arrangement.flows, correlations, traces, unique)
        hubTraces = Set(traces.hubs.compactMap { $0.first.map { unique.rows[$0].id.traceID } })
    }

    /// Joins the spans that name the same message id, as what they are about or as a cause.
    private static func joinMessages(_ unique: UniqueRows, _ sets: inout DisjointSets) {
        var first = Array(repeating: -1 as Int32, count: unique.columns.names.count)
        func meet(_ name: Name, _ row: Int, _ sets: inout DisjointSets) {
            guard name.isPresent else { return }
            if first[name.place] < 0 {
                first[name.place] = Int32(truncatingIfNeeded: row)
            } else {
                sets.join(Int(first[name.place]), row)
            }
        }
        let (causes, members) = (unique.columns.causes, unique.columns.members)
        for row in unique.rows.indices where unique.rows[row].isMessaging {
            meet(unique.rows[row].messageID, row, &sets)
            for cause in unique.rows[row].causes.range { meet(causes[cause], row, &sets) }
            for member in unique.rows[row].members.range {
                meet(members[member].messageID, row, &sets)
                for cause in members[member].causes.range { meet(causes[cause], row, &sets) }
            }
        }
    }

    private static func hubs(
        _ flows: [Int32], _ correlations: CorrelationJoin, _ traces: TraceJoin, _ unique: UniqueRows
    ) -> [Int: [Hub]] {
        var hubs: [Int: [Hub]] = [:]
        func report(_ identity: Hub.Identity, _ members: [Int]) {
            var inFlow: [Int32: Int] = [:]
            for row in members { inFlow[flows[row], default: 0] += 1 }
            guard inFlow.count > 1 else { return }
            for (flow, count) in inFlow {
                hubs[Int(flow), default: []].append(Hub(identity: identity, leftOut: members.count - count))
            }
        }
        for hub in correlations.swallowing { report(.correlationID(unique.columns.names[hub.id]), hub.rows) }
        for rows in traces.hubs { report(.trace(unique.rows[rows.first ?? 0].id.traceID), rows) }
        return hubs
    }
}
