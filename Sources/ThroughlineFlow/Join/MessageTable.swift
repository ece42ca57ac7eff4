/// What tells one message from every other, in numbers; see ``Message/ID``.
enum MessageKey: Equatable, Sendable {
    case named(Name)
    case created(Operation.ID)
}

/// The messages of all flows by number; those of one flow stand together.
struct MessageTable: Sendable {
    /// By number.
    private(set) var keys: [MessageKey] = []
    /// By name: the number of its message, -1 for none. All operations that name a message are in one flow.
    private var named: [Int32]
    /// The messages of the flow that is being joined that have no name.
    private var created = HashTable()

    init(_ table: OperationTable, _ operations: Range<Int>) {
        named = Array(repeating: -1, count: table.names.count)
        keys.reserveCapacity(operations.count / 2)
    }

    var count: Int { keys.count }

    /// What is created from now on belongs to another flow.
    mutating func beginFlow() { created.removeAll(makingRoomFor: 0) }

    func find(_ name: Name) -> Int? {
        guard name.isPresent, named[name.place] >= 0 else { return nil }
        return Int(named[name.place])
    }

    /// The message of that name, an alias or its own.
    mutating func number(_ name: Name) -> Int {
        let known = Int(named[name.place])
        guard known < 0 else { return known }
        named[name.place] = Int32(truncatingIfNeeded: keys.count)
        keys.append(.named(name))
        return keys.count - 1
    }

    /// The message that stands for itself by the operation that created it. Two flows of one trace may be about the
    /// same lost operation, and do not share it.
    mutating func number(_ operation: Operation.ID) -> Int {
        let hash = Hash.of(operation)
        if let known = created.find(hash, where: { keys[$0] == .created(operation) }) { return known }
        created.insert(hash, keys.count)
        keys.append(.created(operation))
        return keys.count - 1
    }

    /// Makes a name that nobody has used yet another one of a message.
    mutating func alias(_ name: Name, of message: Int) {
        if named[name.place] < 0 { named[name.place] = Int32(truncatingIfNeeded: message) }
    }
}
