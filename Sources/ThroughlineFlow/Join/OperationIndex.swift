import ThroughlineModel

/// The operations of one flow, found by id, by position and by descent.
final class OperationIndex: Sendable {
    /// In time order.
    let operations: [Operation]
    private let table: HashTable?
    /// By position; -1 where no parent is recorded.
    private let parents: [Int]
    private let roles: [UInt8]

    private static let publishing: UInt8 = 1
    private static let handling: UInt8 = 2
    /// Up to that many, looking at all is quicker than a table.
    private static let few = 16

    /// - Parameter operations: each once, in time order.
    init(_ operations: [Operation]) {
        var table: HashTable?
        if operations.count > Self.few {
            var full = HashTable(capacity: operations.count)
            for (position, operation) in operations.enumerated() { full.insert(Hash.of(operation.id), position) }
            table = full
        }
        self.operations = operations
        self.table = table
        roles = operations.map { operation in
            operation.reading.publishes ? Self.publishing : operation.reading.handles ? Self.handling : 0
        }
        parents = operations.map { operation in
            guard let parent = operation.parentID else { return -1 }
            return Self.find(parent, operations, table) ?? -1
        }
    }

    private static func find(_ id: Operation.ID, _ operations: [Operation], _ table: HashTable?) -> Int? {
        guard let table else {
            return operations.firstIndex { operation in
                operation.reading.record.spanID == id.spanID && operation.reading.record.traceID == id.traceID
            }
        }
        return table.find(Hash.of(id)) { operations[$0].id == id }
    }

    subscript(position: Int) -> Operation { operations[position] }

    var count: Int { operations.count }

    func reading(_ position: Int) -> OperationReading { operations[position].reading }

    /// Nil when the operation is not about messages.
    func messaging(_ position: Int) -> OperationReading? {
        let reading = operations[position].reading
        return reading.isMessaging ? reading : nil
    }

    func publishes(_ position: Int) -> Bool { roles[position] == Self.publishing }

    func handles(_ position: Int) -> Bool { roles[position] == Self.handling }

    func position(of id: Operation.ID) -> Int? { Self.find(id, operations, table) }

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
    func nearestAncestor(of position: Int, where condition: (Int) -> Bool) -> Int? {
        var current = parents[position]
        var steps = 0
        while current >= 0, current != position, steps < operations.count {
            if condition(current) { return current }
            current = parents[current]
            steps += 1
        }
        return nil
    }

    /// The operation in whose handling of messages this one ran. A sender of another service ends the search: what
    /// lies beyond it happened on the other side of the broker.
    func handler(of position: Int) -> Int? {
        let found = nearestAncestor(of: position) { ancestor in
            handles(ancestor) || publishes(ancestor) && reading(ancestor).service != reading(position).service
        }
        return found.flatMap { handles($0) ? $0 : nil }
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
