import ThroughlineModel

/// What a person should know about a flow beside its steps, a line each, most important first: what its time went into,
/// what is missing and why, what contradicts itself.
package struct FlowNotes {
    package enum Kind {
        case time, story, gap, repeats, clock, contradiction
    }

    package private(set) var all: [(kind: Kind, text: String)] = []
    package var lines: [String] { all.map(\.text) }

    private let flow: Flow

    private let drawsGhosts: Bool

    /// - Parameter drawsGhosts: true for a picture in which missing senders and deliveries stand anyway.
    package init(_ flow: Flow, drawsGhosts: Bool = false) {
        self.flow = flow
        self.drawsGhosts = drawsGhosts
        addCriticalPaths()
        addReplies()
        addSagas()
        addGaps()
        addRepeats()
        addClocks()
        addConflicts()
        addHubs()
    }

    /// Names are short already where they come in; these words stay whole.
    private mutating func add(_ kind: Kind, _ text: String) { all.append((kind, text)) }

    private func title(_ message: Message.ID) -> String {
        OneLine.shortened(flow.message(message)?.title ?? "message", to: 36)
    }

    /// A service or a host.
    private static func short(_ name: String) -> String { OneLine.shortened(name, to: 28) }

    /// The words for what time is spent on.
    package static func word(_ kind: CriticalSegment.Kind) -> String {
        switch kind {
        case .processing: "working"
        case .publishing: "publishing"
        case .queue: "waiting"
        case .backoff: "backing off"
        case .outbox: "in the outbox"
        case .scheduled: "not yet due"
        case .gap: "unaccounted for"
        }
    }

    /// Such as `52 %`.
    package static func percent(_ share: Double) -> String {
        share > 0 && share < 0.005 ? "< 1 %" : "\(Int((share * 100).rounded())) %"
    }

    private mutating func addCriticalPaths() {
        let paths = flow.criticalPaths
        guard let path = paths.first, path.duration > 0 else { return }
        let kinds = CriticalSegment.Kind.allCases.map { (kind: $0, share: path.share(of: $0)) }
            .filter { $0.share >= 0.005 }.sorted { $0.share > $1.share }
        let shares = kinds.map { "\(Self.word($0.kind)) \(Self.percent($0.share))" }.joined(separator: ", ")
        let ties = paths.count > 1 ? ", \(paths.count) branches tie" : ""
        let parts = flow.partCount
        let part = parts > 1 ? " in the longest of \(FoldingText.grouped(parts)) parts" : ""
        let rest = parts > 1 ? "" : beside(path)
        let read = flow.knowledge.isCut ? " of what was read" : ""
        var line = "critical path\(read) \(DurationText.short(path.duration))\(part)\(rest)\(ties): \(shares)"
        if path.steps.isEmpty { line += ", waiting for no message" }
        if let longest = path.segments.max(by: { $0.duration < $1.duration }),
            path.segments.count > 1 || path.steps.isEmpty
        {
            line += "; longest: \(words(longest, path)), \(DurationText.short(longest.duration))"
        }
        add(.time, line)
        if parts > 1 {
            add(.time, "nothing but the correlation id joins the \(FoldingText.grouped(parts)) parts of the flow")
        }
    }

    /// Why the path is shorter than the flow took, or longer; nothing where it is neither.
    ///
    /// It is longer where a span tells of earlier times than any span began: when a message was written down, or when the
    /// broker took it, in an operation that is not here.
    private func beside(_ path: CriticalPath) -> String {
        let whole = DurationText.short(flow.latency)
        if path.duration > flow.latency, let began = path.segments.first?.start, let start = flow.start, began < start {
            return ", beginning \(DurationText.short(began.nanoseconds(until: start))) before the first span"
        }
        guard whole != DurationText.short(path.duration), flow.latency > path.duration else { return "" }
        let lead = path.segments.first.flatMap { first in flow.start.map { $0.nanoseconds(until: first.start) } } ?? 0
        let isAllOfIt = lead + path.duration == flow.latency
        if isAllOfIt { return ", beginning \(DurationText.short(lead)) into the flow" }
        return " of the \(flow.latencyText) it took"
    }

    /// Such as `PaymentCharged waiting for shipping`.
    private func words(_ segment: CriticalSegment, _ path: CriticalPath) -> String {
        if let operation = segment.operation.flatMap(flow.operation), [.processing, .gap].contains(segment.kind) {
            return "\(Self.short(operation.service)) \(Self.word(segment.kind))"
        }
        guard path.steps.indices.contains(segment.step) else { return Self.word(segment.kind) }
        let step = path.steps[segment.step]
        let message = title(step.publication.message)
        let consumer = step.hop.map { Self.short($0.consumer.service) }
        let sender = flow.publication(step.publication)?.services.first.map(Self.short)
        return switch segment.kind {
        case .queue: "\(message) waiting\(consumer.map { " for \($0)" } ?? "")"
        case .processing: "\(consumer ?? "somebody") working"
        case .backoff: "\(consumer ?? "somebody") backing off"
        case .outbox, .scheduled, .publishing, .gap:
            "\(message)\(sender.map { " of \($0)" } ?? "") \(Self.word(segment.kind))"
        }
    }

    private mutating func addReplies() {
        for reply in flow.replies.prefix(3) {
            let (answer, question) = (title(reply.reply), title(reply.request))
            let after = reply.latency.map { " after \(DurationText.short($0))" } ?? ""
            let (responder, requester) = (Self.short(reply.responder), Self.short(reply.requester))
            add(.story, "\(answer) of \(responder) answers \(question) of \(requester)\(after)")
        }
        let rest = flow.replies.count - 3
        if rest > 0 { add(.story, "\(FoldingText.counted(rest, "more reply", "more replies"))") }
    }

    private mutating func addSagas() {
        for saga in flow.sagas.prefix(3) {
            add(.story, "saga \(OneLine.shortened(Self.title(of: saga), to: 60)): \(Self.outcome(of: saga))")
        }
        let rest = flow.sagas.count - 3
        if rest > 0 { add(.story, "\(FoldingText.counted(rest, "more saga"))") }
    }

    /// Type and run.
    package static func title(of saga: Saga) -> String {
        [saga.id.type, saga.id.run].compactMap(\.self).joined(separator: " ")
    }

    /// Such as `refunded · 3 steps · compensated`.
    package static func outcome(of saga: Saga) -> String {
        var parts = [
            saga.state.map { OneLine.shortened($0, to: 40) } ?? "no state recorded",
            FoldingText.counted(saga.steps.count, "step"),
        ]
        if saga.failed { parts.append("a step failed ✗") }
        if saga.wasCompensated { parts.append("compensated ↩") }
        if saga.isUnfinished { parts.append("a step never ended …") }
        return parts.joined(separator: " · ")
    }

    private static func isGhost(_ missing: Gap.Missing) -> Bool {
        switch missing {
        case .sender, .delivery, .anyDelivery: true
        case .message, .operation, .attempt, .batchMembers: false
        }
    }

    private mutating func addGaps() {
        struct Kind: Hashable {
            var noun: String
            var reason: String
        }
        var counts: [Kind: Int] = [:]
        var order: [Kind] = []
        for gap in flow.gaps where !(drawsGhosts && Self.isGhost(gap.missing)) {
            var reason = gap.reason.rawValue
            let (noun, count): (String, Int)
            switch gap.missing {
            case .sender: (noun, count) = ("sender", 1)
            case .message: (noun, count) = ("cause", 1)
            case .operation: (noun, count) = ("operation that others refer to", 1)
            case .attempt: (noun, count) = ("attempt", 1)
            case .delivery, .anyDelivery:
                (noun, count) = ("delivery", 1)
                reason = gap.reason.ofDelivery
            case .batchMembers(_, let members): (noun, count) = ("message of a batch", members)
            }
            let kind = Kind(noun: noun, reason: reason)
            if counts[kind] == nil { order.append(kind) }
            counts[kind, default: 0] += count
        }
        if order.isEmpty { return }
        let plurals = [
            "delivery": "deliveries", "message of a batch": "messages of batches",
            "operation that others refer to": "operations that others refer to",
        ]
        let parts = order.map { kind in
            let count = counts[kind, default: 0]
            return "\(FoldingText.counted(count, kind.noun, plurals[kind.noun])) (\(kind.reason))"
        }
        add(.gap, "missing: " + parts.joined(separator: ", "))
    }

    private mutating func addRepeats() {
        if flow.duplicateCount > 0 {
            add(
                .repeats,
                "\(FoldingText.counted(flow.duplicateCount, "delivery", "deliveries")) of what had been handled before: "
                    + "duplicate\(flow.duplicateCount == 1 ? "" : "s")")
        }
        // Where nobody records settlements, nothing follows from their absence.
        let unsettled = flow.unsettledCount
        if unsettled > 0, flow.hops.contains(where: { $0.settlement != nil }) {
            add(.repeats, "\(FoldingText.counted(unsettled, "delivery", "deliveries")) never settled")
        }
    }

    private mutating func addClocks() {
        let proven = flow.clockOffsets.filter(\.isProven)
        for offset in proven.prefix(3) {
            let allowed = flow.allowsForClocks ? ", how long the flow took allows for it" : ""
            add(.clock, "clocks: \(Self.words(offset)); times are shown as recorded\(allowed)")
        }
        if proven.count > 3 { add(.clock, "clocks: \(proven.count - 3) more pairs of hosts differ") }
    }

    /// Such as `node-b is 40 ms to 55 ms ahead of node-a`.
    package static func words(_ offset: ClockOffset) -> String {
        let (from, to) = (short(offset.from), short(offset.to))
        if offset.isContradictory { return "that of \(to) jumps or drifts against that of \(from)" }
        let isAhead = (offset.lower ?? 0) > 0
        let (least, most) = isAhead ? (offset.lower, offset.upper) : (offset.upper, offset.lower)
        let low = least.map { DurationText.short($0.magnitude) }
        let high = most.map { DurationText.short($0.magnitude) }
        let amount =
            switch (low, high) {
            case (let low?, let high?): low == high ? "about \(low)" : "\(low) to \(high)"
            case (let low?, nil): "at least \(low)"
            case (nil, let high?): "at most \(high)"
            case (nil, nil): "somewhat"
            }
        return "\(to) is \(amount) \(isAhead ? "ahead of" : "behind") \(from)"
    }

    private mutating func addConflicts() {
        for conflict in flow.conflicts.prefix(2) {
            add(
                .contradiction,
                "contradiction: \(conflict.subject.rawValue) is \(OneLine.shortened(conflict.kept, to: 40)) "
                    + "by \(conflict.keptEvidence.name), \(OneLine.shortened(conflict.dismissed, to: 40)) "
                    + "by \(conflict.dismissedEvidence.name); the first counts")
        }
        let rest = flow.conflicts.count - 2
        if rest > 0 { add(.contradiction, "\(FoldingText.counted(rest, "more contradiction"))") }
    }

    private mutating func addHubs() {
        for hub in flow.hubs.prefix(2) {
            let name =
                switch hub.identity {
                case .correlationID(let id): "correlation id \(OneLine.shortened(id, to: 40))"
                case .trace(let id): "trace \(id.hex)"
                }
            add(.gap, "\(name) is on too many spans to follow: \(FoldingText.counted(hub.leftOut, "span")) left out")
        }
    }
}
