import ThroughlineModel

/// The messages of a flow by number.
struct MessageTable: Sendable {
    /// By number.
    private(set) var ids: [Message.ID] = []
    private var names = NameTable()
    /// By number of a name: the number of its message.
    private var named: [Int] = []
    private var created = HashTable()

    init(capacity: Int) {
        names = NameTable(capacity: capacity)
        named.reserveCapacity(capacity)
        ids.reserveCapacity(capacity)
    }

    var count: Int { ids.count }

    func find(_ id: String) -> Int? { names.find(id).map { named[$0] } }

    /// The message of that name, an alias or its own.
    mutating func number(_ id: String) -> Int {
        let name = names.number(id)
        if name == named.count {
            named.append(ids.count)
            ids.append(.named(id))
        }
        return named[name]
    }

    /// The message that stands for itself by the operation that created it.
    mutating func number(_ operation: Operation.ID) -> Int {
        let hash = Hash.of(operation)
        if let known = created.find(hash, where: { ids[$0] == .created(operation) }) { return known }
        created.insert(hash, ids.count)
        ids.append(.created(operation))
        return ids.count - 1
    }

    /// Makes a name that nobody has used yet another one of a message.
    mutating func alias(_ id: String, of message: Int) {
        let name = names.number(id)
        if name == named.count { named.append(message) }
    }
}
