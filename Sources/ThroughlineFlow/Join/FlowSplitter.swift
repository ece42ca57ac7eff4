import ThroughlineModel

/// Sorts records into connected components.
struct FlowSplitter {
    /// What two spans may share that makes them parts of one flow.
    private enum Shared: Hashable {
        case trace(TraceID)
        case message(String)
        case correlation(String)
    }

    /// The records of each flow in time order; flows in the order of their first record.
    let components: [[SpanRecord]]

    init(_ records: some Sequence<SpanRecord>) {
        let unique = UniqueRecords.of(records)
        var flows: [[SpanRecord]] = []
        for (record, flow) in zip(unique, Self.parts(of: unique)) {
            if flow == flows.count { flows.append([]) }
            flows[flow].append(record)
        }
        components = flows
    }

    /// For each record the number of its part; parts are numbered in the order of their first record.
    static func parts(of records: [SpanRecord], ignoringCorrelation: Bool = false) -> [Int] {
        var sets = DisjointSets(count: records.count)
        var first: [Shared: Int] = [:]
        for (position, record) in records.enumerated() {
            for shared in Self.shared(record) {
                if ignoringCorrelation, case .correlation = shared { continue }
                if let other = first[shared] {
                    sets.join(other, position)
                } else {
                    first[shared] = position
                }
            }
        }
        var numbers: [Int: Int] = [:]
        return records.indices.map { position in
            let root = sets.root(of: position)
            let number = numbers[root] ?? numbers.count
            numbers[root] = number
            return number
        }
    }

    /// All spans of a trace descend from one root, so the trace joins them even where a parent is missing. A link
    /// joins two traces, even where neither the span nor its trace was recorded here: two handlers of one lost
    /// message still meet.
    private static func shared(_ record: SpanRecord) -> [Shared] {
        var shared: [Shared] = [.trace(record.traceID)]
        for link in record.links where link.context.traceID.isValid { shared.append(.trace(link.context.traceID)) }
        guard let view = MessageView(record) else { return shared }
        if let id = view.messageID { shared.append(.message(id)) }
        for id in view.causationIDs { shared.append(.message(id)) }
        for member in view.members {
            if let id = member.messageID { shared.append(.message(id)) }
            if let id = member.correlationID { shared.append(.correlation(id)) }
            for id in member.causationIDs { shared.append(.message(id)) }
        }
        if let id = view.correlationID { shared.append(.correlation(id)) }
        return shared
    }
}

/// Union-find with path halving and union by size.
struct DisjointSets {
    private var parents: [Int]
    private var sizes: [Int]

    init(count: Int) {
        parents = Array(0..<count)
        sizes = Array(repeating: 1, count: count)
    }

    mutating func root(of element: Int) -> Int {
        var current = element
        while parents[current] != current {
            parents[current] = parents[parents[current]]
            current = parents[current]
        }
        return current
    }

    mutating func join(_ left: Int, _ right: Int) {
        let (left, right) = (root(of: left), root(of: right))
        guard left != right else { return }
        let (large, small) = sizes[left] < sizes[right] ? (right, left) : (left, right)
        parents[small] = large
        sizes[large] += sizes[small]
    }
}
