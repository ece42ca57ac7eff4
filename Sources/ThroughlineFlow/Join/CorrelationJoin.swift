/// Joins the parts of flows that share a correlation id, unless they are too many.
struct CorrelationJoin {
    /// The ids that would join too many parts, in the order of their first spans, each with the rows that name it.
    private(set) var swallowing: [(id: Name, rows: [Int])] = []

    init(_ unique: UniqueRows, _ parts: [Int], _ sets: inout DisjointSets, atMost limit: Int) {
        var counts = Array(repeating: 0 as Int32, count: unique.columns.names.count)
        Self.visit(unique, unique.rows.indices) { name, _ in counts[name.place] += 1 }
        var isSwallowing: [Name: Bool] = [:]
        if counts.contains(where: { $0 > limit }) { findSwallowing(unique, parts, counts, limit, &isSwallowing) }
        var first = Array(repeating: -1 as Int32, count: unique.columns.names.count)
        Self.visit(unique, unique.rows.indices) { name, row in
            if counts[name.place] > limit, isSwallowing[name] == true { return }
            if first[name.place] < 0 {
                first[name.place] = Int32(truncatingIfNeeded: row)
            } else {
                sets.join(Int(first[name.place]), row)
            }
        }
    }

    private mutating func findSwallowing(
        _ unique: UniqueRows, _ parts: [Int], _ counts: [Int32], _ limit: Int, _ isSwallowing: inout [Name: Bool]
    ) {
        var large: [(id: Name, rows: [Int])] = []
        var places: [Name: Int] = [:]
        Self.visit(unique, unique.timeOrder()) { name, row in
            guard counts[name.place] > limit else { return }
            let place = places[name] ?? large.count
            places[name] = place
            if place == large.count { large.append((name, [])) }
            large[place].rows.append(row)
        }
        swallowing = large.filter { Set($0.rows.lazy.map { parts[$0] }).count > limit }
        for hub in swallowing { isSwallowing[hub.id] = true }
    }

    /// Each row with the correlation ids that it names, its own and those of the messages of its batch.
    private static func visit(_ unique: UniqueRows, _ rows: some Sequence<Int>, _ body: (Name, Int) -> Void) {
        let members = unique.columns.members
        for row in rows where unique.rows[row].isMessaging {
            let own = unique.rows[row].correlationID
            if own.isPresent { body(own, row) }
            for member in unique.rows[row].members.range {
                let id = members[member].correlationID
                if id.isPresent, id != own { body(id, row) }
            }
        }
    }
}
