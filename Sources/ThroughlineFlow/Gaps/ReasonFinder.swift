import ThroughlineModel

/// Chooses the reason that fits what is known about something that is not there.
struct ReasonFinder {
    struct Finding {
        var reason: Gap.Reason
        var evidence: String
    }

    private let index: OperationIndex
    private let knowledge: FlowKnowledge
    private let hubTraces: Set<TraceID>
    /// Contexts that spans link to and that say they are not sampled, by trace.
    private let unsampled: Set<TraceID>

    init(_ index: OperationIndex, _ knowledge: FlowKnowledge, hubTraces: Set<TraceID>) {
        self.index = index
        self.knowledge = knowledge
        self.hubTraces = hubTraces
        var unsampled: Set<TraceID> = []
        for position in index.indices {
            for link in index.links(of: position) where link.isValid && !link.isSampled {
                if index.position(of: link.target) == nil { unsampled.insert(link.target.traceID) }
            }
        }
        self.unsampled = unsampled
    }

    /// Why the sender of what an operation handled is not there.
    func sender(of position: Int, message: Message.ID) -> Finding {
        let operation = index.reading(position)
        if message.text == nil, let size = operation.row.batchSize, size > 1, operation.row.members.isEmpty {
            return batch(of: size, operation)
        }
        let member = operation.member(message) ?? operation.members.first
        if let context = member?.context, context.isValid {
            if !context.isSampled {
                return Finding(reason: .sampledOut, evidence: "the context that arrived is not sampled")
            }
            let link = LinkRow(target: Operation.ID(context), isSampled: context.isSampled)
            return span(link, before: position, enqueued: member?.enqueuedTime ?? operation.row.enqueuedTime)
        }
        if operation.row.parentSpan != nil, index.parent(of: position) == nil, !isInLoop(operation.row) {
            return span(nil, before: position, enqueued: operation.row.enqueuedTime)
        }
        if isOpen(message, operation) { return Self.severalMessages }
        if knowledge.isCut { return Self.notRead }
        if operation.marks.contains(.ignoredHeaders) {
            let names = operation.attributes[ThroughlineAttribute.ignoredHeaders].map(AttributeScan.strings)
            return Finding(
                reason: .headerLost,
                evidence: "headers were refused: \((names ?? []).joined(separator: ", "))")
        }
        let hasIDs =
            !operation.causationIDs.isEmpty || operation.correlationID != nil || member?.correlationID != nil
            || member?.causationIDs.isEmpty == false
        return hasIDs
            ? Finding(reason: .headerLost, evidence: "ids arrived and no trace context did")
            : Finding(reason: .notInstrumented, evidence: "nothing arrived that an instrumented sender would have sent")
    }

    /// The id of the message is one of several messages, and the operation may be about any of them.
    private func isOpen(_ message: Message.ID, _ operation: OperationReading) -> Bool {
        guard let text = message.text else { return false }
        let members = index.table.members[operation.row.members.range].map(\.messageID)
        return ([operation.row.messageID] + members).contains { name in
            index.table.names.isOpen(name) && index.table.names.text(name) == text
        }
    }

    /// A span that tells how many messages it handled, and nothing about any of them.
    private func batch(of size: Int, _ operation: OperationReading) -> Finding {
        let dropped = operation.record.dropped.links
        return dropped > 0
            ? Finding(reason: .limit, evidence: "the span says that \(dropped) of its links were left out")
            : Finding(reason: .unknown, evidence: "the span counts \(size) messages and names none of them")
    }

    static let severalMessages = Finding(
        reason: .unknown, evidence: "several messages have its id, and nothing tells which it is")

    static let notRead = Finding(
        reason: .limit, evidence: "the flow has more spans than were read, and it may be among the rest")

    /// True for a delivery in a trace that outlives it: what it began under is the consumer's loop, which was left out on
    /// purpose and sent it nothing.
    func isInLoop(_ delivery: OperationRow) -> Bool {
        delivery.consumes && hubTraces.contains(delivery.id.traceID)
    }

    /// Why an operation that others refer to is not there.
    func operation(_ id: Operation.ID, context: LinkRow?, witness: Int) -> Finding {
        span(context ?? LinkRow(target: id, isSampled: true), before: witness, enqueued: nil)
    }

    private func span(_ context: LinkRow?, before witness: Int, enqueued: Timestamp?) -> Finding {
        let row = index.row(witness)
        if let context, !context.isSampled {
            return Finding(reason: .sampledOut, evidence: "the context that refers to it is not sampled")
        }
        if unsampled.contains(context?.target.traceID ?? row.id.traceID) {
            return Finding(reason: .sampledOut, evidence: "others refer to its trace as not sampled")
        }
        if knowledge.isCut { return Self.notRead }
        if let time = enqueued, knowledge.mayHaveExpired(time) {
            return Finding(reason: .expired, evidence: "it was enqueued before what is still kept")
        }
        return before(row.start)
            ?? Finding(reason: .unknown, evidence: "a context refers to it and does not say it was left out")
    }

    /// What time alone tells about something that came before a moment.
    func before(_ time: Timestamp) -> Finding? {
        if knowledge.isCut { return Self.notRead }
        if let kept = knowledge.retainedSince, kept.advanced(byNanoseconds: knowledge.grace) > time {
            return Finding(reason: .expired, evidence: "it came before the oldest that is still kept, or shortly after")
        }
        if knowledge.mayBeInFlight(since: time) {
            return Finding(reason: .inFlight, evidence: "what refers to it is so recent that it may still come")
        }
        return nil
    }
}
