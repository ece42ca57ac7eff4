import ThroughlineModel

/// What of an outline is shown one by one although it could be folded.
public enum Unfolding: Hashable, Sendable {
    /// Alike siblings are one, and what is too much is counted.
    case nothing
    /// What has one of these names, and everything below it: message, span and trace ids, message types, destinations,
    /// services, names of operations.
    case named(Set<String>)
    /// Everything, as far as the form has room for it.
    case everything
}

/// An outline with alike siblings folded into one.
///
/// Folding goes from the roots down: siblings are alike by what they are and what became of them, and what was below
/// them is then folded the same way. So a hundred rows, three of which failed, are one line of ninety-seven and one of
/// three.
package struct FoldedOutline {
    package struct Node {
        /// The nodes of the outline that it stands for, in causal order; at least one.
        package var members: [Int]
        package var parent: Int?
        package var depth: Int
        package var children: [Int] = []
        /// True when its members differ in numbers and ids in their names.
        package var isRough = false
        /// True when it, or something above it, was asked for by name.
        package var isUnfolded = false
        /// How many nodes of the outline stand here and below.
        package var weight = 0
    }

    /// Alike siblings from that many on are one.
    package static let usualMinimum = 6
    /// With more siblings than that, those that differ in numbers only are folded too.
    private static let maximumSiblings = 12

    package let outline: Outline
    /// Parents stand before their children.
    package private(set) var nodes: [Node] = []
    package private(set) var roots: [Int] = []
    private let unfolding: Unfolding
    private let minimum: Int

    /// - Parameter minimum: alike siblings from that many on are folded.
    package init(_ outline: Outline, unfolding: Unfolding = .nothing, minimum: Int = usualMinimum) {
        self.outline = outline
        self.unfolding = unfolding
        self.minimum = minimum
        let likeness = outline.nodes.map { Likeness($0.subject, in: outline.flow) }
        roots = fold(outline.roots, under: nil, likeness)
        var place = 0
        while place < nodes.count {
            let below = nodes[place].members.flatMap { outline.nodes[$0].children }
            if !below.isEmpty { nodes[place].children = fold(below, under: place, likeness) }
            place += 1
        }
        for place in nodes.indices.reversed() {
            nodes[place].weight += nodes[place].members.count
            if let parent = nodes[place].parent { nodes[parent].weight += nodes[place].weight }
        }
    }

    /// The flow that it is of.
    package var flow: Flow { outline.flow }

    /// What the first member of a node is about.
    package func subject(_ node: Int) -> Outline.Subject { outline.nodes[nodes[node].members[0]].subject }

    /// A message that one consumer handled, and nothing else came of by ids alone: that one delivery. The two are told
    /// together.
    package func onlyDelivery(of node: Int) -> Int? {
        guard case .publication = subject(node), nodes[node].children.count == 1 else { return nil }
        let child = nodes[node].children[0]
        guard case .hop = subject(child), nodes[child].members.count == nodes[node].members.count else { return nil }
        return child
    }

    private mutating func fold(_ siblings: [Int], under parent: Int?, _ likeness: [Likeness]) -> [Int] {
        let isMerged = parent.map { nodes[$0].members.count > 1 } ?? false
        let isUnfolded = parent.map { nodes[$0].isUnfolded } ?? false
        var groups = grouped(siblings, by: { likeness[$0] }, atLeast: isMerged ? 2 : minimum)
        var isRough = Array(repeating: false, count: groups.count)
        if groups.count > Self.maximumSiblings, unfolding != .everything {
            let rough = grouped(
                Array(groups.indices), by: { likeness[groups[$0].members[0]].withoutNumbers }, atLeast: 3
            ) {
                groups[$0].isNamed
            }
            isRough = rough.map { $0.members.count > 1 }
            groups = rough.map { group in
                (members: group.members.flatMap { groups[$0].members }.sorted(), isNamed: group.isNamed)
            }
        }
        let depth = parent.map { nodes[$0].depth + 1 } ?? 0
        return groups.enumerated().map { place, group in
            nodes.append(
                Node(
                    members: group.members, parent: parent, depth: depth, isRough: isRough[place],
                    isUnfolded: isUnfolded || group.isNamed))
            return nodes.count - 1
        }
    }

    /// The items in groups, each where its first one stands. What was asked for by name stays alone.
    private func grouped(
        _ items: [Int], by likeness: (Int) -> Likeness, atLeast minimum: Int, isNamed: ((Int) -> Bool)? = nil
    ) -> [(members: [Int], isNamed: Bool)] {
        if unfolding == .everything { return items.map { ([$0], false) } }
        var counts: [Likeness: Int] = [:]
        let kinds = items.map(likeness)
        for kind in kinds { counts[kind, default: 0] += 1 }
        var places: [Likeness: Int] = [:]
        var groups: [(members: [Int], isNamed: Bool)] = []
        for (item, kind) in zip(items, kinds) {
            let isAlone = isNamed?(item) ?? isAskedFor(outline.nodes[item].subject)
            if isAlone || counts[kind, default: 1] < minimum {
                groups.append(([item], isAlone))
            } else if let place = places[kind] {
                groups[place].members.append(item)
            } else {
                places[kind] = groups.count
                groups.append(([item], false))
            }
        }
        return groups
    }

    private func isAskedFor(_ subject: Outline.Subject) -> Bool {
        guard case .named(let names) = unfolding else { return false }
        return outline.flow.names(of: subject).contains { names.contains($0) }
    }
}

extension Flow {
    /// The names that nothing in the flow has: those that ``Unfolding/named(_:)`` would look for in vain.
    public func unknown(among names: [String]) -> [String] {
        guard !names.isEmpty else { return [] }
        var unknown = Set(names)
        let subjects: [(Int, (Int) -> Outline.Subject)] = [
            (publications.count, Outline.Subject.publication), (hops.count, Outline.Subject.hop),
            (operations.count, Outline.Subject.operation),
        ]
        for (count, subject) in subjects {
            for place in 0..<count where !unknown.isEmpty { unknown.subtract(self.names(of: subject(place))) }
        }
        return names.filter(unknown.contains).uniqued()
    }

    /// What a person may call it by.
    package func names(of subject: Outline.Subject) -> [String] {
        switch subject {
        case .publication(let place):
            let id = publications[place].id
            return [id.message.description, id.destination, message(id.message)?.title ?? ""]
        case .hop(let place):
            let consumer = hops[place].consumer
            return [consumer.service, consumer.group ?? consumer.service] + hops[place].attempts.flatMap(names)
        case .attempt(let place, let number): return names(hops[place].attempts[number])
        case .operation(let place):
            let operation = operations[place]
            return [
                operation.service, operation.record.name, operation.id.spanID.hex, operation.id.traceID.hex,
            ]
        }
    }

    private func names(_ attempt: Attempt) -> [String] {
        [attempt.operation.spanID.hex, attempt.operation.traceID.hex]
    }
}
