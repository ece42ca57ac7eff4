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
        let drawn = ReadableFold(flow, options, .delivery).fitted(
            draw: { SequenceView($0, title: title, isWhole: options.unfolding == .everything).diagram },
            fits: { MermaidLimit.allows($0.text) })
        return (drawn.picture, drawn.folding)
    }

    private let flow: Flow
    private let selection: OutlineSelection
    private let text: SequenceText
    private var slugs = SlugAllocator()
    private var events: [Event] = []
    private var participants: [String: (id: String, name: String)] = [:]

    /// Two arrows say it as well without a box around them.
    private static let leastParallel = 3

    private struct Event {
        var time: UInt64
        var lines: [SequenceDiagram.Line]
        var causes: [Int]
        /// What arrives, when something does.
        var publication: Publication.ID?
    }

    private init(_ selection: OutlineSelection, title: String?, isWhole: Bool) {
        self.selection = selection
        flow = selection.folded.flow
        text = SequenceText(flow)
        diagram = SequenceDiagram(title: flow.headline(title: title))
        addDeliveries()
        addUnread()
        addCalls(isWhole: isWhole)
        addMissingDeliveries()
        let order = CausalOrder.sorted(times: events.map(\.time), causes: events.map(\.causes))
        addLines(order)
        // Repetitions stand where they happened.
        for note in FlowNotes(flow).all where note.kind != .repeats { diagram.lines.append(.noteAcross(note.text)) }
        nameParticipants()
        if let folding = FoldingText.of(selection), let first = diagram.participants.first {
            diagram.lines.insert(.note(over: first.id, text: "Folded: \(folding)."), at: 0)
        }
    }

    /// The deliveries of one message that come one after the other go on at the same time.
    private mutating func addLines(_ order: [Int]) {
        var place = 0
        while place < order.count {
            let event = events[order[place]]
            var end = place + 1
            while end < order.count, let publication = event.publication,
                events[order[end]].publication == publication
            {
                end += 1
            }
            let parts = order[place..<end].map { events[$0].lines }
            if parts.count >= Self.leastParallel, let publication = event.publication {
                diagram.lines.append(.par(text.fanOut(publication, to: parts.count)))
                diagram.lines += Array(parts.joined(separator: [.and]))
                diagram.lines.append(.end)
            } else {
                diagram.lines += parts.flatMap(\.self)
            }
            place = end
        }
    }

    private static let unknown = "\u{0}"

    private mutating func id(_ service: String) -> String {
        let id = service == Self.unknown ? slugs.id("u", "sender") : slugs.id("s", service)
        participants[id] = (id, service == Self.unknown ? "sender unknown" : MermaidText.shortened(service, to: 36))
        return id
    }

    /// In the order in which they first speak or are spoken to.
    private mutating func nameParticipants() {
        var order: [String] = []
        for line in diagram.lines {
            switch line {
            case .arrow(_, let from, let to, _): order += [from, to]
            case .note(let id, _): order.append(id)
            case .activate, .deactivate, .noteAcross, .par, .and, .end: break
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

    private func sender(of hop: Hop, _ origins: [Message.ID: String]) -> String {
        guard let publication = flow.publication(hop.id.publication) else { return Self.unknown }
        if let service = publication.services.first { return service }
        switch publication.id.reason {
        case .routed: return origins[hop.message] ?? Self.unknown
        case .deadLettered: return flow.whoGaveUp(publication) ?? origins[hop.message] ?? Self.unknown
        case .sent, .replayed: return Self.unknown
        }
    }

    private mutating func addDeliveries() {
        var origins: [Message.ID: String] = [:]
        for publication in flow.publications where origins[publication.id.message] == nil {
            origins[publication.id.message] = publication.services.first
        }
        var arrows: [Message.ID: [(service: String, event: Int)]] = [:]
        var ends: [Message.ID: [(service: String, event: Int)]] = [:]
        var handled: Set<Operation.ID> = []
        for hops in deliveries() {
            guard let hop = hops.first, let first = hop.attempts.first else { continue }
            let service = sender(of: hop, origins)
            let (from, to) = (id(service), id(hop.consumer.service))
            let earlier = (flow.message(hop.message)?.causes ?? []).prefix(50)
            let causes = earlier.flatMap { arrows[$0] ?? [] }.filter { $0.service == service }.map(\.event)
            // Whoever sends a message is shown at work until it has.
            for end in earlier.flatMap({ ends[$0] ?? [] }) where end.service == service {
                events[end.event].causes.append(events.count)
            }
            var lines: [SequenceDiagram.Line] = [
                .arrow(hop.isReplay ? .replay : .message, from: from, to: to, text: text.arrow(hops))
            ]
            let isNew = handled.insert(first.operation).inserted
            if isNew { lines.append(.activate(to)) }
            events.append(
                Event(
                    time: first.start.nanosecondsSinceEpoch, lines: lines, causes: causes,
                    publication: hop.id.publication))
            var previous = events.count - 1
            for member in hops { arrows[member.message, default: []].append((hop.consumer.service, previous)) }
            guard isNew else { continue }
            for remark in text.remarks(hops) {
                let end = remark.time?.nanosecondsSinceEpoch ?? .max
                events.append(Event(time: end, lines: [.note(over: to, text: remark.text)], causes: [previous]))
                previous = events.count - 1
            }
            let end = hop.end?.nanosecondsSinceEpoch ?? .max
            events.append(Event(time: end, lines: [.deactivate(to)], causes: [previous]))
            for member in hops { ends[member.message, default: []].append((hop.consumer.service, events.count - 1)) }
        }
    }

    /// In causal order, those that are drawn as one together.
    private func deliveries() -> [[Hop]] {
        var places: [(first: Int, hops: [Hop])] = []
        for node in selection.shown {
            let members = selection.folded.nodes[node].members.compactMap { member -> Int? in
                if case .hop(let place) = selection.folded.outline.nodes[member].subject { place } else { nil }
            }
            if let first = members.first { places.append((first, members.map { flow.hops[$0] })) }
        }
        var batches: [[Hop]] = []
        for hops in places.sorted(by: { $0.first < $1.first }).map(\.hops) {
            if let last = batches.last?.last, let hop = hops.first, isOneBatch(last, hop) {
                batches[batches.count - 1] += hops
            } else {
                batches.append(hops)
            }
        }
        return batches
    }

    /// Messages of one type and sender that were handled at once are one arrow.
    private func isOneBatch(_ left: Hop, _ right: Hop) -> Bool {
        left.batchSize > 1 && left.attempts.last?.operation == right.attempts.last?.operation
            && left.destination == right.destination
            && flow.message(left.message)?.type == flow.message(right.message)?.type
            && flow.publication(left.id.publication)?.services == flow.publication(right.id.publication)?.services
    }

    /// Requests from service to service, without a broker between them; many of one kind are one.
    private mutating func addCalls(isWhole: Bool) {
        for edge in flow.topology.edges where edge.kind == .calls {
            let calls = edge.calls.compactMap(flow.operation)
            let isFolded = !isWhole && calls.count >= FoldedOutline.usualMinimum
            for call in isFolded ? Array(calls.prefix(1)) : calls {
                guard let parent = call.parentID.flatMap(flow.operation) else { continue }
                let label = text.call(isFolded ? calls : [call])
                events.append(
                    Event(
                        time: call.record.start.nanosecondsSinceEpoch,
                        lines: [.arrow(.call, from: id(parent.service), to: id(call.service), text: label)], causes: [])
                )
            }
        }
    }

    /// Consumers that are known to listen and did not handle a message.
    private mutating func addMissingDeliveries() {
        for node in selection.shown {
            guard case .publication(let place) = selection.folded.subject(node) else { continue }
            let publication = flow.publications[place]
            guard let service = publication.services.first else { continue }
            for (consumer, reason) in text.gaps.deliveries[publication.id] ?? [] {
                let words = text.missing(publication, reason, count: selection.folded.nodes[node].members.count)
                events.append(
                    Event(
                        time: publication.sent?.nanosecondsSinceEpoch ?? 0,
                        lines: [.arrow(.lost, from: id(service), to: id(consumer.service), text: words)], causes: []))
            }
        }
    }

    /// Messages that nobody handled.
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
                Event(
                    time: publication.sent?.nanosecondsSinceEpoch ?? 0,
                    lines: [.note(over: id(service), text: words)], causes: []))
        }
    }
}
