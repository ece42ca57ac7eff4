import ThroughlineFlow
import ThroughlineModel

/// Draws who talks to whom: every service and every destination once, left to right in causal order.
struct FlowchartView {
    private(set) var chart: Flowchart
    private let flow: Flow
    private let critical: CriticalShares
    /// Where nobody records settlements, nothing follows from their absence.
    private let tellsSettlements: Bool
    private var slugs = SlugAllocator()

    /// The chart as it is drawn: inside Mermaid's limits.
    static func chart(
        of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()
    ) -> (chart: Flowchart, folding: String?) {
        let whole = FlowchartView(flow, title: title, isUnfolded: options.unfolding == .everything).chart
        switch options.unfolding {
        case .nothing: return FlowchartFolder.fitted(whole, to: .readable)
        case .named(let names): return FlowchartFolder.fitted(whole, to: .readable, keeping: names)
        case .everything: return FlowchartFolder.fitted(whole)
        }
    }

    /// More types than that between the same two participants are one edge.
    private static let maximumTypes = 3
    private static let maximumName = 36
    /// Mermaid breaks what is longer than ``DeliveryText/maximumLength`` into two lines; where there is that much to say.
    private static let maximumLabel = 60
    /// A smaller part of the critical path is not worth a word.
    private static let leastShare = 0.05

    private init(_ flow: Flow, title: String?, isUnfolded: Bool) {
        self.flow = flow
        critical = CriticalShares(flow)
        tellsSettlements = flow.hops.contains { $0.settlement != nil }
        chart = Flowchart(title: flow.headline(title: title))
        let topology = flow.topology
        let deadLetters = Set(topology.edges.filter { $0.kind == .deadLetters }.map(\.to))
        let places = topology.nodes.filter(Self.isPlace)
        for node in topology.nodes.filter({ !Self.isPlace($0) }) + places {
            chart.nodes.append(drawn(node, holdsDeadLetters: deadLetters.contains(node)))
        }
        let bundles = isUnfolded ? topology.edges.map { [$0] } : Self.bundles(topology.edges)
        for edges in bundles { chart.edges.append(drawn(edges)) }
        addMissingDeliveries()
        addNotes()
        if chart.nodes.isEmpty { chart.nodes = [Self.nothing(flow)] }
    }

    /// What stands in a picture that would be empty.
    static func nothing(_ flow: Flow) -> Flowchart.Node {
        let text = flow.operations.isEmpty ? "nothing recorded" : "no messages recorded"
        return Flowchart.Node(id: "n_empty", text: text, shape: .rounded, styles: [.inferred])
    }

    private static func isPlace(_ node: Topology.Node) -> Bool {
        if case .destination = node { true } else { false }
    }

    private mutating func id(_ node: Topology.Node) -> String {
        switch node {
        case .service(let name): slugs.id("s", name)
        case .destination(let name): slugs.id("t", name)
        case .group(let name, let service): slugs.id("g", name, key: "\(name)\u{0}\(service)")
        case .unknownSender(let destination): slugs.id("u", destination)
        }
    }

    private mutating func drawn(_ node: Topology.Node, holdsDeadLetters: Bool) -> Flowchart.Node {
        let id = id(node)
        switch node {
        case .service(let name):
            let share = critical.workingShare(of: name).flatMap { $0 >= Self.leastShare ? $0 : nil }
            return Flowchart.Node(
                id: id, text: MermaidText.shortened(name, to: Self.maximumName),
                detail: share.map { "\(FlowNotes.percent($0)) of critical path" }, shape: .stadium)
        case .destination(let name):
            let text = name.isEmpty ? "destination unknown" : MermaidText.shortened(name, to: Self.maximumName)
            return Flowchart.Node(
                id: id, text: holdsDeadLetters ? "\(text) ✗" : text, shape: .subroutine,
                styles: holdsDeadLetters ? [.destination, .failed] : [.destination])
        case .group(let name, _):
            return Flowchart.Node(
                id: id, text: MermaidText.shortened(name, to: Self.maximumName), detail: "group", shape: .hexagon)
        case .unknownSender(let destination):
            let reasons = flow.publications.filter { $0.id.destination == destination }.compactMap(\.missingSender)
            return Flowchart.Node(
                id: id, text: "sender unknown", detail: reasons.map(\.rawValue).uniqued().joined(separator: ", "),
                shape: .stadium, styles: [.inferred])
        }
    }

