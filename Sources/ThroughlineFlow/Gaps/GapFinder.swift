import ThroughlineModel

/// Finds what must have been there and was never recorded.
struct GapFinder {
    private(set) var gaps: [Gap] = []

    private let graph: FlowGraph
    private let knowledge: FlowKnowledge
    private let reasons: ReasonFinder
    /// Missing operations that a missing sender or attempt already stands for.
    private var explained: Set<Operation.ID> = []

    /// - Parameter hubTraces: traces that were not followed as a whole.
    init(_ graph: FlowGraph, _ knowledge: FlowKnowledge, hubTraces: Set<TraceID> = []) {
        self.graph = graph
        self.knowledge = knowledge
        reasons = ReasonFinder(graph.index, knowledge, hubTraces: hubTraces)
        findSenders()
        findAttempts()
        findMessages()
        findOperations()
        findDeliveries()
        findBatchMembers()
    }

    private mutating func add(
        _ missing: Gap.Missing, _ finding: ReasonFinder.Finding, _ witnesses: some Sequence<Int>
    ) {
        gaps.append(
            Gap(
                missing: missing, reason: finding.reason, evidence: finding.evidence,
                witnesses: Set(witnesses).sorted().map(graph.index.id)))
    }

    private mutating func findSenders() {
        for number in graph.publications.indices where graph.publications[number].missingSender != nil {
            let publication = graph.publications[number]
            let witnesses = graph.hopsOfPublication[number].flatMap { graph.operationsOfHop[$0] }
            guard let first = witnesses.min() else { continue }
            add(.sender(publication.id), reasons.sender(of: first, message: publication.id.message), witnesses)
            for witness in witnesses {
                if let parent = graph.index.row(witness).parentID { explained.insert(parent) }
                for member in graph.index.table.members[graph.index.row(witness).members.range] {
                    explained.insert(member.target)
                }
            }
        }
    }

    private struct Delivered: Hashable {
        var message: Int
        var consumer: Consumer
    }

    /// An attempt that says it is the third had two before it, here or on another destination.
    private mutating func findAttempts() {
        var seen: [Delivered: Set<Int>] = [:]
        for hop in graph.hops.indices where graph.hops[hop].attempts.contains(where: { $0.number > 1 }) {
            seen[delivered(hop)] = []
        }
        guard !seen.isEmpty else { return }
        // A replay may count from one again, and then says nothing about the attempts before it.
        for (number, hop) in graph.hops.enumerated() where !hop.isReplay && seen[delivered(number)] != nil {
            seen[delivered(number)]?.formUnion(hop.attempts.lazy.map(\.number))
        }
        for (number, hop) in graph.hops.enumerated() {
            for (place, attempt) in hop.attempts.enumerated() where attempt.number > 1 {
                seen[delivered(number)]?.insert(attempt.number)
                let from = max(1, attempt.number - Self.maximumAttempts)
                for missing in from..<attempt.number where seen[delivered(number)]?.insert(missing).inserted == true {
                    add(missing, before: attempt, of: hop, witness: Array(graph.operationsOfHop[number])[place])
                }
            }
        }
    }

    /// A number far beyond is a counter that means something else.
    private static let maximumAttempts = 100

    private func delivered(_ hop: Int) -> Delivered {
        Delivered(
            message: graph.messageOfPublication[graph.publicationOfHop[hop]], consumer: graph.hops[hop].consumer)
    }

    private mutating func add(_ number: Int, before attempt: Attempt, of hop: Hop, witness: Int) {
        let context = graph.index.links(of: witness).first { $0.type == .retryOf }
        let finding: ReasonFinder.Finding
        if let context, graph.index.position(of: context.target) == nil {
            explained.insert(context.target)
            finding = reasons.operation(context.target, context: context, witness: witness)
        } else {
            finding =
                reasons.before(attempt.start)
                ?? ReasonFinder.Finding(reason: .unknown, evidence: "a later attempt counts it")
        }
        add(.attempt(hop: hop.id, number: number), finding, [witness])
    }

    private mutating func findMessages() {
        var effects: [Int: [Int]] = [:]
        for message in graph.messages.indices {
            for cause in graph.causes[message] where !graph.messages[cause].isRecorded {
                effects[cause, default: []].append(message)
            }
        }
        for message in graph.messages.indices where !graph.messages[message].isRecorded {
            let witnesses = (effects[message] ?? []).flatMap(operations)
            let time = witnesses.min().map { graph.index.row($0).start }
            let isOpen =
                if case .named(let name) = graph.messageRow(message).key { graph.index.table.names.isOpen(name) } else {
                    false
                }
            let finding =
                (isOpen ? ReasonFinder.severalMessages : time.flatMap(reasons.before))
                ?? ReasonFinder.Finding(reason: .unknown, evidence: "another message names it as its cause")
            add(.message(graph.messages[message].id), finding, witnesses)
        }
    }

