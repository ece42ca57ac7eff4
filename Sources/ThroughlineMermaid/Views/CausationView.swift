import ThroughlineFlow
import ThroughlineModel

/// Draws message by message which caused which. A message that several messages caused has several arrows in.
struct CausationView {
    var chart: Flowchart
    let flow: Flow
    private let selection: OutlineSelection
    private var slugs = SlugAllocator()
    private var groupOf: [Message.ID: Int] = [:]
    var groups: [[Message]] = []
    private var groupOfNode: [Int: Int] = [:]
    /// What the times of the others count from: the first message's.
    private var start: Timestamp?
    let publications: [Message.ID: [Publication]]
    let hops: [Message.ID: [Hop]]
    let gaps: GapIndex

    /// The chart as it is drawn: inside Mermaid's limits.
    static func chart(
        of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()
    ) -> (chart: Flowchart, folding: String?) {
        let drawn = ReadableFold(flow, options, .message).fitted(
            draw: { CausationView($0, title: title, focus: options.focus).chart }, fits: FlowchartFolder.fits)
        return (drawn.picture, drawn.folding)
    }

    private init(_ selection: OutlineSelection, title: String?, focus: String?) {
        self.selection = selection
        flow = selection.folded.flow
        chart = Flowchart(title: flow.headline(title: title), direction: .topToBottom)
        publications = Dictionary(grouping: flow.publications, by: \.id.message)
        hops = Dictionary(grouping: flow.hops, by: \.message)
        gaps = GapIndex(flow)
        addGroups()
        putInOrder()
        addUnrecorded()
        for place in groups.indices { chart.nodes.append(node(place, focus)) }
        addCauses()
        for place in groups.indices { addOutcomes(place) }
        addRest()
        if chart.nodes.isEmpty { chart.nodes = [FlowchartView.nothing(flow)] }
        chart.direction = chart.readableDirection
        addClocks()
    }

    /// Where the times of messages contradict their causes.
    private mutating func addClocks() {
        func began(_ message: Message.ID) -> Timestamp? { publications[message]?.compactMap(\.began).min() }
        let contradicts = flow.messages.contains { effect in
            guard let time = began(effect.id) else { return false }
            return effect.causes.contains { began($0).map { $0 > time } ?? false }
        }
        guard contradicts else { return }
        for (number, note) in FlowNotes(flow).all.filter({ $0.kind == .clock }).enumerated() {
            chart.nodes.append(
                Flowchart.Node(
                    id: slugs.id("n", "clock \(number + 1)"), text: note.text, shape: .flag, styles: [.inferred]))
        }
    }

    /// Causes before their effects, and what has neither in the order of time: the outline has calls last.
    private mutating func putInOrder() {
        let times = groups.map { members in
            members.compactMap { publications[$0.id]?.first?.began?.nanosecondsSinceEpoch }.min() ?? .max
        }
        let causes = groups.enumerated().map { place, members in
            members.flatMap { $0.causes.compactMap { groupOf[$0] } }.uniqued().filter { $0 != place }
        }
        let order = CausalOrder.sorted(times: times, causes: causes)
        var places = Array(repeating: 0, count: order.count)
        for (place, group) in order.enumerated() { places[group] = place }
        groups = order.map { groups[$0] }
        groupOf = groupOf.mapValues { places[$0] }
        groupOfNode = groupOfNode.mapValues { places[$0] }
        start = groups.first?.compactMap { publications[$0.id]?.first?.began }.min()
    }

    /// A message is where it was first sent; that it was set aside or replayed later is an outcome of it.
    private mutating func addGroups() {
        let folded = selection.folded
        for node in selection.shown {
            guard case .publication = folded.subject(node) else { continue }
            let members = folded.nodes[node].members.compactMap { member -> Message? in
                guard case .publication(let place) = folded.outline.nodes[member].subject else { return nil }
                let id = flow.publications[place].id.message
                return groupOf[id] == nil ? flow.message(id) : nil
            }
            if members.isEmpty { continue }
            groupOfNode[node] = groups.count
            for member in members { groupOf[member.id] = groups.count }
            groups.append(members)
        }
    }

