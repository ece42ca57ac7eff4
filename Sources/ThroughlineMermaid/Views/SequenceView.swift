import ThroughlineFlow
import ThroughlineModel

/// Draws who did what when: causality first, time second.
struct SequenceView {
    private(set) var diagram: SequenceDiagram

    /// The diagram as it is drawn: inside Mermaid's limits, with repeated deliveries folded, and some left out where
    /// that is not enough.
    static func diagram(
        of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()
    ) -> (diagram: SequenceDiagram, folding: String?) {
        let isWhole = options.unfolding == .everything
        let drawn = ReadableFold(flow, options, .delivery).fitted(
            draw: { SequenceView($0, title: title, isWhole: isWhole).diagram },
            fits: { MermaidLimit.allows($0.text) && (isWhole || $0.participants.count <= mostParticipants) })
        return (drawn.picture, drawn.folding)
    }

    /// With more of them, nobody can follow a line from its name to its arrows.
    private static let mostParticipants = 20

    private let flow: Flow
    private let selection: OutlineSelection
    private let text: SequenceText
    private let branches: SequenceBranches
    /// At how many places something is left out.
    private let cuts: Int
    private var slugs = SlugAllocator()
    private var events: [SequenceOrder.Event] = []
    private var participants: [String: (id: String, name: String)] = [:]

    private init(_ selection: OutlineSelection, title: String?, isWhole: Bool) {
        self.selection = selection
        flow = selection.folded.flow
        text = SequenceText(flow)
        branches = SequenceBranches(selection, text)
        cuts = selection.shown.count { selection.rest(below: $0).messages > 0 }
        diagram = SequenceDiagram(title: flow.headline(title: title))
        addDeliveries()
        addUnread()
        addCalls(isWhole: isWhole)
        addMissingDeliveries()
        let work = SequenceWork(selection)
        for note in work.notes {
            events.append(
                SequenceOrder.Event(
                    time: note.time.nanosecondsSinceEpoch, lines: [.note(over: id(note.service), text: note.text)]))
        }
        if let folding = FoldingText.of(selection) { diagram.lines.append(.noteAcross("Shortened: \(folding)")) }
        addLines()
        // Repetitions stand where they happened, and so do ghosts where everything is drawn.
        for note in FlowNotes(flow, drawsGhosts: selection.isWhole).all where note.kind != .repeats {
            diagram.lines.append(.noteAcross(note.text))
        }
        if let rest = work.rest { diagram.lines.append(.noteAcross(rest)) }
        nameParticipants()
    }

    /// Notes say which message they are about where their participant handles several at a time.
    private mutating func addLines() {
        let order = SequenceOrder(events, branches) { [text] in text.fanOut($0, to: $1) }
        let entangled = entangled(order.tokens)
        var numbers: [Int: Int] = [:]
        var count = 0
        for token in order.tokens {
            guard case .event(let place) = token else {
                if case .line(let line) = token { diagram.lines.append(line) }
                continue
            }
            for line in events[place].lines {
                if case .arrow = line {
                    count += 1
                    numbers[place] = count
                }
                if case .note(let id, let words) = line, let delivery = events[place].delivery,
                    entangled.contains(delivery), let number = numbers[delivery]
                {
                    diagram.lines.append(.note(over: id, text: "message \(number): \(words)"))
                } else {
                    diagram.lines.append(line)
                }
            }
        }
    }

    /// The deliveries during which their participant handles another one.
    private func entangled(_ tokens: [SequenceOrder.Token]) -> Set<Int> {
        var open: [String: Set<Int>] = [:]
        var entangled: Set<Int> = []
        for case .event(let place) in tokens {
            for line in events[place].lines {
                switch line {
                case .activate(let id):
                    open[id, default: []].insert(place)
                    if let all = open[id], all.count > 1 { entangled.formUnion(all) }
                case .deactivate(let id):
                    if let delivery = events[place].delivery { open[id]?.remove(delivery) }
                default: break
                }
            }
        }
        return entangled
    }

