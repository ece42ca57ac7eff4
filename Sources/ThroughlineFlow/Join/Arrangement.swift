import ThroughlineModel

/// Rows as a table wants them: flow after flow in the order of their first operations, each flow in time order.
struct Arrangement: Sendable {
    /// By position: the row.
    let order: [Int32]
    /// By row: its position.
    let places: [Int32]
    /// By row: its flow, from 0.
    let flows: [Int32]
    /// By flow: its first position; the last one is where all end.
    let starts: [Int]

    /// - Parameter sets: for each row some row of its flow, the same for all of a flow.
    init(_ rows: [OperationRow], sets: [Int]) {
        let groups = Groups(sets)
        let found = groups.sorted(rows)
        let byTime = groups.order(rows, found)
        var starts = [0]
        starts.reserveCapacity(byTime.count + 1)
        for group in byTime { starts.append(starts[starts.count - 1] + groups.range(group).count) }
        self.starts = starts
        guard byTime.indices.contains(where: { byTime[$0] != $0 }) else {
            (order, flows) = (found, groups.ofRow)
            places = Self.inverse(found)
            return
        }
        var order = [Int32](repeating: 0, count: rows.count)
        var flowOfGroup = [Int32](repeating: 0, count: byTime.count)
        for (flow, group) in byTime.enumerated() {
            flowOfGroup[group] = Int32(truncatingIfNeeded: flow)
            for (position, place) in zip(starts[flow]..., groups.range(group)) { order[position] = found[place] }
        }
        self.order = order
        places = Self.inverse(order)
        flows = groups.ofRow.map { flowOfGroup[Int($0)] }
    }

    /// True when the rows lie as they are wanted already.
    var isPlain: Bool { order.indices.allSatisfy { Int(order[$0]) == $0 } }

    /// Tells a row that comes to a position where it is now, and where its parent is; there is none in another flow.
    func place(_ row: inout OperationRow, at position: Int) {
        row.flow = flows[Int(order[position])]
        guard row.parent >= 0 else { return }
        let parent = Int(row.parent)
        row.parent = flows[parent] == row.flow ? places[parent] : -1
    }

    private static func inverse(_ order: [Int32]) -> [Int32] {
        var places = [Int32](repeating: 0, count: order.count)
        for (place, row) in order.enumerated() { places[Int(row)] = Int32(truncatingIfNeeded: place) }
        return places
    }
}

/// The flows in the order in which their rows came.
private struct Groups: Sendable {
    /// By row: its group.
    let ofRow: [Int32]
    /// By group: where its rows begin among those of all groups; the last one is where all end.
    private let starts: [Int]

    init(_ sets: [Int]) {
        var ofSet = [Int32](repeating: -1, count: sets.count)
        var ofRow = [Int32](repeating: 0, count: sets.count)
        var starts = [0]
        for (row, set) in sets.enumerated() {
            if ofSet[set] < 0 {
                ofSet[set] = Int32(truncatingIfNeeded: starts.count - 1)
                starts.append(0)
            }
            ofRow[row] = ofSet[set]
            starts[Int(ofSet[set]) + 1] += 1
        }
        for group in 0..<starts.count - 1 { starts[group + 1] += starts[group] }
        (self.ofRow, self.starts) = (ofRow, starts)
    }

    func range(_ group: Int) -> Range<Int> { starts[group]..<starts[group + 1] }

    /// The rows of all groups, those of each in time order.
    func sorted(_ rows: [OperationRow]) -> [Int32] {
        var next = starts
        var found = [Int32](repeating: 0, count: ofRow.count)
        for (row, group) in ofRow.enumerated() {
            found[next[Int(group)]] = Int32(truncatingIfNeeded: row)
            next[Int(group)] += 1
        }
        found.withUnsafeMutableBufferPointer { buffer in
            // Each part sorts groups of its own, which no other part looks at.
            nonisolated(unsafe) let found = buffer
            _ = SideBySide.map(SideBySide.ranges(of: starts)) { groups in
                for group in groups { Self.sort(&found[range(group)], rows) }
            }
        }
        return found
    }

    /// Spans that come out of one recorder or store are in time order already.
    private static func sort(_ places: inout Slice<UnsafeMutableBufferPointer<Int32>>, _ rows: [OperationRow]) {
        func isBefore(_ left: Int32, _ right: Int32) -> Bool { rows[Int(left)].isBefore(rows[Int(right)]) }
        guard !zip(places, places.dropFirst()).allSatisfy(isBefore) else { return }
        places.sort(by: isBefore)
    }

    /// The groups in the order of their first rows.
    func order(_ rows: [OperationRow], _ found: [Int32]) -> [Int] {
        func first(_ group: Int) -> Int { Int(found[starts[group]]) }
        return (0..<starts.count - 1).sorted { rows[first($0)].isBefore(rows[first($1)]) }
    }
}

extension OperationRow {
    /// In time order; operations that began together are told apart by their ids.
    func isBefore(_ other: OperationRow) -> Bool { start == other.start ? id < other.id : start < other.start }
}
