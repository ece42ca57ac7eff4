import ThroughlineFlow
import ThroughlineModel

/// Repeated deliveries that became different things: a block with a branch for each outcome, most first, in which stands
/// what came of it.
struct SequenceBranches {
    struct Branch {
        var label: String
        /// Which block it is a branch of.
        var block: Int
    }

    private(set) var branches: [Branch] = []
    /// For each block the branch that it stands in.
    private(set) var blockParents: [Int?] = []
    private var branchOfNode: [Int: Int] = [:]
    private let folded: FoldedOutline

    init(_ selection: OutlineSelection, _ text: SequenceText) {
        folded = selection.folded
        let flow = folded.flow
        for node in selection.shown where folded.nodes[node].members.count > 1 {
            guard case .publication = folded.subject(node) else { continue }
            let deliveries = folded.nodes[node].children.compactMap { child -> (node: Int, hops: [Hop])? in
                let hops = folded.nodes[child].members.compactMap { member -> Hop? in
                    guard case .hop(let place) = folded.outline.nodes[member].subject else { return nil }
                    return flow.hops[place].isReplay ? nil : flow.hops[place]
                }
                return hops.isEmpty ? nil : (child, hops)
            }
            let alike = Dictionary(grouping: deliveries) { $0.hops[0].consumer }
            for consumer in deliveries.map(\.hops[0].consumer).uniqued() {
                add(alike[consumer] ?? [], under: node, selection, text)
            }
        }
    }

    private mutating func add(
        _ deliveries: [(node: Int, hops: [Hop])], under node: Int, _ selection: OutlineSelection, _ text: SequenceText
    ) {
        let total = deliveries.reduce(0) { $0 + $1.hops.count }
        let shown = deliveries.filter { selection.isShown[$0.node] }.enumerated()
            .sorted { (-$0.element.hops.count, $0.offset) < (-$1.element.hops.count, $1.offset) }.map(\.element)
        let labels = shown.map { text.outcome($0.hops, of: total) }
        guard shown.count > 1, total > shown.count, Set(labels).count == labels.count else { return }
        blockParents.append(branch(of: node))
        for (delivery, label) in zip(shown, labels) {
            branchOfNode[delivery.node] = branches.count
            branches.append(Branch(label: label, block: blockParents.count - 1))
        }
    }

    /// True when a branch says what became of it.
    func isBranch(_ node: Int) -> Bool { branchOfNode[node] != nil }

    /// The innermost branch that a node of the outline stands in.
    func branch(of node: Int) -> Int? {
        var place: Int? = node
        while let current = place {
            if let branch = branchOfNode[current] { return branch }
            place = folded.nodes[current].parent
        }
        return nil
    }
}