    private mutating func id(unknown reason: String?) -> String {
        let id = slugs.id("u", "sender", key: reason ?? "")
        participants[id] = (id, "sender unknown" + (reason.map { ": \($0)" } ?? ""))
        return id
    }

    private mutating func id(_ service: String) -> String {
        let id = slugs.id("s", service)
        participants[id] = (id, MermaidText.shortened(service, to: 36))
        return id
    }

    /// In the order in which they first speak or are spoken to.
    private mutating func nameParticipants() {
        var order: [String] = []
        for line in diagram.lines {
            switch line {
            case .arrow(_, let from, let to, _): order += [from, to]
            case .note(let id, _): order.append(id)
            case .activate, .deactivate, .noteAcross, .par, .and, .alt, .otherwise, .end: break
            }
        }
        if order.isEmpty {
            for service in flow.services.prefix(50) { order.append(id(service)) }
        }
        if order.isEmpty {
            participants["n_empty"] = ("n_empty", "nothing recorded")
            order.append("n_empty")
        }
        diagram.participants = order.uniqued().compactMap { participants[$0] }
            .map { SequenceDiagram.Participant(id: $0.id, name: $0.name) }
    }

    private func sender(of hop: Hop, _ origins: [Message.ID: String]) -> String? {
        guard let publication = flow.publication(hop.id.publication) else { return nil }
        if let service = publication.services.first { return service }
        switch publication.id.reason {
        case .routed: return origins[hop.message]
        case .deadLettered: return flow.whoGaveUp(publication) ?? origins[hop.message]
        case .sent, .replayed: return nil
        }
    }

    /// Who sent deliveries that are drawn as one: several senders are one participant that says how many it stands for.
    private mutating func senderID(of hops: [Hop], _ origins: [Message.ID: String]) -> (id: String, service: String?) {
        let services = hops.compactMap { sender(of: $0, origins) }.uniqued()
        if services.count > 1, let common = NamePattern.common(services) {
            return (id("\(common) ×\(FoldingText.grouped(services.count))"), nil)
        }
        if let service = services.first { return (id(service), service) }
        let reason = hops.first.flatMap { flow.publication($0.id.publication)?.missingSender }
        return (id(unknown: reason?.rawValue), nil)
    }

    private mutating func addDeliveries() {
        var origins: [Message.ID: String] = [:]
        for publication in flow.publications where origins[publication.id.message] == nil {
            origins[publication.id.message] = publication.services.first
        }
        var arrows: [Message.ID: [(service: String, event: Int)]] = [:]
        var ends: [Message.ID: [(service: String, event: Int)]] = [:]
        var handled: Set<Operation.ID> = []
        for (node, hops) in SequenceDeliveries(selection, branches).all {
            guard let hop = hops.first, let first = hop.attempts.first else { continue }
            let (from, service) = senderID(of: hops, origins)
            let to = id(hop.consumer.service)
            let earlier = (flow.message(hop.message)?.causes ?? []).prefix(50)
            let causes = earlier.flatMap { arrows[$0] ?? [] }.filter { $0.service == service }.map(\.event)
            // Whoever sends a message is shown at work until it has.
            for end in earlier.flatMap({ ends[$0] ?? [] }) where end.service == service {
                events[end.event].causes.append(events.count)
            }
            let arrival = events.count
            let branch = branches.branch(of: node)
            var lines: [SequenceDiagram.Line] = [
                .arrow(hop.isReplay ? .replay : .message, from: from, to: to, text: text.arrow(hops))
            ]
            let isNew = handled.insert(first.operation).inserted
            if isNew { lines.append(.activate(to)) }
            events.append(
                SequenceOrder.Event(
                    time: flow.moment(first.start, of: first.operation).nanosecondsSinceEpoch, lines: lines,
                    causes: causes, publication: hop.id.publication, branch: branch))
            for member in hops { arrows[member.message, default: []].append((hop.consumer.service, arrival)) }
            var previous = arrival
            func add(_ line: SequenceDiagram.Line, at time: Timestamp?) {
                events.append(
                    SequenceOrder.Event(
                        time: time.map { flow.moment($0, of: first.operation).nanosecondsSinceEpoch } ?? .max,
                        lines: [line], causes: [previous], delivery: arrival, branch: branch))
                previous = events.count - 1
            }
            if isNew {
                if hops.count > 1, branches.isBranch(node) {
                    if let words = text.remark(inBranch: hops) {
                        add(.note(over: to, text: words), at: hops.compactMap(\.end).max())
                    }
                } else {
                    for remark in text.remarks(hops) { add(.note(over: to, text: remark.text), at: remark.time) }
                }
                add(.deactivate(to), at: hops.count > 1 ? hops.compactMap(\.end).max() : hop.end)
                for member in hops { ends[member.message, default: []].append((hop.consumer.service, previous)) }
            }
            let rest = rest(below: node)
            if rest.messages > 0 {
                add(
                    .note(over: to, text: "… \(FoldingText.counted(rest.messages, "more message")) left out"),
                    at: hop.end)
            }
        }
    }

