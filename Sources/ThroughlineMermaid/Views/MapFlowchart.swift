import ThroughlineFlow
import ThroughlineModel

/// Draws a map: all of it from left to right, or one destination between its producers and its consumers.
struct MapFlowchart {
    private var chart = Flowchart()
    private var slugs = SlugAllocator()
    private let map: ServiceMap
    private let deliveries: [MapDelivery]
    /// Where messages are set aside that somebody could not handle.
    private let deadLetters: Set<String>

    private static let maximumName = 36
    private static let maximumTypes = 3

    /// The chart as it is drawn: inside Mermaid's limits.
    static func chart(of map: ServiceMap, destination: String?) -> Flowchart {
        FlowchartFolder.fitted(MapFlowchart(map, destination: destination).chart).chart
    }

    private init(_ map: ServiceMap, destination: String?) {
        self.map = map
        deliveries = MapDelivery.all(map.deliveries)
        deadLetters = Set(
            map.emissions.filter(\.isDeadLetter).map(\.destination) + map.routes.filter(\.isDeadLetter).map(\.to))
        if let destination {
            drawOne(destination)
        } else {
            drawAll()
        }
        if chart.nodes.isEmpty {
            let text =
                destination.map { "no messages on \(MermaidText.shortened($0, to: 60))" } ?? "nothing recorded yet"
            chart.nodes = [Flowchart.Node(id: "n_empty", text: text, shape: .rounded, styles: [.inferred])]
        }
    }

    private mutating func drawAll() {
        for service in inOrder(map.services) { chart.nodes.append(serviceNode(slugs.id("s", service), service)) }
        for destination in map.destinations {
            chart.nodes.append(destinationNode(destination, detail: count(destination)))
        }
        let groupsOfService = Dictionary(grouping: deliveries.map(\.delivery.consumer), by: \.service)
            .mapValues { Set($0.compactMap(\.group)) }
        addEmissions(map.emissions)
        for delivery in deliveries {
            let consumer = delivery.delivery.consumer
            let (from, service) = (slugs.id("t", delivery.delivery.destination), slugs.id("s", consumer.service))
            guard let group = consumer.group,
                group != consumer.service || groupsOfService[consumer.service, default: []].count > 1
            else {
                chart.edges.append(edge(delivery, from: from, to: service))
                continue
            }
            let id = slugs.id("g", group, key: "\(group)\u{0}\(consumer.service)")
            if !chart.nodes.contains(where: { $0.id == id }) {
                chart.nodes.append(
                    Flowchart.Node(
                        id: id, text: MermaidText.shortened(group, to: Self.maximumName), detail: "group",
                        shape: .hexagon))
                chart.edges.append(Flowchart.Edge(from: id, to: service, text: nil, stroke: .normal))
            }
            chart.edges.append(edge(delivery, from: from, to: id))
        }
        addRoutes()
        for call in map.calls {
            chart.edges.append(
                Flowchart.Edge(
                    from: slugs.id("s", call.caller), to: slugs.id("s", call.called), text: MapText.call(call),
                    stroke: .normal)
            )
        }
    }

    /// From those that hear nothing to those that hear from them, and so on, because Mermaid draws what comes first on
    /// the left.
    private func inOrder(_ services: [String]) -> [String] {
        var hears: [String: Set<String>] = [:]
        for delivery in map.deliveries { hears[delivery.destination, default: []].insert(delivery.consumer.service) }
        for route in map.routes where !route.isDeadLetter {
            hears[route.from, default: []].formUnion(hears[route.to] ?? [])
        }
        var next: [String: [String]] = [:]
        for emission in map.emissions where !emission.isDeadLetter && !emission.isReplay {
            next[emission.service, default: []] += (hears[emission.destination] ?? []).sorted()
        }
        for call in map.calls { next[call.caller, default: []].append(call.called) }
        let heard = Set(hears.values.joined()).union(map.calls.map(\.called))
        var order: [String] = []
        var known: Set<String> = []
        for root in services.filter({ !heard.contains($0) }) + services where known.insert(root).inserted {
            var place = order.count
            order.append(root)
            while place < order.count {
                order += (next[order[place]] ?? []).filter { known.insert($0).inserted }
                place += 1
            }
        }
        return order
    }

