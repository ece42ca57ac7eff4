import ThroughlineModel

/// Sorts operations into connected components, past the ids that would swallow everything.
struct FlowSplitter {
    /// For each operation the part that it belongs to by anything stronger than a correlation id.
    let parts: [Int]
    /// For each operation its flow; flows are numbered in the order of their first operation.
    let flows: [Int]
    /// By flow: the ids that were not followed out of it.
    let hubs: [Int: [Hub]]

    init(_ index: OperationIndex, guarding: HubGuard) {
        var sets = DisjointSets(count: index.count)
        var traces = TraceJoin(index, guarding)
        traces.join(&sets)
        Self.joinByMessage(index, &sets)
        parts = sets.numbers()
        let correlations = CorrelationJoin(index)
        let swallowing = correlations.join(&sets, parts, atMost: guarding.maximumParts)
        flows = sets.numbers()
        hubs = Self.hubs(flows, correlations, swallowing, traces, index)
    }

    /// The message ids that two spans name, as what they are about or as a cause.
    private static func joinByMessage(_ index: OperationIndex, _ sets: inout DisjointSets) {
        var names = NameTable(capacity: index.count)
        var first: [Int] = []
        func meet(_ name: String, _ position: Int) {
            let number = names.number(name)
            if number == first.count {
                first.append(position)
            } else {
                sets.join(first[number], position)
            }
        }
        for position in index.operations.indices {
            guard let view = index.messaging(position) else { continue }
            if let id = view.messageID { meet(id, position) }
            for id in view.causationIDs { meet(id, position) }
            for member in view.members {
                if let id = member.messageID { meet(id, position) }
                for id in member.causationIDs { meet(id, position) }
            }
        }
    }

    private static func hubs(
        _ flows: [Int], _ correlations: CorrelationJoin, _ swallowing: [Int], _ traces: TraceJoin,
        _ index: OperationIndex
    ) -> [Int: [Hub]] {
        var hubs: [Int: [Hub]] = [:]
        func report(_ identity: Hub.Identity, _ members: some Collection<Int>) {
            var inFlow: [Int: Int] = [:]
            for position in members { inFlow[flows[position], default: 0] += 1 }
            guard inFlow.count > 1 else { return }
            for (flow, count) in inFlow {
                hubs[flow, default: []].append(Hub(identity: identity, leftOut: members.count - count))
            }
        }
        for number in swallowing {
            report(.correlationID(correlations.names.names[number]), correlations.members[number])
        }
        for trace in traces.hubs { report(.trace(index.reading(trace.first ?? 0).record.traceID), trace) }
        return hubs
    }
}

/// Joins the spans of a trace, and those that link to it.
private struct TraceJoin {
    /// The operations of each trace that is a hub.
    private(set) var hubs: [[Int]] = []

    private let index: OperationIndex
    private var table: HashTable
    /// By trace: some operation that is in it or links to it.
    private var first: [Int] = []
    private var ids: [TraceID] = []
    private var traceOfOperation: [Int] = []
    private var isHub: [Bool] = []

    init(_ index: OperationIndex, _ guarding: HubGuard) {
        self.index = index
        table = HashTable(capacity: index.count / 4)
        traceOfOperation.reserveCapacity(index.count)
        var loose: [Int] = []
        for position in index.operations.indices {
            let trace = number(index.reading(position).record.traceID)
            traceOfOperation.append(trace)
            while loose.count < ids.count { loose.append(0) }
            if Self.isLoose(position, index) { loose[trace] += 1 }
        }
        isHub = loose.map { $0 > guarding.maximumDeliveries }
        guard isHub.contains(true) else { return }
        var members = [[Int]](repeating: [], count: ids.count)
        for (position, trace) in traceOfOperation.enumerated() where isHub[trace] { members[trace].append(position) }
        hubs = members.filter { !$0.isEmpty }
    }

    /// A delivery that begins under no sender of its own: under a loop, a job, or nothing.
    private static func isLoose(_ position: Int, _ index: OperationIndex) -> Bool {
        guard index.handles(position) else { return false }
        guard let parent = index.parent(of: position) else { return true }
        return !index.publishes(parent) && !index.handles(parent)
    }

    private mutating func number(_ trace: TraceID) -> Int {
        let hash = Hash.of(trace)
        if let known = table.find(hash, where: { ids[$0] == trace }) { return known }
        table.insert(hash, ids.count)
        ids.append(trace)
        return ids.count - 1
    }

    /// All spans of a trace descend from one root, so the trace joins them even where a parent is missing; in a hub
    /// only parents do, and no loop its deliveries. A link joins two traces, even where neither the span nor its trace
    /// was recorded here: two handlers of one lost message still meet.
    mutating func join(_ sets: inout DisjointSets) {
        first = Array(repeating: -1, count: ids.count)
        for position in index.operations.indices {
            let trace = traceOfOperation[position]
            if !isHub[trace] {
                meet(trace, position, &sets)
            } else if let parent = index.parent(of: position), !Self.isLoose(position, index) {
                sets.join(parent, position)
            }
            for link in index.reading(position).record.links where link.context.traceID.isValid {
                let target = number(link.context.traceID)
                while first.count < ids.count { first.append(-1) }
                if target < isHub.count, isHub[target] {
                    if let linked = index.position(of: link.context) { sets.join(linked, position) }
                } else {
                    meet(target, position, &sets)
                }
            }
        }
    }

    private mutating func meet(_ trace: Int, _ position: Int, _ sets: inout DisjointSets) {
        if first[trace] < 0 {
            first[trace] = position
        } else {
            sets.join(first[trace], position)
        }
    }
}

/// The correlation ids, and the operations that name each.
private struct CorrelationJoin {
    let names: NameTable
    let members: Lists

    init(_ index: OperationIndex) {
        var names = NameTable()
        var keys: [Int] = []
        var values: [Int] = []
        for position in index.operations.indices {
            guard let view = index.messaging(position) else { continue }
            if let id = view.correlationID {
                keys.append(names.number(id))
                values.append(position)
            }
            for member in view.members {
                guard let id = member.correlationID, id != view.correlationID else { continue }
                keys.append(names.number(id))
                values.append(position)
            }
        }
        self.names = names
        members = Lists(count: names.names.count, keys: keys, values: values)
    }

    /// Joins the parts that share an id, unless they are too many.
    ///
    /// - Returns: the ids that would join too many.
    func join(_ sets: inout DisjointSets, _ parts: [Int], atMost limit: Int) -> [Int] {
        var swallowing: [Int] = []
        for number in 0..<members.count {
            let members = members[number]
            guard let first = members.first else { continue }
            if members.count > limit, Set(members.lazy.map { parts[$0] }).count > limit {
                swallowing.append(number)
                continue
            }
            for other in members.dropFirst() { sets.join(first, other) }
        }
        return swallowing
    }
}
