import ThroughlineModel

/// Turns a flow into the lines of its tree.
struct TreeBuilder {
    private(set) var roots: [TreeNode] = []

    private let flow: Flow
    private let ink: Ink
    private var children: [Operation.ID: [Operation]] = [:]
    private var publicationsOfSender: [Operation.ID: [Publication]] = [:]
    private var hopsOfPublication: [Publication.ID: [Hop]] = [:]
    private var effects: [Message.ID: [Message]] = [:]
    private var routed: [Message.ID: [Publication]] = [:]
    private var criticalHops: Set<Hop.ID> = []
    private var shownOperations: Set<Operation.ID> = []
    private var shownPublications: Set<Publication.ID> = []
    private var depth = 0

    /// Recursion stops there; what is deeper is hung from the root.
    private static let maximumDepth = 400

    init(_ flow: Flow, ink: Ink) {
        self.flow = flow
        self.ink = ink
        for operation in flow.operations {
            if let parent = operation.parentID, flow.operation(parent) != nil, parent != operation.id {
                children[parent, default: []].append(operation)
            }
        }
        for publication in flow.publications {
            for sender in publication.senders { publicationsOfSender[sender, default: []].append(publication) }
            if case .routed = publication.id.reason { routed[publication.id.message, default: []].append(publication) }
        }
        hopsOfPublication = Dictionary(grouping: flow.hops, by: \.id.publication)
        for message in flow.messages {
            if let first = message.causes.first { effects[first, default: []].append(message) }
        }
        criticalHops = Set(flow.criticalPath.compactMap(\.hop))
        collect()
    }

    /// Roots: operations without a parent here that no message led to; then messages whose sender is unknown; then
    /// whatever a circle kept from both.
    private mutating func collect() {
        let handling = Set(flow.hops.flatMap { $0.attempts.map(\.operation) })
        for operation in flow.operations where !handling.contains(operation.id) {
            let hasParent = operation.parentID.flatMap(flow.operation) != nil
            if hasParent || isCaused(operation) || isFrame(operation) { continue }
            appendRoots(nodes(for: operation, at: nil))
        }
        for publication in flow.publications where publication.missingSender != nil {
            let causes = flow.message(publication.id.message)?.causes ?? []
            if causes.allSatisfy({ flow.message($0)?.isRecorded != true }) { appendRoots(nodes(for: publication)) }
        }
        for publication in flow.publications { appendRoots(nodes(for: publication)) }
        for operation in flow.operations where !isFrame(operation) {
            appendRoots(nodes(for: operation, at: nil))
        }
    }

    /// Settling and pulling are told on the line of the delivery.
    private func isFrame(_ operation: Operation) -> Bool {
        let kind = operation.messaging?.operation
        return kind == .settle || kind == .receive && children[operation.id] == nil
    }

    private mutating func appendRoots(_ nodes: [TreeNode]) { roots += nodes }

    /// True when the message that it sends has a cause to stand under.
    private func isCaused(_ operation: Operation) -> Bool {
        let messages = publicationsOfSender[operation.id]?.map(\.id.message) ?? []
        return messages.contains { flow.message($0)?.causes.contains { flow.message($0)?.isRecorded == true } ?? false }
    }

    /// An operation as lines: a sender shows as what it sent, anything else as itself.
    private mutating func nodes(for operation: Operation, at handler: Operation.ID?) -> [TreeNode] {
        guard depth < Self.maximumDepth, shownOperations.insert(operation.id).inserted else { return [] }
        depth += 1
        defer { depth -= 1 }
        if operation.messaging?.operation == .settle { return below(operation.id) }
        if let publications = publicationsOfSender[operation.id], operation.publishes {
            // What runs inside a sender, or was published by it as a batch, stands beside what it sent.
            return publications.flatMap { nodes(for: $0) } + below(operation.id)
        }
        var node = line(for: operation)
        node.children = below(operation.id)
        return [node]
    }

    private mutating func below(_ operation: Operation.ID) -> [TreeNode] {
        var nodes: [TreeNode] = []
        for child in children[operation] ?? [] { nodes += self.nodes(for: child, at: operation) }
        return nodes
    }

    private func line(for operation: Operation) -> TreeNode {
        let name = "\(operation.service) · \(operation.record.name)"
        var marks = operation.record.duration.map { [DurationText.short($0)] } ?? ["never ended …"]
        if let error = operation.error { marks.append("✗ \(TypeName.short(error))") }
        let rest = OneLine.of(marks.joined(separator: " · "))
        let colour = operation.failed ? ink.red(rest) : ink.dim(rest)
        return TreeNode(text: "\(OneLine.of(name))  \(colour)", kind: name + (operation.error ?? ""))
    }

    private mutating func nodes(for publication: Publication) -> [TreeNode] {
        guard depth < Self.maximumDepth, shownPublications.insert(publication.id).inserted else { return [] }
        depth += 1
        defer { depth -= 1 }
        shownOperations.formUnion(publication.senders)
        var node = line(for: publication)
        for hop in hopsOfPublication[publication.id] ?? [] { node.children.append(self.node(for: hop)) }
        if case .sent = publication.id.reason {
            for route in routed[publication.id.message] ?? [] { node.children += nodes(for: route) }
            // Effects that no span of a handler leads to, only the ids.
            for effect in effects[publication.id.message] ?? [] {
                for caused in flow.publications where caused.id.message == effect.id {
                    if isReachedByParent(caused) { continue }
                    node.children += nodes(for: caused)
                }
            }
        }
        return [node]
    }