    private mutating func drawOne(_ name: String) {
        guard let destination = map.destinations.first(where: { $0.name == name }) else { return }
        let isAside = { [map] (emission: ServiceMap.Emission) in
            emission.isDeadLetter && emission.destination != name
                && !map.routes.contains { $0.from == emission.destination }
        }
        let (aside, usual) = (map.emissions.filter(isAside), map.emissions.filter { !isAside($0) })
        let producers = usual.map(\.service).uniqued()
        if !producers.isEmpty { chart.groups.append(Flowchart.Group(id: "producers", title: "Producers")) }
        chart.groups.append(Flowchart.Group(id: "broker", title: destination.system ?? "Broker"))
        if !map.deliveries.isEmpty { chart.groups.append(Flowchart.Group(id: "consumers", title: "Consumers")) }
        for service in producers {
            var node = serviceNode(slugs.id("s", service), service)
            node.group = "producers"
            chart.nodes.append(node)
        }
        for destination in map.destinations {
            let types = map.emissions.filter { $0.destination == destination.name }.compactMap(\.type).uniqued()
            let kinds = types.count == 1 ? MermaidText.shortened(types[0], to: 24) : "\(types.count) types"
            let detail = ([types.isEmpty ? nil : kinds, count(destination)] as [String?]).compactMap(\.self)
            var node = destinationNode(destination, detail: detail.joined(separator: " · "))
            // Behind the consumers, as what becomes of it.
            node.group = aside.contains { $0.destination == destination.name } ? nil : "broker"
            chart.nodes.append(node)
        }
        addEmissions(usual)
        for delivery in deliveries {
            let consumer = delivery.delivery.consumer
            let group = consumer.group ?? consumer.service
            let id = slugs.id("g", group, key: "\(group)\u{0}\(consumer.service)")
            if !chart.nodes.contains(where: { $0.id == id }) {
                var node = serviceNode(id, group)
                node.group = "consumers"
                if group != consumer.service {
                    node.detail = "group of \(MermaidText.shortened(consumer.service, to: 24))"
                }
                chart.nodes.append(node)
            }
            chart.edges.append(edge(delivery, from: slugs.id("t", delivery.delivery.destination), to: id))
            guard delivery.delivery.deadLetters > 0 else { continue }
            for emission in aside where emission.service == consumer.service {
                chart.edges.append(edge(emission, from: id, to: slugs.id("t", emission.destination)))
            }
        }
        addRoutes()
    }

    /// One edge for each type, or one for all where there are many.
    private mutating func addEmissions(_ emissions: [ServiceMap.Emission]) {
        struct Key: Hashable {
            var service: String
            var destination: String
        }
        let pairs = Dictionary(grouping: emissions) { Key(service: $0.service, destination: $0.destination) }
        for key in emissions.map({ Key(service: $0.service, destination: $0.destination) }).uniqued() {
            guard let emissions = pairs[key] else { continue }
            let (from, to) = (slugs.id("s", key.service), slugs.id("t", key.destination))
            let usual = emissions.filter { !$0.isDeadLetter && !$0.isReplay }
            let areMany = usual.count > Self.maximumTypes
            if areMany {
                let count = usual.reduce(0) { $0 + $1.count }
                let text = "emits \(usual.count) types\(FoldingText.times(count))"
                chart.edges.append(Flowchart.Edge(from: from, to: to, text: text, stroke: .normal))
            }
            for emission in emissions where emission.isDeadLetter || emission.isReplay || !areMany {
                chart.edges.append(edge(emission, from: from, to: to))
            }
        }
    }

    private func edge(_ emission: ServiceMap.Emission, from: String, to: String) -> Flowchart.Edge {
        let verb: String
        switch (emission.isDeadLetter, emission.isReplay, emission.intent) {
        case (true, _, _): verb = "sets aside"
        case (false, true, _): verb = "replays"
        case (false, false, .command): verb = "sends"
        case (false, false, .reply): verb = "replies"
        case (false, false, .event), (false, false, nil): verb = "emits"
        }
        let sign = emission.errors > 0 ? " · \(MapText.share(emission.errors, emission.count)) ✗" : ""
        let type = MermaidText.shortened(emission.type ?? "messages", to: DeliveryText.maximumLength - 2)
        return Flowchart.Edge(
            from: from, to: to, text: "\(verb) \(type)\(FoldingText.times(emission.count))\(sign)",
            stroke: emission.isDeadLetter ? .cross : emission.isReplay ? .dotted : .normal)
    }

    private func edge(_ drawn: MapDelivery, from: String, to: String) -> Flowchart.Edge {
        Flowchart.Edge(
            from: from, to: to, text: MapText.delivery(drawn), stroke: drawn.delivery.isReplay ? .dotted : .normal)
    }

    /// What the broker does by itself.
    private mutating func addRoutes() {
        for route in map.routes {
            chart.edges.append(
                Flowchart.Edge(
                    from: slugs.id("t", route.from), to: slugs.id("t", route.to),
                    text: (route.isDeadLetter ? "sets aside" : "routes") + FoldingText.times(route.count),
                    stroke: route.isDeadLetter ? .cross : .normal))
        }
    }

    private func serviceNode(_ id: String, _ name: String) -> Flowchart.Node {
        Flowchart.Node(id: id, text: MermaidText.shortened(name, to: Self.maximumName), shape: .stadium)
    }

    private mutating func destinationNode(_ destination: ServiceMap.Destination, detail: String?) -> Flowchart.Node {
        let name = destination.name
        let text = name.isEmpty ? "destination unknown" : MermaidText.shortened(name, to: Self.maximumName)
        let holdsDeadLetters = deadLetters.contains(name)
        return Flowchart.Node(
            id: slugs.id("t", name), text: holdsDeadLetters ? "\(text) ✗" : text,
            detail: detail?.isEmpty == true ? nil : detail, shape: .subroutine,
            styles: holdsDeadLetters ? [.destination, .failed] : [.destination])
    }

    /// Such as `1,200 messages`, with a rate where the map was asked for a certain time.
    private func count(_ destination: ServiceMap.Destination) -> String? {
        guard destination.messages > 0 else { return nil }
        let count = FoldingText.counted(destination.messages, "message")
        guard let rate = map.rate(destination.messages) else { return count }
        return MapText.rate(rate).map { "\(count) · \($0)" } ?? count
    }
}
