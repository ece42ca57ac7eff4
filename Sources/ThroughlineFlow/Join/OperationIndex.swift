import ThroughlineModel

/// The operations of one flow, found by id, by position and by descent.
struct OperationIndex: Sendable {
    /// In time order.
    let operations: [Operation]
    private let positions: HashTable
    /// By position; -1 where no parent is recorded.
    private let parents: [Int]

    /// - Parameter operations: each once, in time order.
    init(_ operations: [Operation]) {
        var positions = HashTable(capacity: operations.count)
        for (position, operation) in operations.enumerated() { positions.insert(Hash.of(operation.id), position) }
        self.operations = operations
        self.positions = positions
        parents = operations.map { operation in
            guard let parent = operation.parentID else { return -1 }
            return positions.find(Hash.of(parent)) { operations[$0].id == parent } ?? -1
        }
    }

    subscript(position: Int) -> Operation { operations[position] }

    var count: Int { operations.count }

    func position(of id: Operation.ID) -> Int? { positions.find(Hash.of(id)) { operations[$0].id == id } }

    func position(of context: SpanContext) -> Int? { position(of: Operation.ID(context)) }

    func parent(of position: Int) -> Int? { parents[position] < 0 ? nil : parents[position] }

    /// The parent, its parent and so on, nearest first; ends where the records contradict themselves in a circle.
    func ancestors(of position: Int) -> [Int] {
        var found: [Int] = []
        var current = parents[position]
        while current >= 0, current != position, found.count < operations.count {
            found.append(current)
            current = parents[current]
        }
        return found
    }

    /// The nearest ancestor that meets the condition, the operation itself left out.
    func nearestAncestor(of position: Int, where condition: (Operation) -> Bool) -> Int? {
        var current = parents[position]
        var steps = 0
        while current >= 0, current != position, steps < operations.count {
            if condition(operations[current]) { return current }
            current = parents[current]
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
    var children: Lists {
        var keys: [Int] = []
        var values: [Int] = []
        for (position, parent) in parents.enumerated() where parent >= 0 && parent != position {
            keys.append(parent)
            values.append(position)
        }
        return Lists(count: operations.count, keys: keys, values: values)
    }
}
