import ThroughlineFlow
import ThroughlineModel

/// Draws message by message which caused which. A message that several messages caused has several arrows in.
struct CausationView {
    private(set) var chart: Flowchart
    private let flow: Flow
    private var slugs = SlugAllocator()
    private var groupOf: [Message.ID: Int] = [:]
    private var groups: [[Message]] = []
    private let publications: [Message.ID: [Publication]]
    private let hops: [Message.ID: [Hop]]
    private var drawnEdges: Set<String> = []

    /// Siblings of one kind from that many on are one node, as long as the chart fits anyway.
    private static let usualFold = 6

    /// The chart as it is drawn: inside Mermaid's limits.
    static func chart(of flow: Flow, title: String? = nil) -> Flowchart {
        let usual = CausationView(flow, title: title, foldFrom: usualFold).chart
        if FlowchartFolder.fits(usual) { return usual }
        return FlowchartFolder.fitted(CausationView(flow, title: title, foldFrom: 2).chart)
    }

    private init(_ flow: Flow, title: String?, foldFrom: Int) {
        self.flow = flow
        chart = Flowchart(title: flow.headline(title: title), direction: .topToBottom)
        publications = Dictionary(grouping: flow.publications, by: \.id.message)
        hops = Dictionary(grouping: flow.hops, by: \.message)
        fold(from: foldFrom)
        for place in groups.indices { chart.nodes.append(node(place)) }
        addCauses()
        for place in groups.indices { addOutcomes(place) }
    }

    private struct Kind: Hashable {
        var causes: [Int]
        var title: String
        var intent: MessageIntent?
        var services: [String]
        var destinations: [String]
        var outcome: String
    }

    /// Siblings: the same causes, type, sender and outcome. Causes come before effects in `flow.messages`, so that the
    /// effects of folded messages meet again.
    private mutating func fold(from minimum: Int) {
        var kinds: [Kind: [Message]] = [:]
        for message in flow.messages { kinds[kind(message, groupOf), default: []].append(message) }
        // Two passes, because the kinds of effects are only final when their causes are grouped.
        var placeOfKind: [Kind: Int] = [:]
        for message in flow.messages {
            let kind = kind(message, groupOf)
            let rough = kinds[self.kind(message, [:])]?.count ?? 1
            if rough >= minimum, let place = placeOfKind[kind] {
                groups[place].append(message)
                groupOf[message.id] = place
            } else {
                placeOfKind[kind] = groups.count
                groupOf[message.id] = groups.count
                groups.append([message])
            }
        }
    }

    private func kind(_ message: Message, _ groupOf: [Message.ID: Int]) -> Kind {
        let publications = publications[message.id] ?? []
        let outcome = (hops[message.id] ?? []).filter { $0.failed || $0.isReplay || $0.isUnfinished }
            .map { "\($0.consumer.service) \($0.failed) \($0.isReplay)" }.joined(separator: ",")
        return Kind(
            causes: message.causes.compactMap { groupOf[$0] }, title: message.title, intent: message.intent,
            services: publications.flatMap(\.services).uniqued(), destinations: publications.map(\.id.destination),
            outcome: outcome)
    }

    private mutating func id(_ place: Int) -> String {
        slugs.id("m", groups[place][0].title, key: "\(place)")
    }

    private mutating func node(_ place: Int) -> Flowchart.Node {
        let members = groups[place]
        let message = members[0]
        let count = members.count > 1 ? " ×\(members.count)" : ""
        let title = MermaidText.shortened(message.title, to: 36)
        guard message.isRecorded else {
            return Flowchart.Node(
                id: id(place), text: "unknown message\(count)",
                detail: "\(MermaidText.shortened("\(message.id)", to: 24)) · named as a cause, never recorded",
                shape: .rounded, styles: [.inferred])
        }
        let publication = publications[message.id]?.first
        let missing = publication?.missingSender
        let sender =
            missing.map { "sender unknown: \($0.rawValue)" }
            ?? MermaidText.shortened(publication?.services.first ?? "sender unknown", to: 28)
        let time = publication?.began.map { " · \(timeText($0, isRoot: place == 0))" } ?? ""
        return Flowchart.Node(
            id: id(place), text: title + count, detail: sender + time,
            shape: message.intent == .command ? .parallelogram : .rounded, styles: missing == nil ? [] : [.inferred])
    }

    private func timeText(_ time: Timestamp, isRoot: Bool) -> String {
        guard !isRoot, let start = flow.start else { return time.timeOfDay }
        return "+\(DurationText.short(start.nanoseconds(until: time)))"
    }

