import ThroughlineModel

/// Puts the parts of one flow together: join, then order, then the critical path.
struct FlowAssembler {
    struct Parts {
        var operations: [Operation] = []
        var messages: [Message] = []
        var publications: [Publication] = []
        var hops: [Hop] = []
        var edges: [FlowEdge] = []
        var criticalPath: [CriticalStep] = []
        var replayed: Set<Operation.ID> = []
    }

    private let index: OperationIndex
    private let join: MessageJoin
    private let hopJoin: HopJoin
    private let causation: CausationJoin

    init(_ records: some Sequence<SpanRecord>) {
        index = OperationIndex(records)
        join = MessageJoin(index)
        hopJoin = HopJoin(index, join)
        causation = CausationJoin(index, join)
    }

    func assemble() -> Parts {
        var parts = Parts()
        parts.operations = index.operations
        parts.messages = messages()
        let place = Dictionary(parts.messages.indices.map { (parts.messages[$0].id, $0) }) { first, _ in first }
        parts.publications = hopJoin.publications.values.sorted { Self.key($0, place) < Self.key($1, place) }
        let publicationPlace = Dictionary(
            parts.publications.indices.map { (parts.publications[$0].id, $0) }) { first, _ in first }
        parts.hops = hopJoin.hops.values.sorted {
            Self.key($0, publicationPlace) < Self.key($1, publicationPlace)
        }
        let edges = EdgeBuilder(index, join, parts, causation)
        parts.edges = edges.edges
        let causes = Dictionary(parts.messages.map { ($0.id, $0.causes) }) { first, _ in first }
        parts.replayed = ReplayReach(index, hops: parts.hops, publications: parts.publications).operations
        parts.criticalPath = CriticalPath(
            index, hops: parts.hops, publications: hopJoin.publications, causes: causes
        ).steps(leavingOut: parts.replayed)
        return parts
    }

    /// Publications in the causal order of their messages; those of one message by time, then by name.
    private static func key(_ publication: Publication, _ place: [Message.ID: Int]) -> (Int, Timestamp, String, String) {
        let time = publication.began ?? publication.sent ?? Timestamp(nanosecondsSinceEpoch: .max)
        return (place[publication.id.message] ?? 0, time, publication.id.destination, "\(publication.id.reason)")
    }

    private static func key(_ hop: Hop, _ place: [Publication.ID: Int]) -> (Int, Timestamp, String, String) {
        let time = hop.start ?? Timestamp(nanosecondsSinceEpoch: .max)
        return (place[hop.id.publication] ?? 0, time, hop.consumer.service, hop.consumer.group ?? "")
    }

    private func messages() -> [Message] {
        var messages: [Message] = []
        var place: [Message.ID: Int] = [:]
        var times: [UInt64] = []
        func add(_ id: Message.ID, at time: UInt64, recorded: Bool) -> Int {
            if let known = place[id] { return known }
            var message = Message(id: id)
            message.isRecorded = recorded
            place[id] = messages.count
            messages.append(message)
            times.append(time)
            return messages.count - 1
        }
        for position in index.operations.indices {
            guard let view = index[position].messaging else { continue }
            for id in join.messages(of: position) {
                let time = index[position].record.start.nanosecondsSinceEpoch
                let message = add(id, at: time, recorded: true)
                messages[message].type = messages[message].type ?? view.type
                messages[message].intent = messages[message].intent ?? view.intent
                messages[message].correlationID = messages[message].correlationID ?? view.correlationID
            }
        }
        for cause in causation.causes {
            guard let effect = place[cause.effect] else { continue }
            _ = add(cause.cause, at: times[effect], recorded: false)
            messages[effect].causes.append(cause.cause)
        }
        let correlated = Dictionary(causation.correlated.map { ($0.effect, $0.cause) }) { first, _ in first }
        let causes = messages.map { message in
            (message.causes + [correlated[message.id]].compactMap(\.self)).compactMap { place[$0] }
        }
        return CausalOrder.sorted(times: times, causes: causes).map { position in
            var message = messages[position]
            message.causes.sort { (place[$0] ?? 0, $0) < (place[$1] ?? 0, $1) }
            return message
        }
    }
}