    /// Messages that are only known as causes, those with the same effects as one.
    private mutating func addUnrecorded() {
        var effects: [Message.ID: Set<Int>] = [:]
        for message in flow.messages {
            guard let group = groupOf[message.id] else { continue }
            for cause in message.causes where groupOf[cause] == nil { effects[cause, default: []].insert(group) }
        }
        var places: [Set<Int>: [Message]] = [:]
        var order: [Set<Int>] = []
        for message in flow.messages where !message.isRecorded {
            guard let led = effects[message.id] else { continue }
            if places[led] == nil { order.append(led) }
            places[led, default: []].append(message)
        }
        for led in order {
            guard let alike = places[led] else { continue }
            let bundles = alike.count < FoldedOutline.usualMinimum ? alike.map { [$0] } : [alike]
            for bundle in bundles {
                for message in bundle { groupOf[message.id] = groups.count }
                groups.append(bundle)
            }
        }
    }

    mutating func id(_ place: Int) -> String {
        slugs.id("m", groups[place][0].title, key: "\(place)")
    }

    /// A message without a type is told from others by where it went.
    private func name(of message: Message) -> String {
        guard message.type == nil, let destination = publications[message.id]?.first?.id.destination,
            !destination.isEmpty
        else { return message.title }
        return "\(message.title) → \(destination)"
    }

    func name(of messages: [Message]) -> String {
        NamePattern.common(messages.lazy.map { name(of: $0) }) ?? "message"
    }

    private mutating func node(_ place: Int, _ focus: String?) -> Flowchart.Node {
        let members = groups[place]
        let message = members[0]
        let count = FoldingText.times(members.count)
        let title = MermaidText.shortened(name(of: members), to: 36)
        guard message.isRecorded else {
            return Flowchart.Node(
                id: id(place), text: "unknown message\(count)",
                detail:
                    "\(MermaidText.shortened("\(message.id)", to: 24)) · a cause, \(gaps.messages[message.id]?.rawValue ?? "not recorded")",
                shape: .rounded, styles: [.inferred])
        }
        let publication = publications[message.id]?.first
        let missing = publication?.missingSender
        let services = members.compactMap { publications[$0.id]?.first?.services.first }.uniqued()
        let several = FoldingText.times(services.count)
        let sender =
            missing.map { "sender unknown: \($0.rawValue)" }
            ?? MermaidText.shortened(NamePattern.common(services) ?? "sender unknown", to: 28) + several
        var detail = [sender]
        if let time = timeText(members.compactMap { publications[$0.id]?.first?.began }) { detail.append(time) }
        let dwell = members.compactMap { publications[$0.id]?.first?.dwellTime }
        if let dwell = DurationText.spread(dwell) {
            detail.append("\(publication?.due == nil ? "outbox" : "scheduled") \(dwell)")
        }
        let failed = members.compactMap { publications[$0.id]?.first }.count(where: flow.failedToSend)
        if failed > 0 {
            detail.append("sending failed" + (failed < members.count ? " ×\(FoldingText.grouped(failed))" : ""))
        }
        let isAskedFor = focus.map { focus in members.contains { $0.id.description == focus } } ?? false
        var styles: [Flowchart.Style] = missing == nil ? [] : [.inferred]
        if failed > 0 { styles.append(.failed) }
        return Flowchart.Node(
            id: id(place), text: title + count + (failed > 0 ? " ✗" : "") + (isAskedFor ? " ◀" : ""),
            detail: detail.joined(separator: " · "), shape: message.intent == .command ? .parallelogram : .rounded,
            styles: styles)
    }

    /// The time of day for the first message, and for what clocks show before it; else the time since.
    func timeText(_ times: [Timestamp]) -> String? {
        guard let first = times.min() else { return nil }
        guard let start, first > start else { return first.timeOfDay }
        return DurationText.spread(times.map { start.nanoseconds(until: $0) }).map { "+\($0)" }
    }

