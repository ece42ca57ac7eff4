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
        parts.publications = publications(of: parts.messages)
        let publicationPlace = Dictionary(
            parts.publications.indices.map { (parts.publications[$0].id, $0) }
        ) { first, _ in first }
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

    /// A message stands somewhere after its causes did; it is set aside, replayed or routed after it was sent.
    private func publications(of messages: [Message]) -> [Publication] {
        let causes = Dictionary(messages.map { ($0.id, $0.causes) }) { first, _ in first }
        let list = hopJoin.publications.values.sorted { left, right in
            (left.id.message, left.id.destination, "\(left.id.reason)")
                < (right.id.message, right.id.destination, "\(right.id.reason)")
        }
        var starts: [Publication.ID: Timestamp] = [:]
        for hop in hopJoin.hops.values {
            guard let start = hop.start else { continue }
            starts[hop.id.publication] = starts[hop.id.publication].map { min($0, start) } ?? start
        }
        var sent: [Message.ID: [Int]] = [:]
        for (place, publication) in list.enumerated() where publication.id.reason == .sent {
            sent[publication.id.message, default: []].append(place)
        }
        let order = CausalOrder.sorted(
            times: list.map { ($0.began ?? starts[$0.id] ?? $0.sent)?.nanosecondsSinceEpoch ?? .max },
            causes: list.map { publication in
                publication.id.reason == .sent
                    ? (causes[publication.id.message] ?? []).flatMap { sent[$0] ?? [] }
                    : sent[publication.id.message] ?? []
            })
        return order.map { list[$0] }
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
                let member = view.member(id)
                messages[message].type = messages[message].type ?? member?.type ?? view.type
                messages[message].intent = messages[message].intent ?? member?.intent ?? view.intent
                messages[message].correlationID =
                    messages[message].correlationID ?? member?.correlationID ?? view.correlationID
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