    private mutating func addCauses() {
        let critical = zip(flow.criticalPath, flow.criticalPath.dropFirst()).map {
            Pair(cause: $0.publication.message, effect: $1.publication.message)
        }
        let criticalPairs = Set(critical)
        var best: [GroupPair: (isCritical: Bool, wait: UInt64, isReplay: Bool)] = [:]
        var order: [GroupPair] = []
        for message in flow.messages {
            guard let effect = groupOf[message.id] else { continue }
            for cause in message.causes {
                guard let origin = groupOf[cause] else { continue }
                let pair = GroupPair(cause: origin, effect: effect)
                let isReplay = comesFromReplay(message.id) && hops[cause]?.contains(where: \.isReplay) == true
                let old = best[pair]
                if old == nil { order.append(pair) }
                best[pair] = (
                    (old?.isCritical ?? false) || criticalPairs.contains(Pair(cause: cause, effect: message.id)),
                    max(old?.wait ?? 0, wait(of: cause, before: message.id)), (old?.isReplay ?? true) && isReplay
                )
            }
        }
        let labelled = Dictionary(grouping: order, by: \.cause).compactMapValues { pairs in
            pairs.first { best[$0]?.isCritical == true } ?? pairs.first
        }
        for pair in order {
            guard let (isCritical, wait, isReplay) = best[pair] else { continue }
            let isLong = labelled[pair.cause] == pair && wait >= 1_000_000 && wait >= flow.latency / 10
            let from = isReplay ? outcomeID(pair.cause, "replay") : id(pair.cause)
            chart.edges.append(
                Flowchart.Edge(
                    from: from, to: id(pair.effect), text: isLong ? "waited \(DurationText.short(wait))" : nil,
                    stroke: isCritical ? .thick : .normal))
        }
        for edge in flow.edges where edge.relation == .correlates {
            guard case .message(let first) = edge.from, case .message(let second) = edge.to,
                let from = groupOf[first], let to = groupOf[second], from != to
            else { continue }
            let drawn = Flowchart.Edge(from: id(from), to: id(to), text: "same correlation id", stroke: .dottedLine)
            if !chart.edges.contains(drawn) { chart.edges.append(drawn) }
        }
    }

    private struct Pair: Hashable {
        var cause: Message.ID
        var effect: Message.ID
    }

    private struct GroupPair: Hashable {
        var cause: Int
        var effect: Int
    }

    private func comesFromReplay(_ message: Message.ID) -> Bool {
        let senders = publications[message]?.flatMap(\.senders) ?? []
        return !senders.isEmpty && senders.allSatisfy(flow.isReplayed)
    }

    /// How long the cause waited for the service that then sent the effect.
    private func wait(of cause: Message.ID, before effect: Message.ID) -> UInt64 {
        let services = Set(publications[effect]?.flatMap(\.services) ?? [])
        let waits = hops[cause]?.filter { services.contains($0.consumer.service) && !$0.isReplay }
        return waits?.compactMap(\.queueTime).max() ?? 0
    }

    private mutating func outcomeID(_ place: Int, _ outcome: String) -> String {
        slugs.id("o", groups[place][0].title, key: "\(place) \(outcome)")
    }

    /// What became of a message where that is worth a node: given up, failed, never ended, replayed.
    private mutating func addOutcomes(_ place: Int) {
        let members = groups[place].flatMap { hops[$0.id] ?? [] }
        let title = MermaidText.shortened(groups[place][0].title, to: 30)
        let bad = Dictionary(grouping: members.filter { !$0.isReplay && ($0.failed || $0.isUnfinished) }) {
            "\($0.consumer.service)\u{0}\(ending($0))"
        }
        var from = id(place)
        for key in bad.keys.sorted() {
            guard let alike = bad[key], let hop = alike.first else { continue }
            let outcome = outcomeID(place, key)
            let count = alike.count > 1 ? " ×\(alike.count)" : ""
            let service = MermaidText.shortened(hop.consumer.service, to: 24)
            let sign = hop.failed ? "✗" : "…"
            chart.nodes.append(
                Flowchart.Node(
                    id: outcome, text: "\(title) \(sign)\(count)", detail: "\(service) · \(ending(hop))",
                    shape: .rounded, styles: hop.failed ? [.failed] : [.inferred]))
            chart.edges.append(Flowchart.Edge(from: id(place), to: outcome, text: nil, stroke: .normal))
            if hop.isDeadLetter { from = outcome }
        }
        let replays = members.filter(\.isReplay)
        guard let replay = replays.first else { return }
        let sign = replays.contains(where: \.failed) ? "✗" : replays.contains(where: \.isUnfinished) ? "…" : "✓"
        let count = replays.count > 1 ? " ×\(replays.count)" : ""
        let time = replay.start.map { " · \(timeText($0, isRoot: false))" } ?? ""
        chart.nodes.append(
            Flowchart.Node(
                id: outcomeID(place, "replay"), text: "\(title) ↻\(count)", detail: "replayed\(time) \(sign)",
                shape: .rounded, styles: replays.contains(where: \.failed) ? [.failed] : []))
        chart.edges.append(
            Flowchart.Edge(from: from, to: outcomeID(place, "replay"), text: nil, stroke: .dotted))
    }

    private func ending(_ hop: Hop) -> String {
        let attempts = DeliveryText.attemptCount(hop)
        let tries = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
        if hop.isDeadLetter { return "dead letter after \(tries)" }
        if hop.failed { return "failed after \(tries)" }
        return "never ended"
    }
}
