/// Sorts the parties that name one id by the message that they can mean; the order in which they come does not matter.
///
/// Whoever sent the message says most. Two senders mean one message when they belong to one broker and have a sender or
/// a place in common; a consumer that gave a message up counts as its sender, and the place of retries and dead letters as
/// the place that they are of. Every other party joins the one message that it can mean; where it can mean several, what
/// it has in common with just one of them decides, and where nothing does, it stays by itself.
struct NamesakeGroups {
    /// By party: a number, the same for all that mean one message.
    private(set) var groups: [Int] = []
    /// Parties that could mean several messages.
    private(set) var undecided: Set<Int> = []

    private let parties: [NamesakeParty]
    private var sets: DisjointSets
    /// The brokers of each group, by one of its parties.
    private var systems: [Int: Set<Name>] = [:]
    private var groupsWith: [NamesakeParty.Trait: Set<Int>] = [:]

    init(_ parties: [NamesakeParty]) {
        self.parties = parties
        sets = DisjointSets(count: parties.count)
        var placed: [Int] = []
        for kind in NamesakeParty.Kind.allCases {
            let own = parties.indices.filter { parties[$0].kind == kind }
            if !own.isEmpty {
                place(own)
                placed += own
                collect(placed)
            }
            if kind == .handledSomewhere { joinSendersOn(placed) }
        }
        groups = sets.roots()
    }

    /// Whoever gave a message up is the one who sent it on.
    private mutating func joinSendersOn(_ placed: [Int]) {
        var isJoined = false
        for party in placed where !parties[party].givingUp.isEmpty && !undecided.contains(party) {
            for group in parties[party].givingUp.flatMap({ groupsWith[$0] ?? [] })
            where isCompatible(parties[party].systems, systems[group]) {
                sets.join(group, party)
                isJoined = true
            }
        }
        if isJoined { collect(placed) }
    }

    private enum Choice {
        case none, several
        case one(Int)
    }

    /// What is chosen depends on the groups that there are before, never on one another.
    private mutating func place(_ own: [Int]) {
        var free: [Int] = []
        var open: [Int] = []
        for (party, choice) in own.map({ ($0, choice(parties[$0])) }) {
            switch choice {
            case .one(let group): sets.join(group, party)
            case .none: free.append(party)
            case .several: open.append(party)
            }
        }
        undecided.formUnion(open)
        var first: [Key: Int] = [:]
        for party in free { join(party, isSender: parties[party].isSender, &first) }
        first.removeAll()
        for party in open { join(party, isSender: true, &first) }
    }

    private struct Key: Hashable {
        var system: Name
        var trait: NamesakeParty.Trait?
    }

    /// Joins a party with those before it that belong to the same broker.
    ///
    /// - Parameter isSender: they must have more in common than the broker.
    private mutating func join(_ party: Int, isSender: Bool, _ first: inout [Key: Int]) {
        let systems = parties[party].systems.isEmpty ? [.absent] : parties[party].systems
        let traits = isSender ? parties[party].places.union(parties[party].senders).map(Optional.some) : [nil]
        for system in systems {
            for trait in traits {
                let key = Key(system: system, trait: trait)
                if let other = first[key] { sets.join(other, party) } else { first[key] = party }
            }
        }
    }

    private func choice(_ party: NamesakeParty) -> Choice {
        var left: Set<Int>?
        for (place, traits) in [party.places, party.exchanges, party.senders, party.surroundings].enumerated() {
            // Two senders of one service, or of one flow, may still have sent two messages.
            if place == 3, left == nil, party.saysWhereItSent { return .none }
            let found = traits.reduce(into: Set<Int>()) { $0.formUnion(groupsWith[$1] ?? []) }
                .filter { isCompatible(party.systems, systems[$0]) && left?.contains($0) ?? true }
            if found.isEmpty { continue }
            if found.count == 1, let only = found.first { return .one(only) }
            left = found
        }
        if left != nil { return .several }
        let fitting = systems.lazy.filter { isCompatible(party.systems, $0.value) }.prefix(2).map(\.key)
        return fitting.count > 1 ? .several : fitting.first.map(Choice.one) ?? .none
    }

    private func isCompatible(_ left: Set<Name>, _ right: Set<Name>?) -> Bool {
        guard let right, !left.isEmpty, !right.isEmpty else { return true }
        return !left.isDisjoint(with: right)
    }

    private mutating func collect(_ placed: [Int]) {
        systems.removeAll()
        groupsWith.removeAll()
        for party in placed {
            let group = sets.root(of: party)
            systems[group, default: []].formUnion(parties[party].systems)
            for traits in [parties[party].places, parties[party].senders, parties[party].surroundings] {
                for trait in traits { groupsWith[trait, default: []].insert(group) }
            }
        }
    }
}
