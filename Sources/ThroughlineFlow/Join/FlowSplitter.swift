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
        var traces = TraceJoin(index)
        var messages = MessageMeeting(count: index.count)
        var correlations = CorrelationJoin()
        // One pass, because looking at a span that is not in the processor's cache costs more than all the rest.
        for position in index.operations.indices {
            let reading = index.reading(position)
            traces.add(reading, position)
            guard reading.isMessaging else { continue }
            messages.add(reading, position, &sets)
            correlations.add(reading, position)
        }
        traces.join(&sets, guarding)
        parts = sets.numbers()
        correlations.sort()
        let swallowing = correlations.join(&sets, parts, atMost: guarding.maximumParts)
        flows = sets.numbers()
        hubs = Self.hubs(flows, correlations, swallowing, traces, index)
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

/// Joins the spans that name the same message id, as what they are about or as a cause.
private struct MessageMeeting {
    private var names: NameTable
    /// By name: some operation that names it.
    private var first: [Int] = []

    init(count: Int) {
        names = NameTable(capacity: count)
        first.reserveCapacity(count)
    }

    mutating func add(_ reading: OperationReading, _ position: Int, _ sets: inout DisjointSets) {
        if let id = reading.messageID { meet(id, position, &sets) }
        for id in reading.causationIDs { meet(id, position, &sets) }
        for member in reading.members {
            if let id = member.messageID { meet(id, position, &sets) }
            for id in member.causationIDs { meet(id, position, &sets) }
        }
    }

    private mutating func meet(_ name: String, _ position: Int, _ sets: inout DisjointSets) {
        let number = names.number(name)
        if number == first.count {
            first.append(position)
        } else {
            sets.join(first[number], position)
        }
    }
}

/// Joins the spans of a trace, and those that link to it.
private struct TraceJoin {
    /// The operations of each trace that is a hub.
    private(set) var hubs: [[Int]] = []

    private let index: OperationIndex
    private var table: HashTable
    private var ids: [TraceID] = []
    private var traceOfOperation: [Int] = []
    private var links: [(position: Int, trace: Int, target: Operation.ID)] = []
    /// By trace: some operation that is in it or links to it.
    private var first: [Int] = []

    init(_ index: OperationIndex) {
        self.index = index
        table = HashTable(capacity: index.count / 4)
        traceOfOperation.reserveCapacity(index.count)
    }

    mutating func add(_ reading: OperationReading, _ position: Int) {
        traceOfOperation.append(number(reading.record.traceID))
        for link in reading.record.links where link.context.traceID.isValid {
            links.append((position, number(link.context.traceID), Operation.ID(link.context)))
        }
    }

    private mutating func number(_ trace: TraceID) -> Int {
        let hash = Hash.of(trace)
        if let known = table.find(hash, where: { ids[$0] == trace }) { return known }
        table.insert(hash, ids.count)
        ids.append(trace)
        return ids.count - 1
    }

    /// A delivery that begins under no sender of its own: under a loop, a job, or nothing.
    private func isLoose(_ position: Int) -> Bool {
        guard index.handles(position) else { return false }
        guard let parent = index.parent(of: position) else { return true }
        return !index.publishes(parent) && !index.handles(parent)
    }

    private mutating func findHubs(_ guarding: HubGuard) -> [Bool] {
        var loose = Array(repeating: 0, count: ids.count)
        for (position, trace) in traceOfOperation.enumerated() where isLoose(position) { loose[trace] += 1 }
        let isHub = ids.indices.map { loose[$0] > guarding.maximumDeliveries || guarding.knownTraces.contains(ids[$0]) }
        guard isHub.contains(true) else { return isHub }
        var members = [[Int]](repeating: [], count: ids.count)
        for (position, trace) in traceOfOperation.enumerated() where isHub[trace] { members[trace].append(position) }
        hubs = members.filter { !$0.isEmpty }
        return isHub
    }

    /// All spans of a trace descend from one root, so the trace joins them even where a parent is missing; in a hub
    /// only parents do, and no loop its deliveries. A link joins two traces, even where neither the span nor its trace
    /// was recorded here: two handlers of one lost message still meet.
    mutating func join(_ sets: inout DisjointSets, _ guarding: HubGuard) {
        let isHub = findHubs(guarding)
        first = Array(repeating: -1, count: ids.count)
        for (position, trace) in traceOfOperation.enumerated() {
            if !isHub[trace] {
                meet(trace, position, &sets)
            } else if let parent = index.parent(of: position), !isLoose(position) {
                sets.join(parent, position)
            }
        }
        for link in links {
            if !isHub[link.trace] {
                meet(link.trace, link.position, &sets)
            } else if let linked = index.position(of: link.target) {
                sets.join(linked, link.position)
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
    private(set) var names = NameTable()
    private(set) var members = Lists()
    private var keys: [Int] = []
    private var values: [Int] = []

    mutating func add(_ reading: OperationReading, _ position: Int) {
        if let id = reading.correlationID {
            keys.append(names.number(id))
            values.append(position)
        }
        for member in reading.members {
            guard let id = member.correlationID, id != reading.correlationID else { continue }
            keys.append(names.number(id))
            values.append(position)
        }
    }

    mutating func sort() {
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
