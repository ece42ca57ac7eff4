import ThroughlineFlow
import ThroughlineModel

/// The deliveries of a sequence diagram in causal order, those together that are one arrow: alike ones, and messages of
/// one type and sender that were handled at once.
struct SequenceDeliveries {
    /// Each with the node of the outline that the first of them is of.
    private(set) var all: [(node: Int, hops: [Hop])] = []

    private struct Batch: Hashable {
        var operation: Operation.ID
        var destination: String
        var type: String?
        var senders: [String]?
        var branch: Int?
    }

    init(_ selection: OutlineSelection, _ branches: SequenceBranches) {
        let (folded, flow) = (selection.folded, selection.folded.flow)
        var places: [(first: Int, node: Int, hops: [Hop])] = []
        for node in selection.shown {
            let members = folded.nodes[node].members.compactMap { member -> Int? in
                if case .hop(let place) = folded.outline.nodes[member].subject { place } else { nil }
            }
            if let first = members.first { places.append((first, node, members.map { flow.hops[$0] })) }
        }
        var batches: [Batch: Int] = [:]
        for (_, node, hops) in places.sorted(by: { $0.first < $1.first }) {
            guard let hop = hops.first, let operation = hop.attempts.last?.operation, hop.batchSize > 1 else {
                all.append((node, hops))
                continue
            }
            let batch = Batch(
                operation: operation, destination: hop.destination, type: flow.message(hop.message)?.type,
                senders: flow.publication(hop.id.publication)?.services, branch: branches.branch(of: node))
            if let place = batches[batch] {
                all[place].hops += hops
            } else {
                batches[batch] = all.count
                all.append((node, hops))
            }
        }
    }
}
