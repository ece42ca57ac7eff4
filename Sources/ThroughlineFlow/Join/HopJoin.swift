import ThroughlineModel

/// Finds the publications, and the hops from each to its consumers.
struct HopJoin {
    private(set) var publications: [Publication.ID: Publication] = [:]
    private(set) var hops: [Hop.ID: Hop] = [:]
    /// The publications of each message, in time order.
    private var publicationsOfMessage: [Message.ID: [Publication.ID]] = [:]
    private var publicationsOfSender: [Int: [Publication.ID]] = [:]

    private let index: OperationIndex
    private let join: MessageJoin

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        // `create` knows the message and often not where it goes; the `send` that follows does.
        for kind in [MessagingOperation.send, .create] {
            for position in index.operations.indices where index[position].messaging?.operation == kind {
                for message in join.published[position] { publish(message, by: position, kind) }
            }
        }
        deliver()
    }

    private mutating func publish(_ message: Message.ID, by position: Int, _ kind: MessagingOperation) {
        let operation = index[position]
        let destination = operation.messaging?.destination
        var id = Publication.ID(
            message: message, destination: destination ?? "", reason: reason(message, position))
        let sentByItsService = (publicationsOfMessage[message] ?? []).first { known in
            publications[known]?.services.contains(operation.service) == true
                && (destination == nil || destination == known.destination)
        }
        if kind == .create, let sentByItsService { id = sentByItsService }
        let isNew = publications[id] == nil
        var publication = publications[id] ?? Publication(id: id)
        publication.system = publication.system ?? operation.messaging?.system
        publication.senders.append(operation.id)
        if !publication.services.contains(operation.service) { publication.services.append(operation.service) }
        publication.began = publication.began.map { min($0, operation.record.start) } ?? operation.record.start
        if kind == .send || isNew {
            let end = operation.record.end ?? operation.record.start
            publication.sent = publication.sent.map { max($0, end) } ?? end
        }
        publications[id] = publication
        if isNew { publicationsOfMessage[message, default: []].append(id) }
        publicationsOfSender[position, default: []].append(id)
    }

    /// A message that is sent on by its own handler, when handling failed, is a dead letter even without a link.
    private func reason(_ message: Message.ID, _ position: Int) -> Publication.Reason {
        let operation = index[position]
        if operation.hasLink(.deadLetterOf) { return .deadLettered }
        if operation.hasLink(.replayOf) { return .replayed }
        guard let handler = index.handler(of: position),
            join.handled[handler].contains(where: { $0.message == message }),
            index[handler].messaging?.destination != operation.messaging?.destination,
            index[handler].failed || index[handler].messaging?.settlement == .deadLettered
        else { return .sent }
        return .deadLettered
    }

    private mutating func deliver() {
        var deliveries: [Hop.ID: [MessageJoin.Handling]] = [:]
        var evidence: [Hop.ID: Evidence] = [:]
        let handlings = join.handled.joined()
        let groups = Self.onlyGroups(handlings, index)
        for handling in handlings {
            let operation = index[handling.operation]
            let (publication, proof) = publication(for: handling)
            let group = operation.messaging?.group ?? groups[GroupKey(handling.message, operation)] ?? nil
            let id = Hop.ID(
                publication: publication, consumer: Consumer(service: operation.service, group: group),
                isReplay: operation.hasLink(.replayOf) || publication.reason == .replayed)
            deliveries[id, default: []].append(handling)
            evidence[id] = min(evidence[id] ?? proof, proof)
        }
        let settlements = SettleJoin(index, join)
        for (id, handlings) in deliveries {
            let kept = withoutContainers(handlings)
            guard let proof = evidence[id] else { continue }
            var hop = Hop(id: id, evidence: proof)
            for handling in kept { hop.attempts.append(attempt(handling, after: hop.attempts.last, id, settlements)) }
            hops[id] = hop
        }
    }

    /// Pulling a message and handling it are two spans and one delivery: a span that contains another delivery of the
    /// same message is its frame, and pulling counts only where handling was not recorded.
    private func withoutContainers(_ handlings: [MessageJoin.Handling]) -> [MessageJoin.Handling] {
        guard handlings.count > 1 else { return handlings }
        let frames = Set(handlings.flatMap { index.ancestors(of: $0.operation) })
        let inner = handlings.filter { !frames.contains($0.operation) }
        let processing = inner.filter { index[$0.operation].messaging?.operation == .process }
        let kept = processing.isEmpty ? inner : processing
        return kept.isEmpty ? handlings : kept
    }

    private func attempt(
        _ handling: MessageJoin.Handling, after previous: Attempt?, _ hop: Hop.ID, _ settlements: SettleJoin
    ) -> Attempt {
        let operation = index[handling.operation]
        let start = operation.record.start
        let waited: UInt64?
        if let previous {
            waited = (previous.end ?? previous.start).nanoseconds(until: start)
        } else if let enqueued = handling.enqueuedTime {
            waited = enqueued.nanoseconds(until: start)
        } else {
            waited = operation.messaging?.queueTime ?? publications[hop.publication]?.sent?.nanoseconds(until: start)
        }
        return Attempt(
            operation: operation.id, number: handling.attempt ?? (previous?.number ?? 0) + 1,
            waited: waited, start: start, end: operation.record.end,
            settlement: operation.messaging?.settlement
                ?? settlements.settlement(of: handling.message, by: handling.operation),
            error: operation.error, batchSize: handling.batchSize)
    }

    /// The publication that a delivery is of, made up where there is none.
    private mutating func publication(for handling: MessageJoin.Handling) -> (Publication.ID, Evidence) {
        let operation = index[handling.operation]
        let destination = operation.messaging?.destination
        let known = publicationsOfMessage[handling.message] ?? []
        let ofSender =
            handling.sender.flatMap { publicationsOfSender[$0] }?
            .filter { $0.message == handling.message } ?? []
        func fits(_ id: Publication.ID) -> Bool { destination == nil || id.destination == destination }

        if let id = ofSender.first(where: fits) { return (id, handling.evidence) }
        let fitting = known.filter(fits)
        if operation.hasLink(.replayOf), let id = fitting.first(where: { $0.reason == .replayed }) {
            return (id, handling.evidence)
        }
        let before = fitting.last { (publications[$0]?.began ?? operation.record.start) <= operation.record.start }
        if let id = before ?? fitting.first { return (id, handling.evidence) }

        let origin = ofSender.first ?? known.first
        if let origin, origin.destination.isEmpty { return (origin, handling.evidence) }
        let id = Publication.ID(
            message: handling.message, destination: destination ?? "",
            reason: origin.map { .routed(from: $0.destination) } ?? .sent)
        if publications[id] == nil {
            var made = Publication(id: id)
            made.system = operation.messaging?.system
            if let origin { made.sent = publications[origin]?.sent }
            if origin == nil, let sender = handling.sender {
                // Proven by its context; the message is one of several that the sender cannot tell apart.
                made.senders = [index[sender].id]
                made.services = [index[sender].service]
                made.began = index[sender].record.start
                made.sent = index[sender].record.end
            } else if origin == nil {
                made.missingSender = missingSender(handling)
            }
            publications[id] = made
            publicationsOfMessage[handling.message, default: []].append(id)
        }
        return (id, handling.evidence)
    }

    private func missingSender(_ handling: MessageJoin.Handling) -> MissingSender {
        let operation = index[handling.operation]
        if let context = handling.context { return context.isSampled ? .notStored : .unsampled }
        if operation.parentID != nil, index.parent(of: handling.operation) == nil { return .notStored }
        let view = operation.messaging
        let refused = operation.record.attributes[ThroughlineAttribute.ignoredHeaders] != nil
        let member = view?.member(handling.message)
        let hasIDs =
            view?.causationIDs.isEmpty == false || view?.correlationID != nil || member?.correlationID != nil
        return refused || hasIDs ? .headerLost : .notInstrumented
    }

    private struct GroupKey: Hashable {
        var message: Message.ID
        var service: String

        init(_ message: Message.ID, _ operation: Operation) {
            self.message = message
            service = operation.service
        }
    }

    /// The group of a service where all spans about a message that name one agree; nil where they do not.
    private static func onlyGroups(
        _ handlings: some Sequence<MessageJoin.Handling>, _ index: OperationIndex
    ) -> [GroupKey: String?] {
        var groups: [GroupKey: String?] = [:]
        for handling in handlings {
            let operation = index[handling.operation]
            guard let group = operation.messaging?.group else { continue }
            let key = GroupKey(handling.message, operation)
            if let known = groups[key] {
                if known != group { groups[key] = .some(nil) }
            } else {
                groups[key] = .some(group)
            }
        }
        return groups
    }
}
