import ThroughlineModel

/// Finds which message caused which.
struct CausationJoin {
    /// One message's part in another's coming to be.
    struct Cause: Hashable {
        var cause: Message.ID
        var effect: Message.ID
        var evidence: Evidence
    }

    /// Each pair once, with its strongest evidence.
    private(set) var causes: [Cause] = []
    /// Pairs that only a correlation id joins.
    private(set) var correlated: [Cause] = []

    private let index: OperationIndex
    private let join: MessageJoin
    private var evidence: [Pair: Evidence] = [:]

    private struct Pair: Hashable {
        var cause: Message.ID
        var effect: Message.ID
    }

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        var pairs: [Pair] = []
        for position in index.operations.indices {
            for cause in causes(around: position) where cause.cause != cause.effect {
                let pair = Pair(cause: cause.cause, effect: cause.effect)
                if let known = evidence[pair] {
                    evidence[pair] = min(known, cause.evidence)
                } else {
                    evidence[pair] = cause.evidence
                    pairs.append(pair)
                }
            }
        }
        causes = pairs.map { Cause(cause: $0.cause, effect: $0.effect, evidence: evidence[$0] ?? .causationID) }
        correlated = correlations()
    }

    private func causes(around position: Int) -> [Cause] {
        let operation = index[position]
        let effects = join.messages(of: position)
        guard !effects.isEmpty, let view = operation.messaging else { return [] }
        var found: [(message: Message.ID, evidence: Evidence)] = []
        let named = view.causationIDs.map(Message.ID.named)
        if operation.publishes {
            let handler = index.handler(of: position)
            let surrounding = handler.map { join.handled[$0].map(\.message) } ?? messageOfRemoteSender(of: position)
            let linked = operation.record.links.filter { $0.type != .ambient && $0.type != .creation }
                .compactMap { index.position(of: $0.context) }.filter { index[$0].handles }
                .flatMap { join.handled[$0].map(\.message) }
            // What the message names is exact; the handler of a batch merely surrounds it.
            if named.isEmpty { found += surrounding.map { ($0, .parent) } }
            for message in named {
                let proof: Evidence =
                    surrounding.contains(message) ? .parent : linked.contains(message) ? .link : .causationID
                found.append((message, proof))
            }
            if named.isEmpty, handler == nil { found += linked.map { ($0, .link) } }
            for link in operation.record.links where link.type == .fanIn {
                guard let target = index.position(of: link.context) else { continue }
                found += join.messages(of: target).map { ($0, .link) }
            }
        } else {
            // The handler's copy of the ids still tells when the sender was not recorded.
            return effects.flatMap { effect in
                let own = view.member(effect)?.causationIDs.map(Message.ID.named) ?? []
                return (own + (effects.count == 1 ? named : [])).uniqued().map {
                    Cause(cause: $0, effect: effect, evidence: .causationID)
                }
            }
        }
        return effects.flatMap { effect in
            found.map { Cause(cause: $0.message, effect: effect, evidence: $0.evidence) }
        }
    }

    /// A sender whose parent is the sender of another service: the handler between the two was not recorded.
    private func messageOfRemoteSender(of position: Int) -> [Message.ID] {
        let service = index[position].service
        let sender = index.nearestAncestor(of: position) { $0.publishes && $0.service != service }
        return sender.map { join.published[$0] } ?? []
    }

    /// Where only the correlation id joins a part of the flow to the rest, the first message of that part hangs from
    /// the first message of all: the one whose own id is the correlation id, else the earliest.
    private func correlations() -> [Cause] {
        let parts = FlowSplitter.parts(of: index.operations.map(\.record), ignoringCorrelation: true)
        var anchors: [String: (message: Message.ID, part: Int)] = [:]
        var firsts: [(correlation: String, message: Message.ID, part: Int)] = []
        var seen: Set<Message.ID> = []
        var partsSeen: Set<Int> = []
        for position in index.operations.indices {
            guard let correlation = index[position].messaging?.correlationID else { continue }
            for message in join.messages(of: position) where seen.insert(message).inserted {
                if anchors[correlation] == nil || message == .named(correlation) {
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
