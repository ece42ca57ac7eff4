import ThroughlineFlow
import ThroughlineModel

/// Draws who did what when: causality first, time second.
struct SequenceView {
    private(set) var diagram: SequenceDiagram

    /// Mermaid's limit (`maxTextSize`), and what a person can still follow.
    private static let maximumCharacters = 50_000
    private static let usualFold = 200

    /// The diagram as it is drawn: inside Mermaid's limits, with repeated deliveries folded and the end left out
    /// where that is not enough.
    static func diagram(of flow: Flow, title: String? = nil) -> SequenceDiagram {
        if flow.hops.count <= usualFold {
            let whole = SequenceView(flow, title: title, folds: false, limit: .max).diagram
            if fits(whole) { return whole }
        }
        var limit = usualFold
        while true {
            let folded = SequenceView(flow, title: title, folds: true, limit: limit).diagram
            if fits(folded) || limit == 0 { return folded }
            limit /= 2
        }
    }

    private static func fits(_ diagram: SequenceDiagram) -> Bool { diagram.text.utf16.count <= maximumCharacters }

    private let flow: Flow
    private var slugs = SlugAllocator()
    private var events: [Event] = []
    private var participants: [String] = []

    private struct Event {
        var time: UInt64
        var lines: [SequenceDiagram.Line]
        var causes: [Int]
    }

    /// Deliveries that are drawn as one.
    private struct Delivery {
        var from: String
        var hops: [Hop]
    }

    private init(_ flow: Flow, title: String?, folds: Bool, limit: Int) {
        self.flow = flow
        diagram = SequenceDiagram(title: flow.headline(title: title))
        let all = deliveries(folds: folds)
        let shown = all.prefix(limit)
        addDeliveries(Array(shown))
        if !folds { addCalls() }
        addUnread(limit: folds ? limit : .max)
        let order = CausalOrder.sorted(times: events.map(\.time), causes: events.map(\.causes))
        for place in order { diagram.lines += events[place].lines }
        nameParticipants()
        let folded = all.contains { $0.hops.count > 1 }
        if folds, let first = diagram.participants.first {
            let left = all.count - shown.count
            var words = folded ? ["Repeated deliveries are folded into one, marked ×N."] : []
            if left > 0 { words.append("Too large to draw: \(left) deliveries are not shown.") }
            if !words.isEmpty {
                diagram.lines.insert(.note(over: first.id, text: words.joined(separator: " ")), at: 0)
            }
        }
    }

    private static let unknown = "\u{0}"

    private mutating func id(_ service: String) -> String {
        let isNew = !participants.contains(service)
        if isNew { participants.append(service) }
        return service == Self.unknown ? slugs.id("u", "sender") : slugs.id("s", service)
    }

    /// In the order in which they first speak or are spoken to.
    private mutating func nameParticipants() {
        for line in diagram.lines {
            switch line {
            case .arrow(_, let from, let to, _): use([from, to])
            case .note(let id, _): use([id])
            case .activate, .deactivate: break
            }
        }
        if diagram.participants.isEmpty {
            for service in flow.services.prefix(50) { use([id(service)]) }
        }
    }

    private mutating func use(_ ids: [String]) {
        for wanted in ids where !diagram.participants.contains(where: { $0.id == wanted }) {
            guard let service = participants.first(where: { id($0) == wanted }) else { continue }
            let name = service == Self.unknown ? "sender unknown" : MermaidText.shortened(service, to: 36)
            diagram.participants.append(SequenceDiagram.Participant(id: wanted, name: name))
        }
    }

    private func sender(of hop: Hop) -> String {
        guard let publication = flow.publication(hop.id.publication) else { return Self.unknown }
        if let service = publication.services.first { return service }
        guard case .routed = publication.id.reason else { return Self.unknown }
        let origin = flow.publications.first { $0.id.message == hop.message && !$0.services.isEmpty }
        return origin?.services.first ?? Self.unknown
    }

    private func deliveries(folds: Bool) -> [Delivery] {
        struct Key: Hashable {
            var from: String
            var to: String
            var title: String
            var destination: String
            var isReplay: Bool
            var failed: Bool
        }
        var places: [Key: Int] = [:]
        var result: [Delivery] = []
        for hop in flow.hops {
            let from = sender(of: hop)
            let key = Key(
                from: from, to: hop.consumer.service, title: flow.message(hop.message)?.title ?? "",
                destination: hop.destination, isReplay: hop.isReplay, failed: hop.failed)
            if folds, let place = places[key] {
                result[place].hops.append(hop)
            } else {
                places[key] = result.count
                result.append(Delivery(from: from, hops: [hop]))
            }
        }
        return result
    }