    /// Consumers that are known to listen and of which nothing says that they handled a message.
    private mutating func addMissingDeliveries() {
        struct Delivery: Hashable {
            var destination: String
            var consumer: Consumer
            var reason: Gap.Reason
        }
        var counts: [Delivery: Int] = [:]
        var order: [Delivery] = []
        for gap in flow.gaps {
            guard case .delivery(let publication, let consumer) = gap.missing else { continue }
            let delivery = Delivery(destination: publication.destination, consumer: consumer, reason: gap.reason)
            if counts[delivery] == nil { order.append(delivery) }
            counts[delivery, default: 0] += 1
        }
        for delivery in order {
            let service = id(.service(delivery.consumer.service))
            if !chart.nodes.contains(where: { $0.id == service }) {
                chart.nodes.append(
                    Flowchart.Node(
                        id: service, text: MermaidText.shortened(delivery.consumer.service, to: Self.maximumName),
                        shape: .stadium, styles: [.inferred]))
            }
            let count = counts[delivery, default: 1]
            chart.edges.append(
                Flowchart.Edge(
                    from: id(.destination(delivery.destination)), to: service,
                    text: (count > 1 ? "×\(FoldingText.grouped(count)) " : "") + delivery.reason.ofDelivery,
                    stroke: .dottedLine, count: count))
        }
    }

    /// What no node and no edge says: clocks that differ, what contradicts itself, what is missing and why.
    private mutating func addNotes() {
        for (number, note) in FlowNotes(flow, drawsGhosts: true).all.filter({ Self.noted.contains($0.kind) })
            .enumerated()
        {
            chart.nodes.append(
                Flowchart.Node(
                    id: slugs.id("n", "note \(number + 1)"), text: note.text, shape: .flag, styles: [.inferred]))
        }
    }

    private static let noted: Set<FlowNotes.Kind> = [.gap, .clock, .contradiction]

    /// Emissions of many types between the same two participants are drawn as one edge.
    private static func bundles(_ edges: [Topology.Edge]) -> [[Topology.Edge]] {
        struct Key: Hashable {
            var from: Topology.Node
            var to: Topology.Node
            var kind: Topology.Edge.Kind
        }
        let alike = Dictionary(grouping: edges) { Key(from: $0.from, to: $0.to, kind: $0.kind) }
        var done: Set<Key> = []
        var bundles: [[Topology.Edge]] = []
        for edge in edges {
            let key = Key(from: edge.from, to: edge.to, kind: edge.kind)
            if let all = alike[key], all.count > maximumTypes {
                if done.insert(key).inserted { bundles.append(all) }
            } else {
                bundles.append([edge])
            }
        }
        return bundles
    }

    private mutating func drawn(_ edges: [Topology.Edge]) -> Flowchart.Edge {
        let edge = edges[0]
        let isCritical = edges.contains(where: \.isCritical)
        let stroke: Flowchart.Stroke =
            switch edge.kind {
            case .deadLetters: .cross
            case .replays, .redelivers: .dotted
            case .pulls: .dottedLine
            case .emits, .routes, .delivers, .serves, .calls: isCritical ? .thick : .normal
            }
        let text = edges.count > 1 ? many(edges) : text(edge)
        return Flowchart.Edge(
            from: id(edge.from), to: id(edge.to),
            text: text.map { MermaidText.shortened($0, to: Self.maximumLabel) }, stroke: stroke,
            count: edges.reduce(0) { $0 + max(1, $1.hops.count, $1.hops.isEmpty ? $1.publications.count : 0) })
    }

    private func many(_ edges: [Topology.Edge]) -> String {
        let count = edges.reduce(0) { $0 + $1.publications.count }
        let word = edges[0].kind == .deadLetters ? "dead letters of" : edges[0].kind == .replays ? "replays" : "emits"
        return "\(word) \(edges.count) types" + (count > edges.count ? " ×\(FoldingText.grouped(count))" : "")
    }

