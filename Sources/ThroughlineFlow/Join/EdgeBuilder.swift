import ThroughlineModel

/// Names every relation of a flow, each once, with its strongest evidence.
struct EdgeBuilder {
    private let graph: FlowGraph
    private var table: EdgeTable

    init(_ graph: FlowGraph, deadLetters: [DeadLetterReader.Parts], replies: [ReplyReader.Parts]) {
        self.graph = graph
        table = EdgeTable(capacity: 5 * graph.index.count)
        addOperations()
        addMessages()
        for publication in graph.publications.indices { addPublication(publication) }
        for hop in graph.hops.indices { addHop(hop) }
        for letter in deadLetters { add(letter) }
        for reply in replies { add(.message(reply.request), .message(reply.reply), .replies, reply.evidence) }
    }

    /// The relations as readers see them.
    var edges: [FlowEdge] {
        table.rows.map { row in
            FlowEdge(from: node(row.from), to: node(row.to), relation: row.relation, evidence: row.evidence)
        }
    }

    private func node(_ row: NodeRow) -> FlowNode {
        let names = graph.index.table.names
        return switch row.kind {
        case .operation: .operation(graph.index.id(Int(row.number)))
        case .message: .message(graph.messages[Int(row.number)].id)
        case .destination: .destination(names.text(Name(number: row.number)) ?? "")
        case .service: .service(names[Name(number: row.number)])
        case .group:
            .group(Consumer(service: names[Name(number: row.number)], group: names.text(Name(number: row.group))))
        }
    }

    private mutating func addOperations() {
        let index = graph.index
        for position in index.indices {
            if let parent = index.parent(of: position), parent != position {
                append(.operation(parent), .operation(position), .calls, .parent)
            }
            for place in index.row(position).links.range {
                let link = index.table.links[place]
                guard let target = index.position(of: link.target), target != position else { continue }
                add(.operation(target), .operation(position), .links, .link)
                // A retry may come by another destination, as with retry topics, and is a hop of its own there.
                if link.type == .retryOf { add(.operation(target), .operation(position), .retries, .link) }
            }
        }
    }

    private mutating func addMessages() {
        for pair in graph.causation { append(.message(pair.cause), .message(pair.effect), .causes, pair.evidence) }
        for pair in graph.correlated { add(.message(pair.cause), .message(pair.effect), .correlates, pair.evidence) }
    }

    private mutating func addPublication(_ publication: Int) {
        let message = graph.messageOfPublication[publication]
        let senders = graph.sendersOfPublication
        for place in senders.places(of: publication) {
            let sender = senders[at: place]
            add(.operation(sender), .message(message), .publishes, evidence(sender, message))
        }
        // That a message stands on a destination is said by the very span that names it.
        let destination = graph.publicationRow(publication).destination
        add(.message(message), .destination(destination), .stands, .parent)
    }

    /// A span says itself which message it publishes, unless it is only known by the link to the message's creation.
    private func evidence(_ sender: Int, _ message: Int) -> Evidence {
        guard case .named(let name) = graph.messageRow(message).key, graph.index.row(sender).messageID == name else {
            return .link
        }
        return .messageID
    }

    private mutating func addHop(_ number: Int) {
        let hop = graph.hopRow(number)
        let publication = graph.publicationOfHop[number]
        let message = NodeRow.message(graph.messageOfPublication[publication])
        let operations = graph.operationsOfHop
        for place in operations.places(of: number) {
            add(message, .operation(operations[at: place]), .delivers, hop.evidence)
        }
        let group = NodeRow.group(hop.service, hop.group)
        add(.destination(graph.publicationRow(publication).destination), group, .feeds, hop.evidence)
        add(group, .service(hop.service), .serves, .parent)
        for (earlier, later) in zip(operations[number], operations[number].dropFirst()) where earlier != later {
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
        var evidence = Evidence.messageID
        if hasLink(type, from: later, to: graph.index.id(earlier)) {
            evidence = .link
        } else if descends(later, from: earlier) {
            evidence = .parent
        }
        add(.operation(earlier), .operation(later), relation, evidence)
    }

    /// Siblings, which attempts mostly are, need no look at everything above them.
    private func descends(_ later: Int, from earlier: Int) -> Bool {
        guard let parent = graph.index.parent(of: later), parent != graph.index.parent(of: earlier) else {
            return false
        }
        return graph.index.nearestAncestor(of: later) { $0 == earlier } != nil
    }

    private mutating func append(_ from: NodeRow, _ to: NodeRow, _ relation: FlowEdge.Relation, _ proof: Evidence) {
        table.append(EdgeRow(from: from, to: to, relation: relation, evidence: proof))
    }

    private mutating func add(_ from: NodeRow, _ to: NodeRow, _ relation: FlowEdge.Relation, _ proof: Evidence) {
        table.add(EdgeRow(from: from, to: to, relation: relation, evidence: proof))
    }
}