    private mutating func addDeliveries(_ deliveries: [Delivery]) {
        var arrows: [Message.ID: [(service: String, event: Int)]] = [:]
        var handled: Set<Operation.ID> = []
        var ends: [Message.ID: [(service: String, event: Int)]] = [:]
        for delivery in deliveries {
            guard let hop = delivery.hops.first, let first = hop.attempts.first else { continue }
            let (from, to) = (id(delivery.from), id(hop.consumer.service))
            let causes = (flow.message(hop.message)?.causes ?? [])
                .flatMap { arrows[$0] ?? [] }.filter { $0.service == delivery.from }.map(\.event)
            // Whoever sends a message is shown at work until it has.
            let working = (flow.message(hop.message)?.causes ?? [])
                .flatMap { ends[$0] ?? [] }.filter { $0.service == delivery.from }.map(\.event)
            for end in working { events[end].causes.append(events.count) }
            let time = first.start.nanosecondsSinceEpoch
            var lines: [SequenceDiagram.Line] = [
                .arrow(hop.isReplay ? .replay : .message, from: from, to: to, text: text(delivery))
            ]
            let isNew = handled.insert(first.operation).inserted
            if isNew { lines.append(.activate(to)) }
            events.append(Event(time: time, lines: lines, causes: causes))
            var previous = events.count - 1
            for member in delivery.hops { arrows[member.message, default: []].append((hop.consumer.service, previous)) }
            guard isNew else { continue }
            for (place, attempt) in hop.attempts.enumerated() {
                guard let words = remark(hop, attempt, isLast: place == hop.attempts.count - 1) else { continue }
                let end = (attempt.end ?? Timestamp(nanosecondsSinceEpoch: .max)).nanosecondsSinceEpoch
                events.append(Event(time: end, lines: [.note(over: to, text: words)], causes: [previous]))
                previous = events.count - 1
            }
            let end = hop.end?.nanosecondsSinceEpoch ?? .max
            events.append(Event(time: end, lines: [.deactivate(to)], causes: [previous]))
            for member in delivery.hops {
                ends[member.message, default: []].append((hop.consumer.service, events.count - 1))
            }
        }
    }

    /// Such as `OrderPlaced · orders · waited 4 ms`.
    private func text(_ delivery: Delivery) -> String {
        let hop = delivery.hops[0]
        let title = MermaidText.shortened(flow.message(hop.message)?.title ?? "message", to: 40)
        let count = delivery.hops.count > 1 ? " ×\(delivery.hops.count)" : ""
        var parts = [title + count]
        if !hop.destination.isEmpty { parts.append(MermaidText.shortened(hop.destination, to: 36)) }
        if hop.batchSize > 1 { parts.append("batch of \(hop.batchSize)") }
        if let waited = delivery.hops.compactMap(\.queueTime).max() {
            let word = hop.isReplay ? "replayed after" : delivery.hops.count > 1 ? "waited up to" : "waited"
            parts.append("\(word) \(DurationText.short(waited))")
        } else if hop.isReplay {
            parts.append("replayed")
        }
        if hop.isReplay, !hop.isUnfinished { parts[parts.count - 1] += hop.failed ? " ✗" : " ✓" }
        return parts.joined(separator: " · ")
    }

    private func remark(_ hop: Hop, _ attempt: Attempt, isLast: Bool) -> String? {
        let tried = hop.attempts.count > 1 || attempt.number > 1
        let prefix = tried ? "attempt \(attempt.number) " : ""
        if attempt.end == nil { return "\(prefix)never ended" }
        if isLast, hop.isDeadLetter {
            let there = flow.publications.first {
                $0.id.message == hop.message && $0.id.reason == .deadLettered
                    && $0.services.contains(hop.consumer.service)
            }
            let place = there.map { " → \(MermaidText.shortened($0.id.destination, to: 36))" } ?? ""
            return "\(prefix)✗ dead letter\(place)"
        }
        if let error = attempt.error { return "\(prefix)✗ \(MermaidText.shortened(TypeName.short(error), to: 40))" }
        return tried ? "\(prefix)✓" : nil
    }

    /// Requests from service to service, without a broker between them.
    private mutating func addCalls() {
        for edge in flow.topology.edges where edge.kind == .calls {
            for call in edge.calls {
                guard let operation = flow.operation(call), let parent = operation.parentID.flatMap(flow.operation)
                else { continue }
                let name = MermaidText.shortened(operation.record.name, to: 40)
                events.append(
                    Event(
                        time: operation.record.start.nanosecondsSinceEpoch,
                        lines: [
                            .arrow(
                                .call, from: id(parent.service), to: id(operation.service),
                                text: operation.failed ? "\(name) ✗" : name)
                        ], causes: []))
            }
        }
    }

    /// Messages that nobody handled.
    private mutating func addUnread(limit: Int) {
        let delivered = Set(flow.hops.map(\.message))
        let unread = flow.publications.filter { !delivered.contains($0.id.message) && !$0.services.isEmpty }
        for publication in unread.prefix(limit) {
            let title = MermaidText.shortened(flow.message(publication.id.message)?.title ?? "message", to: 40)
            let place = MermaidText.shortened(publication.id.destination, to: 36)
            let failed = publication.senders.allSatisfy { flow.operation($0)?.failed ?? false }
            let outcome = failed ? "✗ sending failed" : "nobody handled it"
            events.append(
                Event(
                    time: publication.sent?.nanosecondsSinceEpoch ?? 0,
                    lines: [
                        .note(over: id(publication.services[0]), text: "\(title) · \(place) · \(outcome)")
                    ], causes: []))
        }
    }
}
