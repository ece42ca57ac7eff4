/// A flow seen as an architecture: services, destinations and groups, each once, in causal order, with everything that
/// passed between two of them on one edge.
public struct Topology: Sendable {
    /// A participant.
    public enum Node: Hashable, Sendable {
        case service(String)
        case destination(String)
        /// A consumer group; only where its name differs from its service's, or several groups of one service listen.
        case group(name: String, service: String)
        /// Whoever sent to a destination without being recorded.
        case unknownSender(destination: String)
    }

    /// What passed between two participants.
    public struct Edge: Sendable {
        /// The kind of passage; edges of different kinds are kept apart.
        public enum Kind: Hashable, Sendable {
            /// A service sends messages of one type to a destination.
            case emits
            /// A service sets messages aside on a destination.
            case deadLetters
            /// A service sends messages once more.
            case replays
            /// The broker moves messages from one destination to another.
            case routes
            /// A destination delivers to a consumer.
            case delivers
            /// A destination delivers once more.
            case redelivers
            /// A group hands to its service.
            case serves
            /// A service calls another one directly, without a broker.
            case calls
            /// A service asked a destination for messages, and no message is known that it got.
            case pulls
        }

        /// Where it comes from.
        public var from: Node
        /// Where it goes.
        public var to: Node
        /// What it means.
        public var kind: Kind
        /// The type of the messages of an `emits`, `deadLetters` or `replays` edge, when it is known.
        public var type: String?
        /// The messages that passed, in causal order; empty for `calls`, `pulls` and `serves`.
        public var publications: [Publication.ID]
        /// The deliveries of a `delivers` or `redelivers` edge, in causal order.
        public var hops: [Hop.ID]
        /// The operations of a `calls` or `pulls` edge.
        public var calls: [Operation.ID]
        /// True when the critical path takes this edge.
        public var isCritical: Bool
        /// The strongest relation that proves it.
        public var evidence: Evidence
    }

    /// The participants, in causal order.
    public private(set) var nodes: [Node] = []
    /// What passed between them, in causal order.
    public private(set) var edges: [Edge] = []

    private struct Key: Hashable {
        var from: Node
        var to: Node
        var kind: Edge.Kind
        var type: String?
    }
    private var edgeIndex: [Key: Int] = [:]
    private var nodeIndex: Set<Node> = []

    init(_ flow: Flow) {
        let critical = Set(flow.criticalPath.map(\.publication))
        let criticalHops = Set(flow.criticalPath.compactMap(\.hop))
        let shownGroups = Self.shownGroups(flow)
        let publicationHops = Dictionary(grouping: flow.hops, by: \.id.publication)
        for publication in flow.publications {
            let destination = Node.destination(publication.id.destination)
            let type = flow.message(publication.id.message)?.type
            for (from, kind) in Self.origins(publication, flow) {
                add(from, destination, kind, type: kind == .routes ? nil : type) { edge in
                    edge.publications.append(publication.id)
                    edge.isCritical = edge.isCritical || critical.contains(publication.id)
                    edge.evidence = min(edge.evidence, publication.senders.isEmpty ? .messageID : .parent)
                }
            }
            for hop in publicationHops[publication.id] ?? [] {
                let service = Node.service(hop.consumer.service)
                var to = service
                if let group = hop.consumer.group, shownGroups.contains(hop.consumer) {
                    to = .group(name: group, service: hop.consumer.service)
                }
                let isCritical = criticalHops.contains(hop.id)
                add(destination, to, hop.isReplay ? .redelivers : .delivers) { edge in
                    edge.publications.append(publication.id)
                    edge.hops.append(hop.id)
                    edge.isCritical = edge.isCritical || isCritical
                    edge.evidence = min(edge.evidence, hop.evidence)
                }
                if to != service {
                    add(to, service, .serves) { $0.isCritical = $0.isCritical || isCritical }
                }
            }
        }
        addCalls(flow)
        addPulls(flow)
    }

    private static func origins(_ publication: Publication, _ flow: Flow) -> [(Node, Edge.Kind)] {
        if publication.missingSender != nil {
            return [(.unknownSender(destination: publication.id.destination), .emits)]
        }
        switch publication.id.reason {
        case .sent: return publication.services.map { (.service($0), .emits) }
        case .deadLettered:
            let services =
                publication.services.isEmpty ? [flow.whoGaveUp(publication)].compactMap(\.self) : publication.services
            return services.map { (.service($0), .deadLetters) }
        case .replayed: return publication.services.map { (.service($0), .replays) }
        case .routed(let origin): return [(.destination(origin), .routes)]
        }
    }

    private static func shownGroups(_ flow: Flow) -> Set<Consumer> {
        var ofService: [String: Set<String>] = [:]
        for hop in flow.hops {
            if let group = hop.consumer.group { ofService[hop.consumer.service, default: []].insert(group) }
        }
        return Set(
            flow.hops.map(\.consumer).filter { consumer in
                consumer.group.map { $0 != consumer.service || ofService[consumer.service, default: []].count > 1 }
                    ?? false
            })
    }

    /// Children in another service that no message led to: requests and responses. Services that took no part in any
    /// of that still show.
    private mutating func addCalls(_ flow: Flow) {
        for operation in flow.operations {
            add(.service(operation.service))
            guard operation.messaging == nil, let parent = operation.parentID.flatMap(flow.operation),
                parent.service != operation.service
            else { continue }
            add(.service(parent.service), .service(operation.service), .calls) { $0.calls.append(operation.id) }
        }
    }

    private mutating func addPulls(_ flow: Flow) {
        for operation in flow.operations where operation.emptiness != nil {
            guard let destination = operation.messaging?.destination else { continue }
            add(.service(operation.service), .destination(destination), .pulls) { $0.calls.append(operation.id) }
        }
    }

    private mutating func add(_ node: Node) {
        if nodeIndex.insert(node).inserted { nodes.append(node) }
    }

    private mutating func add(
        _ from: Node, _ to: Node, _ kind: Edge.Kind, type: String? = nil, change: (inout Edge) -> Void
    ) {
        add(from)
        add(to)
        let key = Key(from: from, to: to, kind: kind, type: type)
        if let place = edgeIndex[key] {
            change(&edges[place])
        } else {
            var edge = Edge(
                from: from, to: to, kind: kind, type: type, publications: [], hops: [], calls: [], isCritical: false,
                evidence: [.calls, .pulls, .serves].contains(kind) ? .parent : .correlationID)
            change(&edge)
            edgeIndex[key] = edges.count
            edges.append(edge)
        }
    }
}

extension Flow {
    /// The flow as services, destinations and groups.
    public var topology: Topology { Topology(self) }
}
