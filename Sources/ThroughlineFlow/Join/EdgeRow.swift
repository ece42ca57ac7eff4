/// A thing in a flow, by number; see ``FlowNode``.
struct NodeRow: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case operation, message, destination, service, group
    }

    let kind: Kind
    /// An operation's or a message's number; the name of a destination or service.
    let number: Int32
    /// The name of a group; its service is the number.
    let group: Int32

    private init(_ kind: Kind, _ number: Int32, group: Int32 = -1) {
        self.kind = kind
        self.number = number
        self.group = group
    }

    static func operation(_ position: Int) -> Self { Self(.operation, Int32(truncatingIfNeeded: position)) }
    static func message(_ number: Int) -> Self { Self(.message, Int32(truncatingIfNeeded: number)) }
    static func destination(_ name: Name) -> Self { Self(.destination, name.number) }
    static func service(_ name: Name) -> Self { Self(.service, name.number) }
    static func group(_ service: Name, _ group: Name) -> Self { Self(.group, service.number, group: group.number) }

    fileprivate var bits: UInt64 {
        UInt64(UInt32(bitPattern: number)) << 32 | UInt64(UInt32(bitPattern: group)) ^ UInt64(kind.rawValue) << 28
    }
}

/// A relation between two things, by number; see ``FlowEdge``.
struct EdgeRow: Sendable {
    let from: NodeRow
    let to: NodeRow
    let relation: FlowEdge.Relation
    var evidence: Evidence
}

/// Relations, each once, with its strongest evidence.
struct EdgeTable: Sendable {
    private(set) var rows: [EdgeRow] = []
    private var places: HashTable

    init(capacity: Int) {
        places = HashTable(capacity: capacity)
        rows.reserveCapacity(capacity)
    }

    mutating func add(_ row: EdgeRow) {
        let hash = Hash.of(row.from.bits, row.to.bits)
        let known = places.find(hash) { place in
            rows[place].from == row.from && rows[place].to == row.to && rows[place].relation == row.relation
        }
        if let known {
            rows[known].evidence = min(rows[known].evidence, row.evidence)
        } else {
            places.insert(hash, rows.count)
            rows.append(row)
        }
    }

    /// Adds a relation that is known not to be there, and not to come again.
    mutating func append(_ row: EdgeRow) { rows.append(row) }
}