    private struct Pair: Hashable {
        var cause: Int
        var effect: Int
    }

    private struct Cause {
        var isCritical = false
        var wait: UInt64 = 0
        var isReplay = true
    }

    private struct CriticalPair: Hashable {
        var cause: Message.ID
        var effect: Message.ID
    }

    private mutating func addCauses() {
        let critical = Set(
            zip(flow.criticalPath, flow.criticalPath.dropFirst()).map {
                CriticalPair(cause: $0.publication.message, effect: $1.publication.message)
            })
        var causes: [Pair: Cause] = [:]
        var order: [Pair] = []
        for message in flow.messages {
            guard let effect = groupOf[message.id] else { continue }
            for cause in message.causes {
                guard let origin = groupOf[cause] else { continue }
                let pair = Pair(cause: origin, effect: effect)
                if causes[pair] == nil { order.append(pair) }
                var known = causes[pair] ?? Cause()
                known.isCritical =
                    known.isCritical || critical.contains(CriticalPair(cause: cause, effect: message.id))
                known.wait = max(known.wait, wait(of: cause, before: message.id))
                known.isReplay =
                    known.isReplay && comesFromReplay(message.id) && hops[cause]?.contains(where: \.isReplay) == true
                causes[pair] = known
            }
        }
        let labelled = Dictionary(grouping: order, by: \.cause).compactMapValues { pairs in
            pairs.first { causes[$0]?.isCritical == true } ?? pairs.first
        }
        for pair in order {
            guard let cause = causes[pair] else { continue }
            let isLong =
                labelled[pair.cause] == pair && cause.wait >= 1_000_000 && cause.wait >= flow.latency / 10
            let from = cause.isReplay ? outcomeID(pair.cause, "replay") : id(pair.cause)
            chart.edges.append(
                Flowchart.Edge(
                    from: from, to: id(pair.effect), text: isLong ? "waited \(DurationText.short(cause.wait))" : nil,
                    stroke: cause.isCritical ? .thick : .normal))
        }
        var correlated: Set<Pair> = []
        for edge in flow.edges where edge.relation == .correlates {
            guard case .message(let first) = edge.from, case .message(let second) = edge.to,
                let from = groupOf[first], let to = groupOf[second], from != to,
                correlated.insert(Pair(cause: from, effect: to)).inserted
            else { continue }
            chart.edges.append(
                Flowchart.Edge(from: id(from), to: id(to), text: "same correlation id", stroke: .dottedLine))
        }
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

    mutating func outcomeID(_ place: Int, _ outcome: String) -> String {
        slugs.id("o", groups[place][0].title, key: "\(place) \(outcome)")
    }

    /// A node for what is left out below each message, or beside the roots.
    private mutating func addRest() {
        var rests: [Int?: OutlineSelection.Rest] = [:]
        for node in [nil] + selection.shown.map(Optional.some) {
            let rest = selection.rest(below: node)
            if rest.messages > 0 { rests[node.flatMap(group), default: OutlineSelection.Rest()].add(rest) }
        }
        for place in [nil] + groups.indices.map(Optional.some) {
            guard let rest = rests[place] else { continue }
            let name = place.map { "rest \($0)" } ?? "rest"
            let node = Flowchart.Node(
                id: slugs.id("n", name), text: "… \(FoldingText.counted(rest.messages, "message")) left out",
                detail: rest.failures > 0 ? "\(FoldingText.grouped(rest.failures)) ✗ among them" : nil, shape: .flag,
                styles: [.inferred])
            chart.nodes.append(node)
            if let place {
                chart.edges.append(Flowchart.Edge(from: id(place), to: node.id, text: nil, stroke: .dottedLine))
            }
        }
    }

    /// The group that a node of the outline belongs to.
    private func group(of node: Int) -> Int? {
        var place: Int? = node
        while let current = place {
            if let group = groupOfNode[current] { return group }
            place = selection.folded.nodes[current].parent
        }
        return nil
    }
}