    /// True when the sender hangs below some operation that will show it.
    private func isReachedByParent(_ publication: Publication) -> Bool {
        publication.senders.contains { sender in
            flow.operation(sender)?.parentID.flatMap(flow.operation) != nil && !shownOperations.contains(sender)
        }
    }

    private func line(for publication: Publication) -> TreeNode {
        let message = flow.message(publication.id.message)
        let title = message?.title ?? "message"
        let verb: String
        switch publication.id.reason {
        case .deadLettered: verb = "sets aside"
        case .replayed: verb = "replays"
        case .routed: verb = "routes"
        case .sent:
            switch message?.intent {
            case .command: verb = "sends"
            case .reply: verb = "replies"
            case .event, nil: verb = "emits"
            }
        }
        let sender = publication.services.first ?? publication.missingSender.map { "sender unknown (\($0.rawValue))" }
        let who = sender.map { "\($0) \(verb)" } ?? verb
        let place = publication.id.destination.isEmpty ? "" : " → \(publication.id.destination)"
        var notes: [String] = []
        let failed = publication.senders.contains { flow.operation($0)?.failed == true }
        if hopsOfPublication[publication.id] == nil, routed[publication.id.message] == nil, !failed {
            notes.append(publication.id.reason == .deadLettered ? "✗" : "nobody handled it")
        }
        if let causes = message?.causes, causes.count > 1, case .sent = publication.id.reason {
            notes.append("caused by \(Self.counted(causes.map { flow.message($0)?.title ?? "?" }))")
        }
        if failed { notes.append("✗ sending failed") }
        if case .routed = publication.id.reason {
            return TreeNode(text: "routed\(ink.cyan(OneLine.of(place)))", kind: place)
        }
        let name = "\(ink.bold(OneLine.of(title)))\(ink.cyan(OneLine.of(place)))"
        let rest = notes.isEmpty ? "" : "  " + ink.yellow(OneLine.of(notes.joined(separator: " · ")))
        return TreeNode(text: "\(OneLine.of(who)) \(name)\(rest)", kind: "\(who) \(title)\(place)\(notes)")
    }

    /// Such as `PaymentCharged and RowImported ×4`.
    private static func counted(_ titles: [String]) -> String {
        titles.uniqued().map { title in
            let count = titles.count { $0 == title }
            return count == 1 ? title : "\(title) ×\(count)"
        }.joined(separator: " and ")
    }

    private mutating func node(for hop: Hop) -> TreeNode {
        var node = TreeNode(text: line(for: hop), kind: "\(hop.consumer)\(hop.failed)\(hop.isReplay)")
        for (place, attempt) in hop.attempts.enumerated() {
            let isFirst = shownOperations.insert(attempt.operation).inserted
            var below = isFirst ? self.below(attempt.operation) : []
            if hop.attempts.count == 1 {
                node.children += below
                if !isFirst, hop.batchSize > 1 { node.text += ink.dim("  in the batch above") }
                continue
            }
            if place == hop.attempts.count - 1 {
                node.children.append(line(for: attempt))
                node.children += below
                below = []
            } else {
                var tried = line(for: attempt)
                tried.children = below
                node.children.append(tried)
            }
        }
        return node
    }

    private func line(for attempt: Attempt) -> TreeNode {
        var marks = ["attempt \(attempt.number)"]
        if attempt.number > 1, let waited = attempt.waited { marks.append("after \(DurationText.short(waited))") }
        marks.append(attempt.took.map { "took \(DurationText.short($0))" } ?? "never ended")
        let text = marks.joined(separator: " · ")
        guard let error = attempt.error else { return TreeNode(text: "\(text) \(ink.green("✓"))", kind: "attempt ✓") }
        return TreeNode(text: "\(text) \(ink.red("✗ \(OneLine.of(TypeName.short(error)))"))", kind: "attempt \(error)")
    }

    private func line(for hop: Hop) -> String {
        var name = hop.consumer.service
        if let group = hop.consumer.group, group != hop.consumer.service { name += " (group \(group))" }
        var marks: [String] = []
        if let waited = hop.queueTime {
            marks.append("\(hop.isReplay ? "replayed after" : "waited") \(DurationText.short(waited))")
        } else if hop.isReplay {
            marks.append("replayed")
        }
        if hop.batchSize > 1 { marks.append("batch of \(hop.batchSize)") }
        if hop.attempts.count > 1 {
            marks.append("\(hop.attempts.count) attempts")
        } else if let attempt = hop.attempts.first {
            if attempt.number > 1 { marks.append("attempt \(attempt.number)") }
            if let took = attempt.took { marks.append("took \(DurationText.short(took))") }
        }
        var sign = ink.green("✓")
        if hop.isUnfinished { sign = ink.yellow("… never ended") }
        if hop.failed { sign = ink.red(OneLine.of("✗ \(hop.attempts.last?.error.map(TypeName.short) ?? "")")) }
        if hop.isDeadLetter { sign += ink.red(" dead letter") }
        let critical = criticalHops.contains(hop.id) ? ink.yellow("  ◀ critical") : ""
        return "\(OneLine.of(name))  \(ink.dim(marks.joined(separator: " · "))) \(sign)\(critical)"
    }
}