    private func text(_ edge: Topology.Edge) -> String? {
        let hops = edge.hops.compactMap(flow.hop)
        switch edge.kind {
        case .emits: return emission(edge)
        case .deadLetters: return deadLetter(edge)
        case .replays: return counted("replays \(edge.type ?? "message")", edge.publications.count)
        case .routes: return counted("routes", edge.publications.count)
        case .delivers: return delivery(hops, isCritical: edge.isCritical)
        case .redelivers: return DeliveryText.redelivers(hops, DeliveryHistory(flow))
        case .serves: return nil
        case .calls:
            let names = edge.calls.compactMap { flow.operation($0)?.record.name }.uniqued()
            return counted("calls \(names.count == 1 ? names[0] : "\(names.count) operations")", edge.calls.count)
        case .pulls:
            let outcomes = edge.calls.compactMap { flow.operation($0)?.emptiness }.uniqued()
            return counted(outcomes == ["pulled nothing"] ? outcomes[0] : "pulled", edge.calls.count)
        }
    }

    /// With its share of the critical path, where that is worth a word, and what may happen once more.
    private func delivery(_ hops: [Hop], isCritical: Bool) -> String {
        var text = DeliveryText.delivers(hops)
        if isCritical, !hops.contains(where: \.isWaitUnknown), let share = critical.waitingShare(of: hops),
            share >= Self.leastShare
        {
            let part = " · \(FlowNotes.percent(share))"
            let short = text.replacing("delivers · waited", with: "waited").replacing("delivers ×", with: "×")
                .replacing("delivers · batch", with: "batch").replacing("delivers · dead letter", with: "dead letter")
            text = (text.count + part.count < DeliveryText.maximumLength ? text : short) + part
        }
        let duplicates = hops.reduce(0) { $0 + $1.duplicates.count }
        if duplicates > 0 { text += duplicates == 1 ? " · duplicate" : " · \(duplicates) duplicates" }
        let unsettled = tellsSettlements ? hops.count(where: \.isUnsettled) : 0
        if unsettled > 0 { text += unsettled == hops.count ? " · never settled" : " · \(unsettled) never settled" }
        return text
    }

    private func counted(_ text: String, _ count: Int) -> String {
        guard count > 1 else { return MermaidText.shortened(text, to: DeliveryText.maximumLength) }
        let suffix = " ×\(FoldingText.grouped(count))"
        return MermaidText.shortened(text, to: DeliveryText.maximumLength - suffix.count) + suffix
    }

    private func emission(_ edge: Topology.Edge) -> String {
        let intent = edge.publications.first.flatMap { flow.message($0.message)?.intent }
        let verb =
            switch intent {
            case .command: "sends"
            case .reply: "replies"
            case .event, nil: "emits"
            }
        let failed = edge.publications.contains { id in
            guard let senders = flow.publication(id)?.senders, !senders.isEmpty else { return false }
            return senders.allSatisfy { flow.operation($0)?.failed ?? false }
        }
        let sign = failed ? " ✗" : ""
        let count = edge.publications.count
        let dwell = DurationText.spread(
            edge.publications.compactMap { flow.publication($0)?.dwellTime }.max().map { [$0] } ?? [])
        let isDue = edge.publications.contains { flow.publication($0)?.due != nil }
        let wait = dwell.map { " · \(isDue ? "due in" : "outbox") \($0)" } ?? ""
        let suffix = FoldingText.times(count) + sign
        // The verb may stand on a line of its own.
        let room = DeliveryText.maximumLength - 2 - suffix.count
        return "\(verb) \(MermaidText.shortened(edge.type ?? "message", to: room))\(suffix)\(wait)"
    }

    /// The error of the handling that gave the message up.
    private func deadLetter(_ edge: Topology.Edge) -> String {
        let messages = Set(edge.publications.map(\.message))
        let publications = edge.publications.compactMap(flow.publication)
        let services = Set(publications.flatMap(\.services) + publications.compactMap(flow.whoGaveUp))
        let errors = flow.hops
            .filter { messages.contains($0.message) && services.contains($0.consumer.service) && !$0.isReplay }
            .compactMap { $0.attempts.last?.error.map(TypeName.short) }.uniqued()
        return counted(errors.count == 1 ? errors[0] : "dead letter", edge.publications.count)
    }
}
