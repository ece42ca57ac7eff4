import ThroughlineModel

/// The part of a folded outline that there is room for: what was asked for and the way to it, the critical path and what
/// went wrong before the rest, what is near the roots before what is far.
package struct OutlineSelection {
    /// What is not shown below a node.
    package struct Rest: Equatable {
        /// How many lines of the folded outline, below which more may stand.
        package var siblings = 0
        package var messages = 0
        package var failures = 0

        package init() {}

        package mutating func add(_ other: Rest) {
            siblings += other.siblings
            messages += other.messages
            failures += other.failures
        }
    }

    package let folded: FoldedOutline
    /// For each node whether it is shown. Whatever is above a shown node is shown too.
    package private(set) var isShown: [Bool]
    /// The shown nodes, parents before children.
    package var shown: [Int] { folded.nodes.indices.filter { isShown[$0] } }

    private let totals: [Rest]

    /// - Parameters:
    ///   - room: how many nodes are shown at most, beside what was asked for by name.
    ///   - width: how many siblings.
    ///   - depth: how many steps from the root.
    ///   - focus: the id that was asked about.
    ///   - takesRoom: false for nodes that are shown with the one above them.
    package init(
        _ folded: FoldedOutline, room: Int, width: Int = 24, depth: Int = .max, focus: String? = nil,
        takesRoom: (Int) -> Bool = { _ in true }
    ) {
        self.folded = folded
        let weights = Weights(folded, focus: focus)
        totals = weights.totals
        isShown = Array(repeating: false, count: folded.nodes.count)
        var left = room
        let isRoomForAll = folded.nodes.indices.reduce(0) { $0 + (takesRoom($1) ? 1 : 0) } <= room
        let (width, depth) = isRoomForAll ? (Int.max, depth) : (width, depth)
        var heap = RankHeap()
        func offer(_ siblings: [Int]) {
            var siblings = siblings
            if siblings.count > width {
                siblings.sort { (weights.rank[$0], $0) < (weights.rank[$1], $1) }
                siblings = siblings.prefix(width) + siblings.dropFirst(width).filter { folded.nodes[$0].isUnfolded }
            }
            for node in siblings where folded.nodes[node].depth < depth || folded.nodes[node].isUnfolded {
                let rank = folded.nodes[node].isUnfolded ? -10_000 : weights.rank[node]
                heap.insert((rank + 20_000) << 32 | node)
            }
        }
        offer(folded.roots)
        while let next = heap.removeSmallest() {
            let node = next & 0xFFFF_FFFF
            if takesRoom(node) {
                guard left > 0 || folded.nodes[node].isUnfolded else { continue }
                left -= 1
            }
            isShown[node] = true
            offer(folded.nodes[node].children)
        }
        // A line that says that one more is left out is no shorter than the one.
        for node in folded.nodes.indices where !isShown[node] {
            let isLeaf = folded.nodes[node].children.allSatisfy { !takesRoom($0) && folded.nodes[$0].children.isEmpty }
            let siblings = folded.nodes[node].parent.map { folded.nodes[$0].children } ?? folded.roots
            let isAboveShown = folded.nodes[node].parent.map { isShown[$0] } ?? true
            if isLeaf, isAboveShown, siblings.count(where: { !isShown[$0] }) == 1 {
                isShown[node] = true
                for child in folded.nodes[node].children { isShown[child] = true }
            }
        }
    }

    /// What is left out right below a node; below nothing, for nil.
    package func rest(below node: Int?) -> Rest {
        let children = node.map { folded.nodes[$0].children } ?? folded.roots
        var rest = Rest()
        for child in children where !isShown[child] {
            rest.siblings += 1
            rest.messages += totals[child].messages
            rest.failures += totals[child].failures
        }
        return rest
    }

    /// Everything that is not shown, and everything that is shown as one of several.
    package var isWhole: Bool { isShown.allSatisfy(\.self) && folded.nodes.allSatisfy { $0.members.count == 1 } }
}

/// What makes nodes worth showing.
private struct Weights {
    private(set) var totals: [OutlineSelection.Rest]
    /// The smaller, the sooner shown.
    private(set) var rank: [Int]

    init(_ folded: FoldedOutline, focus: String?) {
        let flow = folded.flow
        let criticalHops = Set(flow.criticalPath.compactMap(\.hop))
        let critical = Set(flow.criticalPath.map(\.publication))
        let working = Set(flow.criticalPaths.flatMap { $0.segments.compactMap(\.operation) })
        var bonus = Array(repeating: 0, count: folded.nodes.count)
        totals = Array(repeating: OutlineSelection.Rest(), count: folded.nodes.count)
        rank = bonus
        for place in folded.nodes.indices.reversed() {
            let node = folded.nodes[place]
            for member in node.members {
                let subject = folded.outline.nodes[member].subject
                switch subject {
                case .publication(let publication):
                    if case .sent = flow.publications[publication].id.reason { totals[place].messages += 1 }
                    if critical.contains(flow.publications[publication].id) { bonus[place] = max(bonus[place], 6) }
                case .hop(let hop):
                    if flow.hops[hop].failed { totals[place].failures += 1 }
                    if flow.hops[hop].failed || flow.hops[hop].isUnfinished { bonus[place] = max(bonus[place], 4) }
                    if criticalHops.contains(flow.hops[hop].id) { bonus[place] = max(bonus[place], 6) }
                case .attempt: break
                case .operation(let operation):
                    if flow.operations[operation].failed { bonus[place] = max(bonus[place], 4) }
                    if working.contains(flow.operations[operation].id) { bonus[place] = max(bonus[place], 6) }
                }
                if let focus, flow.names(of: subject).contains(focus) { bonus[place] = 5_000 }
            }
            rank[place] = min(node.depth, 10_000) - bonus[place]
            guard let parent = node.parent else { continue }
            // What is on the way to something counts as much.
            bonus[parent] = max(bonus[parent], bonus[place])
            totals[parent].messages += totals[place].messages
            totals[parent].failures += totals[place].failures
        }
    }
}
