import ThroughlineFlow
import ThroughlineModel

extension CausationView {
    /// What became of a message where that is worth a node: given up, failed, never ended, replayed.
    mutating func addOutcomes(_ place: Int) {
        let members = groups[place].flatMap { hops[$0.id] ?? [] }
        let title = MermaidText.shortened(name(of: groups[place]), to: 30)
        let bad = Dictionary(grouping: Self.ends(of: members).filter { $0.failed || $0.isUnfinished }) {
            "\($0.consumer.service)\u{0}\(ending($0))"
        }
        var from = id(place)
        for key in bad.keys.sorted() {
            guard let alike = bad[key], let hop = alike.first else { continue }
            let outcome = outcomeID(place, key)
            let count = FoldingText.times(alike.count)
            let service = MermaidText.shortened(hop.consumer.service, to: 24)
            let sign = hop.failed ? "✗" : "…"
            chart.nodes.append(
                Flowchart.Node(
                    id: outcome, text: "\(title) \(sign)\(count)", detail: "\(service) · \(ending(hop))",
                    shape: .rounded, styles: hop.failed ? [.failed] : [.inferred]))
            chart.edges.append(Flowchart.Edge(from: id(place), to: outcome, text: nil, stroke: .normal))
            if hop.isDeadLetter { from = outcome }
        }
        addMissingDeliveries(place, title)
        let replays = members.filter(\.isReplay)
        guard let replay = replays.first else { return }
        let sign = replays.contains(where: \.failed) ? "✗" : replays.contains(where: \.isUnfinished) ? "…" : "✓"
        let count = FoldingText.times(replays.count)
        let time = replay.start.flatMap { timeText([$0]) }.map { " · \($0)" } ?? ""
        chart.nodes.append(
            Flowchart.Node(
                id: outcomeID(place, "replay"), text: "\(title) ↻\(count)", detail: "replayed\(time) \(sign)",
                shape: .rounded, styles: replays.contains(where: \.failed) ? [.failed] : []))
        chart.edges.append(
            Flowchart.Edge(from: from, to: outcomeID(place, "replay"), text: nil, stroke: .dotted))
    }

    private mutating func addMissingDeliveries(_ place: Int, _ title: String) {
        let missing = groups[place].flatMap { publications[$0.id] ?? [] }.flatMap { gaps.deliveries[$0.id] ?? [] }
            .map { "\(MermaidText.shortened($0.consumer.service, to: 24)) · \($0.reason.ofDelivery)" }
        for words in missing.uniqued() {
            let count = missing.count { $0 == words }
            let node = Flowchart.Node(
                id: outcomeID(place, words), text: "\(title) ?" + FoldingText.times(count), detail: words,
                shape: .rounded, styles: [.inferred])
            chart.nodes.append(node)
            chart.edges.append(Flowchart.Edge(from: id(place), to: node.id, text: nil, stroke: .dottedLine))
        }
    }

    /// For each message and consumer the delivery that ended the story: with retry topics there are several.
    private static func ends(of hops: [Hop]) -> [Hop] {
        struct Story: Hashable {
            var message: Message.ID
            var consumer: Consumer
        }
        var ends: [Story: Hop] = [:]
        var order: [Story] = []
        for hop in hops where !hop.isReplay {
            let story = Story(message: hop.message, consumer: hop.consumer)
            guard let known = ends[story] else {
                order.append(story)
                ends[story] = hop
                continue
            }
            if DeliveryText.attemptCount(hop) >= DeliveryText.attemptCount(known) { ends[story] = hop }
        }
        return order.compactMap { ends[$0] }
    }

    private func ending(_ hop: Hop) -> String {
        let attempts = DeliveryText.attemptCount(hop)
        let tries = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
        if hop.isDeadLetter { return "dead letter after \(tries)" }
        if hop.failed {
            let error = hop.attempts.last?.error.map { ": \(MermaidText.shortened(TypeName.short($0), to: 28))" } ?? ""
            return attempts == 1 ? "failed\(error)" : "failed after \(tries)\(error)"
        }
        return "never ended"
    }
}
