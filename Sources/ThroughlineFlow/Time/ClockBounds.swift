import ThroughlineModel

/// Bounds the offset between the clocks of each two hosts by what cannot have happened the other way round.
struct ClockBounds {
    private(set) var offsets: [ClockOffset] = []

    private let graph: FlowGraph
    private var places = HashTable()
    private var pairs: [(from: Name, to: Name)] = []

    init(_ graph: FlowGraph) {
        self.graph = graph
        let hosts = graph.index.indices.lazy.map { graph.index.row($0).host }
        guard let first = hosts.first, hosts.contains(where: { $0 != first }) else { return }
        for hop in graph.hops.indices {
            let publication = graph.publicationOfHop[hop]
            guard let handler = graph.operationsOfHop[hop].first,
                let sender = graph.sendersOfPublication[publication].min(by: { began($0) < began($1) })
            else { continue }
            note(sender, began(sender), before: handler, began(handler))
        }
        for child in graph.index.indices { noteCall(child) }
        offsets.sort { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    private func host(_ position: Int) -> Name { graph.index.row(position).host }

    private func began(_ position: Int) -> Timestamp { graph.index.row(position).start }

    /// A call begins before what it calls; one that waits for the answer ends after it.
    private mutating func noteCall(_ child: Int) {
        guard let parent = graph.index.parent(of: child), host(parent) != host(child), parent != child,
            !graph.index.handles(child)
        else { return }
        note(parent, began(parent), before: child, began(child))
        guard graph.index.row(child).kind == .server, graph.index.row(parent).kind == .client,
            let childEnd = graph.index.row(child).end, let parentEnd = graph.index.row(parent).end
        else { return }
        note(child, childEnd, before: parent, parentEnd)
    }

    private mutating func note(_ earlier: Int, _ time: Timestamp, before later: Int, _ then: Timestamp) {
        let (first, second) = (host(earlier), host(later))
        guard first != second else { return }
        let ahead = Self.difference(then, time)
        let names = graph.index.table.names
        if names[first] < names[second] {
            let place = place(first, second)
            offsets[place].upper = min(offsets[place].upper ?? ahead, ahead)
            offsets[place].observations += 1
        } else {
            let place = place(second, first)
            offsets[place].lower = max(offsets[place].lower ?? -ahead, -ahead)
            offsets[place].observations += 1
        }
    }

    private static func difference(_ left: Timestamp, _ right: Timestamp) -> Int64 {
        left >= right
            ? Int64(clamping: right.nanoseconds(until: left)) : -Int64(clamping: left.nanoseconds(until: right))
    }

    private mutating func place(_ from: Name, _ to: Name) -> Int {
        let hash = Hash.of(UInt64(from.place), UInt64(to.place))
        if let known = places.find(hash, where: { pairs[$0] == (from, to) }) { return known }
        places.insert(hash, pairs.count)
        pairs.append((from, to))
        let names = graph.index.table.names
        offsets.append(
            ClockOffset(from: names[from], to: names[to], lower: nil, upper: nil, observations: 0))
        return pairs.count - 1
    }
}
