import ThroughlineModel

/// The words on the lines of the tree.
struct TreeText {
    private let folded: FoldedOutline
    private let flow: Flow
    private let focus: String?
    private let critical: CriticalShares
    private let gaps: GapIndex
    private let history: DeliveryHistory
    /// Where nobody records settlements, nothing follows from their absence.
    private let tellsSettlements: Bool

    init(_ folded: FoldedOutline, focus: String?) {
        self.folded = folded
        self.focus = focus
        flow = folded.flow
        critical = CriticalShares(flow)
        gaps = GapIndex(flow)
        history = DeliveryHistory(flow)
        tellsSettlements = flow.hops.contains { $0.settlement != nil }
    }

    func line(for node: Int) -> TextLine {
        let members = folded.nodes[node].members.map { folded.outline.nodes[$0].subject }
        return switch members[0] {
        case .publication(let first): publication(first, node, members)
        case .hop(let first): hop(first, node, members)
        case .attempt(let hop, let number): attempt(flow.hops[hop].attempts[number], members)
        case .operation(let first): operation(first, node, members)
        }
    }

    /// True for the message that was asked about, and for the span.
    func isAskedFor(_ node: Int) -> Bool {
        guard let focus else { return false }
        return folded.nodes[node].members.contains { member in
            switch folded.outline.nodes[member].subject {
            case .publication(let place): flow.publications[place].id.message.description == focus
            case .hop(let place): flow.hops[place].attempts.contains { $0.operation.spanID.hex == focus }
            case .operation(let place): flow.operations[place].id.spanID.hex == focus
            case .attempt: false
            }
        }
    }

    private func count(_ members: [Outline.Subject]) -> String { FoldingText.times(members.count) }

    private func name(_ text: String, _ node: Int) -> String {
        folded.nodes[node].isRough ? NamePattern.of(text) : text
    }

    /// The service at work where a node stands.
    private func service(above node: Int) -> String? {
        var place = folded.nodes[node].parent
        while let above = place {
            switch folded.subject(above) {
            case .hop(let hop): return flow.hops[hop].consumer.service
            case .operation(let operation): return flow.operations[operation].service
            case .publication(let publication): return flow.publications[publication].services.first
            case .attempt: place = folded.nodes[above].parent
            }
        }
        return nil
    }

    private func publication(_ first: Int, _ node: Int, _ members: [Outline.Subject]) -> TextLine {
        let publication = flow.publications[first]
        let message = flow.message(publication.id.message)
        var line = TextLine()
        let sender =
            publication.services.first ?? publication.missingSender.map { "sender unknown (\($0.rawValue))" }
        let verb = Self.verb(publication, message)
        if case .routed = publication.id.reason {
            line.add("routed")
        } else if let sender, sender != service(above: node) {
            // Why a sender is unknown is said whole.
            line.add(name(sender, node), isName: !publication.services.isEmpty)
            line.add(" \(verb) ")
        } else {
            line.add("\(verb) ")
        }
        if case .routed = publication.id.reason {
        } else {
            line.add(name(message?.title ?? "message", node), .bold, isName: true)
        }
        line.add(count(members), .bold)
        if !publication.id.destination.isEmpty {
            line.add(" → ", .cyan)
            line.add(name(publication.id.destination, node), .cyan, isName: true)
        }
        let notes = notes(members, message, node)
        for (place, note) in notes.enumerated() {
            line.add((place == 0 ? "  " : " · ") + note, .yellow, detail: place == 0 ? nil : .more)
        }
        return line
    }

    private static func verb(_ publication: Publication, _ message: Message?) -> String {
        switch publication.id.reason {
        case .deadLettered: "sets aside"
        case .replayed: "replays"
        case .routed: "routes"
        case .sent:
            switch message?.intent {
            case .command: "sends"
            case .reply: "replies"
            case .event, nil: "emits"
            }
        }
    }

    private func notes(_ members: [Outline.Subject], _ message: Message?, _ node: Int) -> [String] {
        let publications = members.compactMap {
            if case .publication(let place) = $0 { flow.publications[place] } else { nil }
        }
        let publication = publications[0]
        var notes: [String] = []
        if let dwell = DurationText.spread(publications.compactMap(\.dwellTime)) {
            notes.append("\(publication.due == nil ? "in the outbox" : "scheduled") \(dwell)")
        }
        for (consumer, reason) in gaps.deliveries[publication.id] ?? [] {
            notes.append("delivery to \(consumer.group ?? consumer.service) \(reason.ofDelivery)")
        }
        let failed = flow.failedToSend(publication)
        if folded.nodes[node].children.isEmpty, !failed {
            notes.append(publication.id.reason == .deadLettered ? "✗" : gaps.unread(publication.id))
        }
        if let causes = message?.causes, causes.count > 1, case .sent = publication.id.reason {
            notes.append("caused by \(Self.counted(causes.map { flow.message($0)?.title ?? "?" }))")
        }
        if failed { notes.append("✗ sending failed") }
        if members.count == 1, case .sent = publication.id.reason {
            let others = sentAgain(publication)
            if !others.isEmpty { notes.append("also sent by \(Self.counted(others))") }
        }
        return notes
    }

    /// The services other than the first that sent it, too, not counting those that only made it.
    private func sentAgain(_ publication: Publication) -> [String] {
        guard publication.services.count > 1 else { return [] }
        let services = publication.senders.compactMap { flow.operation($0) }
            .filter { $0.messaging?.operation == .send }.map(\.service)
        return services.uniqued().filter { $0 != services.first }
    }

