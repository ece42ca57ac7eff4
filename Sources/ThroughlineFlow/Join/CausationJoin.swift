import ThroughlineModel

/// Finds which message caused which.
struct CausationJoin: Sendable {
    /// One message's part in another's coming to be.
    struct Cause: Sendable {
        @Narrow var cause: Int
        @Narrow var effect: Int
        var evidence: Evidence
    }

    /// Each pair once, with its strongest evidence.
    private(set) var causes: [Cause] = []
    /// Pairs that only a correlation id joins.
    private(set) var correlated: [Cause] = []
    private(set) var conflicts: [Conflict] = []

    private let table: OperationTable
    /// The pairs of the flow that is being joined.
    private var pairs = HashTable()

    /// - Parameter operations: those of the flows that will be joined.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        causes.reserveCapacity(operations.count / 2)
    }

    /// Joins one flow; they come in order. Messages that are named as causes and nothing else get numbers too.
    mutating func join(_ flow: Range<Int>, _ join: inout MessageJoin, parts: [Int]) {
        pairs.removeAll(makingRoomFor: flow.count / 2)
        let initiators = InitiatorJoin(flow, join, table)
        for position in flow where table.rows[position].isMessaging {
            if table.publishes(position) {
                findCauses(ofSender: position, &join, initiators)
            } else {
                findCauses(ofHandler: position, &join, initiators)
            }
        }
        guard let first = flow.first, flow.contains(where: { parts[$0] != parts[first] }) else { return }
        correlated += CorrelationAnchors(flow, join, table, parts: parts).pairs
    }

    private mutating func add(_ cause: Int, _ effect: Int, _ evidence: Evidence) {
        guard cause != effect else { return }
        let hash = Hash.of(UInt64(cause), UInt64(effect))
        if let known = pairs.find(hash, where: { causes[$0].cause == cause && causes[$0].effect == effect }) {
            causes[known].evidence = min(causes[known].evidence, evidence)
        } else {
            pairs.insert(hash, causes.count)
            causes.append(Cause(cause: cause, effect: effect, evidence: evidence))
        }
    }

    private mutating func findCauses(
        ofSender position: Int, _ join: inout MessageJoin, _ initiators: InitiatorJoin
    ) {
        let row = table.rows[position]
        let effects = join.published.places(of: position)
        let handler = table.handler(of: position)
        if let cause = only(row, handler, join) {
            for place in effects { add(cause, join.published[at: place], .parent) }
        } else {
            let surrounding = handler.map { handledMessages($0, join) } ?? messagesOfRemoteSender(of: position, join)
            if !row.causes.isEmpty {
                findNamedCauses(position, handler, surrounding, &join)
            } else if let initiator = initiators.initiator(row.causationCorrelationID, surrounding, position, join) {
                let evidence = surrounding.contains(initiator) ? Evidence.parent : .causationID
                for place in effects { add(initiator, join.published[at: place], evidence) }
            } else {
                let linked = handler == nil ? linkedMessages(position, join) : []
                for cause in surrounding { for place in effects { add(cause, join.published[at: place], .parent) } }
                for cause in linked { for place in effects { add(cause, join.published[at: place], .link) } }
            }
        }
        if row.marks.contains(.fanInLink) { findFanIn(position, join) }
    }

    /// The plain case: one message is handled, and what is sent names it as its only cause.
    private func only(_ row: OperationRow, _ handler: Int?, _ join: MessageJoin) -> Int? {
        guard let handler, row.causes.count == 1 else { return nil }
        let handled = join.handled(handler)
        guard handled.count == 1, let place = handled.first else { return nil }
        let message = join.handlings[place].message
        return join.messages.find(table.causes[Int(row.causes.start)]) == message ? message : nil
    }

    /// What the message names is exact where a batch merely surrounds it.
    private mutating func findNamedCauses(
        _ position: Int, _ handler: Int?, _ surrounding: [Int], _ join: inout MessageJoin
    ) {
        let linked = linkedMessages(position, join)
        let named = table.causes[table.rows[position].causes.range].map { join.messages.number($0) }
        let effects = join.published.places(of: position)
        if handler != nil, surrounding.count == 1, let cause = surrounding.first, !named.contains(cause) {
            contradict(effects, cause, named, join)
        }
        for cause in named {
            let proof: Evidence = surrounding.contains(cause) ? .parent : linked.contains(cause) ? .link : .causationID
            for place in effects { add(cause, join.published[at: place], proof) }
        }
    }

    private mutating func findFanIn(_ position: Int, _ join: MessageJoin) {
        for link in table.links[table.rows[position].links.range] where link.type == .fanIn {
            guard let target = table.position(of: link.target, near: position) else { continue }
            for cause in join.messages(of: target) {
                for place in join.published.places(of: position) { add(cause, join.published[at: place], .link) }
            }
        }
    }

    /// The handler of a batch tells nothing about one message's cause; the handler of a single message does. Where the
    /// message names another cause, both count, the stronger evidence first, and the contradiction is reported. A
    /// message that is sent on by its own handler has the causes that it always had.
    private mutating func contradict(_ effects: Range<Int>, _ cause: Int, _ named: [Int], _ join: MessageJoin) {
        for place in effects where join.published[at: place] != cause {
            let effect = join.published[at: place]
            add(cause, effect, .parent)
            for other in named {
                conflicts.append(
                    Conflict(
                        subject: .cause, place: .message(table.id(join.messages.keys[effect])),
                        kept: table.id(join.messages.keys[cause]).description, keptEvidence: .parent,
                        dismissed: table.id(join.messages.keys[other]).description, dismissedEvidence: .causationID))
            }
        }
    }

    /// The handler's copy of the ids still tells when the sender was not recorded.
    private mutating func findCauses(
        ofHandler position: Int, _ join: inout MessageJoin, _ initiators: InitiatorJoin
    ) {
        let handled = join.handled(position)
        for number in handled {
            let message = join.handlings[number].message
            if let member = join.handlings[number].member {
                for id in table.members[member].causes.range {
                    add(join.messages.number(table.causes[id]), message, .causationID)
                }
            }
            guard handled.count == 1 else { continue }
            for id in table.rows[position].causes.range {
                add(join.messages.number(table.causes[id]), message, .causationID)
            }
            let initiator = table.rows[position].causationCorrelationID
            if let cause = initiators.initiator(initiator, [], position, join) { add(cause, message, .causationID) }
        }
    }

    private func handledMessages(_ position: Int, _ join: MessageJoin) -> [Int] {
        join.handled(position).map { join.handlings[$0].message }
    }

    /// The messages of the handlers that a sender links to.
    private func linkedMessages(_ position: Int, _ join: MessageJoin) -> [Int] {
        let links = table.rows[position].links
        guard !links.isEmpty else { return [] }
        return table.links[links.range].filter { $0.type != .ambient && $0.type != .creation }
            .compactMap { table.position(of: $0.target, near: position) }.filter { table.handles($0) }
            .flatMap { handledMessages($0, join) }
    }

    /// A sender whose parent is the sender of another service: the handler between the two was not recorded.
    private func messagesOfRemoteSender(of position: Int, _ join: MessageJoin) -> [Int] {
        let service = table.rows[position].service
        let sender = table.nearestAncestor(of: position) { ancestor in
            table.publishes(ancestor) && table.rows[ancestor].service != service
        }
        return sender.map { Array(join.published[$0]) } ?? []
    }
}
