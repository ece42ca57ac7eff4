import ThroughlineModel

/// Joins the spans of a trace, and those that link to it.
struct TraceJoin {
    /// The rows of each trace that is a hub, in time order.
    private(set) var hubs: [[Int]] = []

    private let unique: UniqueRows
    private var table: HashTable
    private var ids: [TraceID] = []
    private var traceOfRow: [Int] = []
    private var links: [(row: Int, trace: Int, target: Operation.ID)] = []
    /// By trace: some row that is in it or links to it.
    private var first: [Int] = []

    init(_ unique: UniqueRows) {
        self.unique = unique
        table = HashTable(capacity: unique.rows.count / 4)
        traceOfRow.reserveCapacity(unique.rows.count)
        let targets = unique.columns.links
        var last = (id: TraceID(high: 0, low: 0), number: -1)
        for row in unique.rows.indices {
            let trace = unique.rows[row].id.traceID
            // Spans of one trace mostly stand together.
            if trace != last.id || last.number < 0 { last = (trace, number(trace)) }
            traceOfRow.append(last.number)
            for link in unique.rows[row].links.range {
                let target = targets[link].target
                guard target.traceID.isValid else { continue }
                links.append((row, target.traceID == trace ? last.number : number(target.traceID), target))
            }
        }
    }

    private func find(_ trace: TraceID) -> Int? { table.find(Hash.of(trace)) { ids[$0] == trace } }

    private mutating func number(_ trace: TraceID) -> Int {
        if let known = find(trace) { return known }
        table.insert(Hash.of(trace), ids.count)
        ids.append(trace)
        return ids.count - 1
    }

    /// A delivery that begins under no sender of its own: under a loop, a job, or nothing.
    private func isLoose(_ row: Int) -> Bool {
        guard unique.rows[row].consumes else { return false }
        let parent = Int(unique.rows[row].parent)
        guard parent >= 0 else { return true }
        return !unique.rows[parent].publishes && !unique.rows[parent].consumes
    }

    private mutating func findHubs(_ guarding: HubGuard) -> [Bool] {
        var loose = Array(repeating: 0, count: ids.count)
        for (row, trace) in traceOfRow.enumerated() where isLoose(row) { loose[trace] += 1 }
        let isHub = ids.indices.map { loose[$0] > guarding.maximumDeliveries || guarding.knownTraces.contains(ids[$0]) }
        guard isHub.contains(true) else { return isHub }
        // In the order in which spans first name them, which does not depend on how the records came.
        var places: [Int: Int] = [:]
        let targets = unique.columns.links
        for row in unique.order {
            let linked = targets[unique.rows[row].links.range].compactMap { find($0.target.traceID) }
            for trace in [traceOfRow[row]] + linked where isHub[trace] && places[trace] == nil {
                places[trace] = hubs.count
                hubs.append([])
            }
            if let place = places[traceOfRow[row]] { hubs[place].append(row) }
        }
        return isHub
    }

    /// All spans of a trace descend from one root, so the trace joins them even where a parent is missing; in a hub
    /// only parents do, and no loop its deliveries. A link joins two traces, even where neither the span nor its trace
    /// was recorded here: two handlers of one lost message still meet.
    mutating func join(_ sets: inout DisjointSets, _ guarding: HubGuard) {
        let isHub = findHubs(guarding)
        first = Array(repeating: -1, count: ids.count)
        for (row, trace) in traceOfRow.enumerated() {
            let parent = Int(unique.rows[row].parent)
            if !isHub[trace] {
                meet(trace, row, &sets)
            } else if parent >= 0, !isLoose(row) {
                sets.join(parent, row)
            }
        }
        for link in links {
            if !isHub[link.trace] {
                meet(link.trace, link.row, &sets)
            } else if let linked = unique.row(of: link.target) {
                sets.join(linked, link.row)
            }
        }
    }

    private mutating func meet(_ trace: Int, _ row: Int, _ sets: inout DisjointSets) {
        if first[trace] < 0 {
            first[trace] = row
        } else {
            sets.join(first[trace], row)
        }
    }
}