    /// What is left out right below a delivery, where few are cut short; else a note on top says how much it is.
    private func rest(below node: Int) -> OutlineSelection.Rest {
        var rest = OutlineSelection.Rest()
        guard cuts <= Self.fewCuts else { return rest }
        for place in [node] + selection.folded.nodes[node].children where selection.isShown[place] {
            rest.add(selection.rest(below: place))
        }
        return rest
    }

    private static let fewCuts = 3

    /// Requests from service to service, without a broker between them; many of one kind are one.
    private mutating func addCalls(isWhole: Bool) {
        for edge in flow.topology.edges where edge.kind == .calls {
            let calls = edge.calls.compactMap(flow.operation)
            let isFolded = !isWhole && calls.count >= FoldedOutline.usualMinimum
            for call in isFolded ? Array(calls.prefix(1)) : calls {
                guard let parent = call.parentID.flatMap(flow.operation) else { continue }
                let label = text.call(isFolded ? calls : [call])
                events.append(
                    SequenceOrder.Event(
                        time: flow.moment(call.record.start, of: call.id).nanosecondsSinceEpoch,
                        lines: [.arrow(.call, from: id(parent.service), to: id(call.service), text: label)]))
            }
        }
    }

    /// Consumers that are known to listen and of which nothing says that they handled a message.
    private mutating func addMissingDeliveries() {
        for node in selection.shown {
            guard case .publication(let place) = selection.folded.subject(node) else { continue }
            let publication = flow.publications[place]
            guard let service = publication.services.first else { continue }
            for (consumer, reason) in text.gaps.deliveries[publication.id] ?? [] {
                let words = text.missing(publication, reason, count: selection.folded.nodes[node].members.count)
                events.append(
                    SequenceOrder.Event(
                        time: sent(publication),
                        lines: [.arrow(.lost, from: id(service), to: id(consumer.service), text: words)],
                        branch: branches.branch(of: node)))
            }
        }
    }

    private func sent(_ publication: Publication) -> UInt64 {
        guard let sent = publication.sent else { return 0 }
        return (publication.senders.last.map { flow.moment(sent, of: $0) } ?? sent).nanosecondsSinceEpoch
    }

    /// Messages of which no delivery is recorded.
    private mutating func addUnread() {
        let delivered = Set(flow.hops.map(\.message))
        for node in selection.shown {
            guard case .publication(let place) = selection.folded.subject(node) else { continue }
            let publication = flow.publications[place]
            guard !delivered.contains(publication.id.message), let service = publication.services.first else {
                continue
            }
            let words = text.unread(publication, count: selection.folded.nodes[node].members.count)
            events.append(
                SequenceOrder.Event(
                    time: sent(publication), lines: [.note(over: id(service), text: words)],
                    branch: branches.branch(of: node)))
        }
    }
}
