import ThroughlineModel

/// Names every relation of a flow, each once, with its strongest evidence.
struct EdgeBuilder {
    private(set) var edges: [FlowEdge] = []

    private let graph: FlowGraph
    private var places: [Key: Int] = [:]

    private struct Key: Hashable {
        var from: FlowNode
        var to: FlowNode
        var relation: FlowEdge.Relation
    }

    init(_ graph: FlowGraph, deadLetters: [DeadLetterReader.Parts], replies: [Reply]) {
        self.graph = graph
        edges.reserveCapacity(5 * graph.index.count)
        addOperations()
        addMessages()
        for (number, publication) in graph.publications.enumerated() { addPublication(number, publication) }
        for (number, hop) in graph.hops.enumerated() { addHop(number, hop) }
        for letter in deadLetters { add(letter) }
        for reply in replies { add(.message(reply.request), .message(reply.reply), .replies, reply.evidence) }
    }

    private mutating func addOperations() {
        let index = graph.index
        for position in index.indices {
            let id = index.id(position)
            if let parent = index.parent(of: position), parent != position {
                append(.operation(index.id(parent)), .operation(id), .calls, .parent)
            }
            for link in index.links(of: position) {
                guard link.target != id, index.position(of: link.target) != nil else { continue }
                add(.operation(link.target), .operation(id), .links, .link)
                // A retry may come by another destination, as with retry topics, and is a hop of its own there.
                if link.type == .retryOf { add(.operation(link.target), .operation(id), .retries, .link) }
            }
        }
    }

    private mutating func addMessages() {
        for pair in graph.causation { append(message(pair.cause), message(pair.effect), .causes, pair.evidence) }
        for pair in graph.correlated { add(message(pair.cause), message(pair.effect), .correlates, pair.evidence) }
    }

    private func message(_ number: Int) -> FlowNode { .message(graph.messages[number].id) }

    private mutating func addPublication(_ number: Int, _ publication: Publication) {
        let id = publication.id
        for sender in graph.sendersOfPublication[number] {
            add(
                .operation(graph.index.id(sender)), .message(id.message), .publishes,
                evidence(sender, id.message))
        }
        // That a message stands on a destination is said by the very span that names it.
        add(.message(id.message), .destination(id.destination), .stands, .parent)
    }

    /// A span says itself which message it publishes, unless it is only known by the link to the message's creation.
    private func evidence(_ sender: Int, _ message: Message.ID) -> Evidence {
        guard case .named(let id) = message, graph.index.reading(sender).messageID == id else { return .link }
        return .messageID
    }

    private mutating func addHop(_ number: Int, _ hop: Hop) {
        for attempt in hop.attempts {
            add(.message(hop.message), .operation(attempt.operation), .delivers, hop.evidence)
        }
        add(.destination(hop.destination), .group(hop.consumer), .feeds, hop.evidence)
        add(.group(hop.consumer), .service(hop.consumer.service), .serves, .parent)
        guard hop.attempts.count > 1 else { return }
        let operations = graph.operationsOfHop[number]
        for (earlier, later) in zip(operations, operations.dropFirst()) where earlier != later {
            add(earlier, later, .retries, .retryOf)
        }
    }

    private func hasLink(_ type: LinkType, from position: Int, to target: Operation.ID) -> Bool {
        graph.index.links(of: position).contains { $0.type == type && $0.target == target }
    }

    /// From the attempt that gave up to whoever set the message aside, and from there to each that did it once more.
    private mutating func add(_ letter: DeadLetterReader.Parts) {
        let gaveUp = letter.hop.flatMap { graph.operationsOfHop[$0].last }
        let setAside = letter.publication.flatMap { graph.sendersOfPublication[$0].last }
        if let gaveUp, let setAside { add(gaveUp, setAside, .setsAside, .deadLetterOf) }
        guard let origin = setAside ?? gaveUp else { return }
        for replay in letter.replays {
            if let operation = graph.operationsOfHop[replay].first { add(origin, operation, .replays, .replayOf) }
        }
    }

    /// The later operation links to the earlier one, descends from it, or is about the same message.
    private mutating func add(_ earlier: Int, _ later: Int, _ relation: FlowEdge.Relation, _ type: LinkType) {
        guard earlier != later else { return }
        let target = graph.index.id(earlier)
        var evidence = Evidence.messageID
        if hasLink(type, from: later, to: target) {
            evidence = .link
        } else if graph.index.ancestors(of: later).contains(earlier) {
            evidence = .parent
        }
        add(.operation(target), .operation(graph.index.id(later)), relation, evidence)
    }

    private mutating func append(_ from: FlowNode, _ to: FlowNode, _ relation: FlowEdge.Relation, _ proof: Evidence) {
        edges.append(FlowEdge(from: from, to: to, relation: relation, evidence: proof))
    }

    private mutating func add(_ from: FlowNode, _ to: FlowNode, _ relation: FlowEdge.Relation, _ evidence: Evidence) {
        let key = Key(from: from, to: to, relation: relation)
        if let place = places[key] {
            edges[place].evidence = min(edges[place].evidence, evidence)
        } else {
            places[key] = edges.count
            append(from, to, relation, evidence)
        }
    }
}