    /// Such as `PaymentCharged and RowImported ×4`; of many the first.
    private static func counted(_ titles: [String]) -> String {
        var counts: [String: Int] = [:]
        for title in titles { counts[title, default: 0] += 1 }
        let kinds = titles.uniqued()
        let named = kinds.prefix(kinds.count > 4 ? 3 : 4).map { title in
            title + FoldingText.times(counts[title, default: 1])
        }
        let rest = kinds.count > 4 ? ["\(kinds.count - 3) other types"] : []
        return (named + rest).joined(separator: " and ")
    }

    private func hop(_ first: Int, _ node: Int, _ members: [Outline.Subject]) -> TextLine {
        let hops = members.compactMap { if case .hop(let place) = $0 { flow.hops[place] } else { nil } }
        let hop = flow.hops[first]
        var line = TextLine()
        line.add(name(hop.consumer.service, node), isName: true)
        if let group = hop.consumer.group, group != hop.consumer.service {
            line.add(" (group ")
            line.add(name(group, node), isName: true)
            line.add(")")
        }
        line.add(count(members), .bold)
        line.add("  ")
        for (place, mark) in marks(hops).enumerated() {
            line.add((place > 0 ? " · " : "") + mark, .dim, detail: .least)
        }
        line.add(" ")
        if hop.failed {
            line.add("✗", .red)
            line.add(hop.attempts.last?.error.map { " \(TypeName.short($0))" } ?? "", .red, isName: true)
        } else if hop.isUnfinished {
            line.add("… never ended", .yellow)
        } else if let givenBack = hop.attempts.last?.givenBack {
            line.add(givenBack, .yellow)
        } else {
            line.add("✓", .green)
        }
        if hop.isDeadLetter { line.add(" dead letter", .red) }
        if hop.attempts.contains(where: \.isDuplicate) { line.add(" duplicate", .yellow) }
        if tellsSettlements, hop.isUnsettled { line.add(" never settled", .yellow) }
        for (number, reason) in gaps.attempts[hop.id] ?? [] {
            line.add("  attempt \(number) missing: \(reason.rawValue)", .yellow)
        }
        if let share = critical.share(of: hops) { line.add("  ◀ critical \(FlowNotes.percent(share))", .yellow) }
        if folded.outline.nodes[folded.nodes[node].members[0]].isInBatchAbove { line.add("  in the batch above", .dim) }
        return line
    }

    private func marks(_ hops: [Hop]) -> [String] {
        let hop = hops[0]
        var marks: [String] = []
        if let waited = DurationText.waits(hops, history) {
            marks.append("\(hop.isReplay ? "replayed after" : "waited") \(waited)")
        } else if hop.isReplay {
            marks.append("replayed")
        }
        let batch = hops.reduce(1) { max($0, $1.batchSize) }
        if batch > 1 { marks.append("batch of \(batch)") }
        let attempts = hops.reduce(0) { max($0, $1.attempts.count) }
        if attempts > 1 {
            marks.append("\(attempts) attempts")
        } else {
            let numbers = hops.compactMap { $0.attempts.first?.number }
            if let number = numbers.max(), number > 1 { marks.append("attempt \(number)") }
            if let took = DurationText.spread(hops.compactMap { $0.attempts.first?.took }) {
                marks.append("took \(took)")
            }
        }
        return marks
    }

    private func attempt(_ first: Attempt, _ members: [Outline.Subject]) -> TextLine {
        let attempts = members.compactMap { subject in
            if case .attempt(let hop, let number) = subject { flow.hops[hop].attempts[number] } else { nil }
        }
        var line = TextLine()
        line.add("attempt \(first.number)\(count(members))")
        if first.number > 1, let waited = DurationText.spread(attempts.compactMap(\.waited)) {
            line.add(" · after \(waited)", detail: .least)
        }
        let took = DurationText.spread(attempts.compactMap(\.took))
        line.add(took.map { " · took \($0)" } ?? " · never ended", detail: .least)
        line.add(" ")
        guard let error = first.error else {
            line.add(first.end == nil ? "…" : first.givenBack ?? "✓", first.givenBack == nil ? .green : .yellow)
            if first.isDuplicate { line.add(" duplicate", .yellow) }
            return line
        }
        line.add("✗ ", .red)
        line.add(TypeName.short(error), .red, isName: true)
        return line
    }

    private func operation(_ first: Int, _ node: Int, _ members: [Outline.Subject]) -> TextLine {
        let operations = members.compactMap {
            if case .operation(let place) = $0 { flow.operations[place] } else { nil }
        }
        let operation = flow.operations[first]
        var line = TextLine()
        if operation.service != service(above: node) {
            line.add(name(operation.service, node), isName: true)
            line.add(" · ")
        }
        line.add(name(operation.record.name, node), isName: true)
        line.add(count(members), .bold)
        line.add("  ")
        let took = DurationText.spread(operations.compactMap(\.record.duration))
        line.add(took ?? "never ended …", operation.isUnfinished ? .yellow : .dim)
        if let error = operation.error {
            line.add(" ✗ ", .red)
            line.add(TypeName.short(error), .red, isName: true)
        }
        let share = operations.reduce(0) { $0 + (critical.share(of: $1.id) ?? 0) }
        if share >= 0.01 { line.add("  ◀ critical \(FlowNotes.percent(share))", .yellow) }
        if let emptiness = operation.emptiness { line.add("  \(emptiness)", .dim, detail: .least) }
        return line
    }
}
