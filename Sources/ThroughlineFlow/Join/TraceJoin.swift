import ThroughlineModel

/// Joins the spans of a trace, and those that link to it.
struct TraceJoin {
    /// The rows of each trace that is a hub, in time order.
    private(set) var hubs: [[Int]] = []

    private let unique: UniqueRows
    private var table: HashTable
    private var ids: [TraceID] = []
    private var traceOfRow: [Int32] = []
    /// Those into other traces.
    private var links: [(row: Int32, trace: Int32, target: Operation.ID)] = []
    /// By trace: how many deliveries began in it under no sender of theirs.
    private var loose: [Int] = []

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
            traceOfRow.append(Int32(truncatingIfNeeded: last.number))
            if isLoose(row) { loose[last.number] += 1 }
            for link in unique.rows[row].links.range {
                let target = targets[link].target
                guard target.traceID.isValid, target.traceID != trace else { continue }
                let linked = number(target.traceID)
                links.append((Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: linked), target))
            }
        }
    }

    private func find(_ trace: TraceID) -> Int? { table.find(Hash.of(trace)) { ids[$0] == trace } }

    private mutating func number(_ trace: TraceID) -> Int {
        let hash = Hash.of(trace)
        if let known = table.find(hash, where: { ids[$0] == trace }) { return known }
        table.insert(hash, ids.count)
        ids.append(trace)
        loose.append(0)
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
        let isHub = ids.indices.map { loose[$0] > guarding.maximumDeliveries || guarding.knownTraces.contains(ids[$0]) }
        guard isHub.contains(true) else { return isHub }
        // In the order in which spans first name them, which does not depend on how the records came.
        var places: [Int: Int] = [:]
        let targets = unique.columns.links
        for row in unique.timeOrder() {
            let linked = targets[unique.rows[row].links.range].compactMap { find($0.target.traceID) }
            for trace in [Int(traceOfRow[row])] + linked where isHub[trace] && places[trace] == nil {
                places[trace] = hubs.count
                hubs.append([])
            }
            if let place = places[Int(traceOfRow[row])] { hubs[place].append(row) }
        }
        return isHub
    }

    /// All spans of a trace descend from one root, so the trace joins them even where a parent is missing; in a hub
    /// only parents do, and no loop its deliveries. A link joins two traces, even where neither the span nor its trace
    /// was recorded here: two handlers of one lost message still meet.
    mutating func join(_ sets: inout DisjointSets, _ guarding: HubGuard) {
        let isHub = findHubs(guarding)
        // By trace: some row that is in it or links to it.
        var first = Array(repeating: -1 as Int32, count: ids.count)
        func meet(_ trace: Int, _ row: Int) {
            if first[trace] < 0 {
                first[trace] = Int32(truncatingIfNeeded: row)
            } else {
                sets.join(Int(first[trace]), row)
            }
        }
        for (row, trace) in traceOfRow.enumerated() {
            if isHub[Int(trace)] { joinWithinHub(row, &sets) } else { meet(Int(trace), row) }
        }
        for link in links {
            if !isHub[Int(link.trace)] {
                meet(Int(link.trace), Int(link.row))
            } else if let linked = unique.row(of: link.target) {
                sets.join(linked, Int(link.row))
            }
        }
    }

    private func joinWithinHub(_ row: Int, _ sets: inout DisjointSets) {
        let parent = Int(unique.rows[row].parent)
        if parent >= 0, !isLoose(row) { sets.join(parent, row) }
        for link in unique.columns.links[unique.rows[row].links.range]
        where link.target.traceID == unique.rows[row].id.traceID {
            if let linked = unique.row(of: link.target) { sets.join(linked, row) }
        }
    }
}
