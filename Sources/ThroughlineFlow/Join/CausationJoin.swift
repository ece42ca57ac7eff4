import ThroughlineModel

/// Finds which message caused which.
struct CausationJoin: Sendable {
    /// One message's part in another's coming to be.
    struct Cause: Sendable {
        var cause: Int
        var effect: Int
        var evidence: Evidence
    }

    /// Each pair once, with its strongest evidence.
    private(set) var causes: [Cause] = []
    /// Pairs that only a correlation id joins.
    private(set) var correlated: [Cause] = []
    /// The messages, with those that are named as causes and nothing else.
    private(set) var messages: MessageTable
    private(set) var conflicts: [Conflict] = []

    private let index: OperationIndex
    private let join: MessageJoin
    private var pairs: HashTable
    /// By what a framework calls a message's correlation id: the messages that have it.
    private var ownCorrelation: [String: [Int]] = [:]

    init(_ index: OperationIndex, _ join: MessageJoin, parts: [Int]) {
        self.index = index
        self.join = join
        messages = join.messages
        pairs = HashTable(capacity: join.messages.count)
        collectOwnCorrelation()
        causes.reserveCapacity(messages.count)
        for position in index.operations.indices {
            guard index.messaging(position) != nil else { continue }
            if index.publishes(position) {
                findCauses(ofSender: position)
            } else {
                findCauses(ofHandler: position)
            }
        }
        if let last = parts.max(), last > 0 { correlated = correlations(parts) }
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

    private func handledMessages(_ position: Int) -> [Int] { join.handled[position].map { join.handlings[$0].message } }

    private mutating func findCauses(ofSender position: Int) {
        guard let view = index.messaging(position) else { return }
        let effects = join.published[position]
        let handler = index.handler(of: position)
        if namesWhatItsHandlerHandles(view, handler) {
            guard let cause = handler.flatMap({ join.handled[$0].first }) else { return }
            for effect in effects { add(join.handlings[cause].message, effect, .parent) }
            findFanIn(view, effects)
            return
        }
        let surrounding = handler.map(handledMessages) ?? messageOfRemoteSender(of: position)
        let linked = view.record.links.isEmpty ? [] : linkedHandlers(of: view)
        if view.causationIDs.isEmpty {
            let initiator = view.causationCorrelationID.flatMap { self.initiator($0, surrounding, before: position) }
            if let initiator {
                for effect in effects {
                    add(initiator, effect, surrounding.contains(initiator) ? .parent : .causationID)
                }
            } else {
                for cause in surrounding { for effect in effects { add(cause, effect, .parent) } }
                if handler == nil { for cause in linked { for effect in effects { add(cause, effect, .link) } } }
            }
        } else {
            let named = view.causationIDs.map { messages.number($0) }
            // What the message names is exact where a batch merely surrounds it.
            if let handler, surrounding.count == 1, let cause = surrounding.first, !named.contains(cause) {
                contradict(position, effects, cause, named, handler)
            }
            for cause in named {
                let proof: Evidence =
                    surrounding.contains(cause) ? .parent : linked.contains(cause) ? .link : .causationID
                for effect in effects { add(cause, effect, proof) }
            }
        }
        findFanIn(view, effects)
    }

    /// The plain case: one message is handled, and what is sent names it as its only cause.
    private func namesWhatItsHandlerHandles(_ view: OperationReading, _ handler: Int?) -> Bool {
        guard let handler, view.causationIDs.count == 1, let id = view.causationIDs.first,
            join.handled[handler].count == 1, let only = join.handled[handler].first
        else { return false }
        return messages.find(id) == join.handlings[only].message
    }

    private mutating func findFanIn(_ view: OperationReading, _ effects: ArraySlice<Int>) {
        guard view.marks.contains(.fanInLink) else { return }
        for link in view.record.links where link.type == .fanIn {
            guard let target = index.position(of: link.context) else { continue }
            for cause in join.messages(of: target) { for effect in effects { add(cause, effect, .link) } }
        }
    }

    /// The handler of a batch tells nothing about one message's cause; the handler of a single message does. Where the
    /// message names another cause, both count, the stronger evidence first, and the contradiction is reported. A
    /// message that is sent on by its own handler has the causes that it always had.
    private mutating func contradict(
        _ position: Int, _ effects: ArraySlice<Int>, _ cause: Int, _ named: [Int], _ handler: Int
    ) {
        for effect in effects where effect != cause {
            add(cause, effect, .parent)
            for other in named {
                conflicts.append(
                    Conflict(
                        subject: .cause, place: .message(messages.ids[effect]),
                        kept: messages.ids[cause].description, keptEvidence: .parent,
                        dismissed: messages.ids[other].description, dismissedEvidence: .causationID))
            }
        }
    }

    /// The handler's copy of the ids still tells when the sender was not recorded.
    private mutating func findCauses(ofHandler position: Int) {
        guard let view = index.messaging(position) else { return }
        let handlings = join.handled[position]
        for number in handlings {
            let handling = join.handlings[number]
            let own = handling.member.map { view.members[$0].causationIDs } ?? []
            for id in own { add(messages.number(id), handling.message, .causationID) }
            guard handlings.count == 1 else { continue }
            for id in view.causationIDs { add(messages.number(id), handling.message, .causationID) }
            if let id = view.causationCorrelationID, let cause = initiator(id, [], before: position) {
                add(cause, handling.message, .causationID)
            }
        }
    }

    private func linkedHandlers(of operation: OperationReading) -> [Int] {
        operation.record.links.filter { $0.type != .ambient && $0.type != .creation }
            .compactMap { index.position(of: $0.context) }.filter { index.handles($0) }.flatMap(handledMessages)
    }

    /// A sender whose parent is the sender of another service: the handler between the two was not recorded.
    private func messageOfRemoteSender(of position: Int) -> [Int] {
        guard index.parent(of: position) != nil else { return [] }
        let sender = index.nearestAncestor(of: position) { ancestor in
            index.publishes(ancestor) && index.reading(ancestor).service != index.reading(position).service
        }
        return sender.map { Array(join.published[$0]) } ?? []
    }

    private mutating func collectOwnCorrelation() {
        for position in index.operations.indices {
            guard let own = index.reading(position).ownCorrelationID else { continue }
            for message in join.messages(of: position) where ownCorrelation[own]?.contains(message) != true {
                ownCorrelation[own, default: []].append(message)
            }
        }
    }

    /// MassTransit's InitiatorId is the correlation id of the causing message. Several messages may share one: the one
    /// that was being handled is meant, else the last that was known before.
    private func initiator(_ id: String, _ surrounding: [Int], before position: Int) -> Int? {
        guard let candidates = ownCorrelation[id] else { return nil }
        let own = join.messages(of: position)
        if let handled = candidates.first(where: surrounding.contains) { return handled }
        let start = index.reading(position).start
        return candidates.last { candidate in
            guard !own.contains(candidate), candidate < join.publishers.count else { return false }
            return join.publishers[candidate].first.map { index.reading($0).start <= start } ?? true
        }
    }

    /// Where only the correlation id joins a part of the flow to the rest, the first message of that part hangs from
    /// the first message of all: the one whose own id is the correlation id, else the earliest.
    private func correlations(_ parts: [Int]) -> [Cause] {
        var anchors: [String: (message: Int, part: Int)] = [:]
        var firsts: [(correlation: String, message: Int, part: Int)] = []
        var seen: Set<Int> = []
        var partsSeen: Set<Int> = []
        for position in index.operations.indices {
            guard let correlation = index.reading(position).correlationID else { continue }
            for message in join.messages(of: position) where seen.insert(message).inserted {
                if anchors[correlation] == nil || messages.ids[message] == .named(correlation) {
                    anchors[correlation] = (message, parts[position])
                }
                if partsSeen.insert(parts[position]).inserted { firsts.append((correlation, message, parts[position])) }
            }
        }
        return firsts.compactMap { first in
            guard let anchor = anchors[first.correlation], anchor.part != first.part else { return nil }
            return Cause(cause: anchor.message, effect: first.message, evidence: .correlationID)
        }
    }
}
