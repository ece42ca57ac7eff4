import ThroughlineModel

/// Names every relation of a flow, each once, with its strongest evidence.
struct EdgeBuilder {
    private(set) var edges: [FlowEdge] = []
    private var places: [Key: Int] = [:]

    private struct Key: Hashable {
        var from: FlowNode
        var to: FlowNode
        var relation: FlowEdge.Relation
    }

    init(_ index: OperationIndex, _ join: MessageJoin, _ parts: FlowAssembler.Parts, _ causation: CausationJoin) {
        for (position, operation) in index.operations.enumerated() {
            if let parent = index.parent(of: position), parent != position {
                add(.operation(index[parent].id), .operation(operation.id), .calls, .parent)
            }
            for link in operation.record.links {
                guard let target = index.position(of: link.context), target != position else { continue }
                add(.operation(index[target].id), .operation(operation.id), .links, .link)
            }
        }
        for cause in causation.causes { add(.message(cause.cause), .message(cause.effect), .causes, cause.evidence) }
        for pair in causation.correlated {
            add(.message(pair.cause), .message(pair.effect), .correlates, pair.evidence)
        }
        for publication in parts.publications {
            let id = publication.id
            for sender in publication.senders {
                add(.operation(sender), .message(id.message), .publishes, evidence(sender, id.message, index, join))
            }
            // That a message stands on a destination is said by the very span that names it.
            add(.message(id.message), .destination(id.destination), .stands, .parent)
        }
        for hop in parts.hops {
            for attempt in hop.attempts {
                add(.message(hop.message), .operation(attempt.operation), .delivers, hop.evidence)
            }
            add(.destination(hop.destination), .group(hop.consumer), .feeds, hop.evidence)
            add(.group(hop.consumer), .service(hop.consumer.service), .serves, .parent)
        }
    }

    /// A span says itself which message it publishes, unless it is only known by the link to the message's creation.
    private func evidence(
        _ sender: Operation.ID, _ message: Message.ID, _ index: OperationIndex, _ join: MessageJoin
    ) -> Evidence {
        guard case .named(let id) = message, let position = index.position(of: sender),
            index[position].messaging?.messageID == id
        else { return .link }
        return .messageID
    }

    private mutating func add(_ from: FlowNode, _ to: FlowNode, _ relation: FlowEdge.Relation, _ evidence: Evidence) {
        let key = Key(from: from, to: to, relation: relation)
        if let place = places[key] {
            edges[place].evidence = min(edges[place].evidence, evidence)
        } else {
            places[key] = edges.count
            edges.append(FlowEdge(from: from, to: to, relation: relation, evidence: evidence))
        }
    }
}
