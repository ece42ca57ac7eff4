import ThroughlineModel

/// The operations of one flow, found by id, by position and by descent.
struct OperationIndex {
    /// In time order.
    let operations: [Operation]
    private let positions: [Operation.ID: Int]
    private let parents: [Int?]

    init(_ records: some Sequence<SpanRecord>) {
        let operations = UniqueRecords.of(records).map(Operation.init)
        let positions = Dictionary(operations.indices.map { (operations[$0].id, $0) }) { first, _ in first }
        self.operations = operations
        self.positions = positions
        parents = operations.map { $0.parentID.flatMap { positions[$0] } }
    }

    subscript(position: Int) -> Operation { operations[position] }

    func position(of id: Operation.ID) -> Int? { positions[id] }

    func position(of context: SpanContext) -> Int? { positions[Operation.ID(context)] }

    func parent(of position: Int) -> Int? { parents[position] }

    /// The parent, its parent and so on, nearest first; ends where the records contradict themselves in a circle.
    func ancestors(of position: Int) -> [Int] {
        var found: [Int] = []
        var current = parents[position]
        while let ancestor = current, ancestor != position, found.count < operations.count {
            found.append(ancestor)
            current = parents[ancestor]
        }
        return found
    }

    /// The nearest ancestor that meets the condition, the operation itself left out.
    func nearestAncestor(of position: Int, where condition: (Operation) -> Bool) -> Int? {
        var current = parents[position]
        var steps = 0
        while let ancestor = current, ancestor != position, steps < operations.count {
            if condition(operations[ancestor]) { return ancestor }
            current = parents[ancestor]
            steps += 1
        }
        return nil
    }

    /// The operation in whose handling of messages this one ran. A sender of another service ends the search: what
    /// lies beyond it happened on the other side of the broker.
    func handler(of position: Int) -> Int? {
        let service = operations[position].service
        let found = nearestAncestor(of: position) { $0.handles || $0.publishes && $0.service != service }
        return found.flatMap { operations[$0].handles ? $0 : nil }
    }

    /// The children of every operation, in time order.
    var children: [[Int]] {
        var lists: [[Int]] = Array(repeating: [], count: operations.count)
        for (position, parent) in parents.enumerated() {
            if let parent, parent != position { lists[parent].append(position) }
        }
        return lists
    }
}
