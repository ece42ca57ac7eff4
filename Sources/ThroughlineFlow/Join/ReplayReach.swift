import ThroughlineModel

/// Finds every operation that a replay brought about: its deliveries, what ran inside them, and on through the
/// messages they published.
struct ReplayReach {
    private(set) var operations: Set<Int> = []

    init(_ graph: FlowGraph) {
        var pending: [Int] = []
        for (number, hop) in graph.hops.enumerated() where hop.isReplay { pending += graph.operationsOfHop[number] }
        for (number, replay) in graph.publications.enumerated() where replay.id.reason == .replayed {
            for sender in graph.sendersOfPublication[number] {
                pending.append(sender)
                // Whoever decided to replay is part of it, up to the handler of something else.
                _ = graph.index.nearestAncestor(of: sender) { ancestor in
                    graph.index.handles(ancestor) || !operations.insert(ancestor).inserted
                }
            }
        }
        guard !pending.isEmpty else { return }
        let children = graph.index.children
        while let position = pending.popLast() {
            guard operations.insert(position).inserted else { continue }
            pending += children[position]
            for publication in graph.publicationsOfSender[position] {
                for hop in graph.hopsOfPublication[publication] { pending += graph.operationsOfHop[hop] }
            }
        }
    }
}