    /// The operations that send or handle a message.
    private func operations(about message: Int) -> [Int] {
        graph.publicationsOfMessage[message].flatMap { publication in
            Array(graph.sendersOfPublication[publication])
                + graph.hopsOfPublication[publication].flatMap { graph.operationsOfHop[$0] }
        }
    }

    private mutating func findOperations() {
        var witnesses: [Operation.ID: [Int]] = [:]
        var contexts: [Operation.ID: LinkRow] = [:]
        var order: [Operation.ID] = []
        func note(_ id: Operation.ID, _ position: Int) {
            guard graph.index.position(of: id) == nil, !explained.contains(id) else { return }
            if witnesses[id] == nil { order.append(id) }
            witnesses[id, default: []].append(position)
        }
        for position in graph.index.indices {
            let row = graph.index.row(position)
            if graph.index.parent(of: position) == nil, let parent = row.parentID, !reasons.isInLoop(row) {
                note(parent, position)
            }
            for link in graph.index.links(of: position) where link.isValid && link.type != .ambient {
                note(link.target, position)
                contexts[link.target] = contexts[link.target] ?? link
            }
        }
        for id in order {
            guard let first = witnesses[id]?.first else { continue }
            add(.operation(id), reasons.operation(id, context: contexts[id], witness: first), witnesses[id] ?? [])
        }
    }

    private mutating func findDeliveries() {
        // Without knowing who listens, what time it is, or that more was recorded, nothing tells that a delivery is missing.
        guard !knowledge.consumers.isEmpty || knowledge.now != nil || knowledge.isCut else { return }
        for (number, publication) in graph.publications.enumerated() where publication.id.reason == .sent {
            let senders = graph.sendersOfPublication[number]
            let failed = !senders.isEmpty && senders.allSatisfy { graph.index.row($0).failed }
            guard !failed, let sent = publication.sent else { continue }
            let message = graph.messageOfPublication[number]
            let known = knowledge.consumers[publication.id.destination] ?? []
            let missing = known.isEmpty ? [] : known.subtracting(consumers(of: message))
            for consumer in missing.sorted(by: { ($0.service, $0.group ?? "") < ($1.service, $1.group ?? "") }) {
                add(
                    .delivery(publication.id, consumer),
                    late(
                        sent,
                        otherwise: "its consumer handled other messages from there, and no span says it handled this"),
                    senders)
            }
            guard known.isEmpty, knowledge.isCut || knowledge.mayBeInFlight(since: sent) else { continue }
            if graph.publicationsOfMessage[message].allSatisfy({ graph.hopsOfPublication[$0].isEmpty }) {
                add(.anyDelivery(publication.id), late(sent, otherwise: ""), senders)
            }
        }
    }

    /// Who handled a message, each with its group and without: who is known by its service alone may be in any group.
    private func consumers(of message: Int) -> Set<Consumer> {
        var consumers: Set<Consumer> = []
        for publication in graph.publicationsOfMessage[message] {
            for hop in graph.hopsOfPublication[publication] {
                let consumer = graph.hops[hop].consumer
                consumers.insert(consumer)
                consumers.insert(Consumer(service: consumer.service, group: nil))
            }
        }
        return consumers
    }

    private func late(_ sent: Timestamp, otherwise: String) -> ReasonFinder.Finding {
        if knowledge.isCut { return ReasonFinder.notRead }
        return knowledge.mayBeInFlight(since: sent)
            ? ReasonFinder.Finding(reason: .inFlight, evidence: "it was sent so recently that it may still be handled")
            : ReasonFinder.Finding(reason: .unknown, evidence: otherwise)
    }

    /// The limit on links, 128 unless somebody set it, is smaller than many batches.
    private mutating func findBatchMembers() {
        for position in graph.index.indices {
            let row = graph.index.row(position)
            guard row.isMessaging, !row.messageID.isPresent else { continue }
            let dropped = graph.index.reading(position).record.dropped.links
            let described = Int(row.members.count)
            let size = row.batchSize ?? (dropped + described)
            // Where none is described, what stands for all of them has no sender.
            guard dropped > 0, size > described, described > 0 || !row.handles else { continue }
            let finding = ReasonFinder.Finding(
                reason: .limit, evidence: "the span says that \(dropped) of its links were left out")
            add(.batchMembers(row.id, count: size - described), finding, [position])
        }
    }
}
