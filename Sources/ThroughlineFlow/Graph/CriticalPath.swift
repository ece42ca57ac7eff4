import ThroughlineModel

/// Finds the chain of hops that determined when a flow finished: from the hop that ended last back to a root, through
/// whatever had to end, or arrive, before the next message was sent.
struct CriticalPath {
    private let index: OperationIndex
    private let hops: [Hop]
    private let publications: [Publication.ID: Publication]
    private let causes: [Message.ID: [Message.ID]]
    private let hopsOfOperation: [Operation.ID: [Int]]
    private let hopsOfMessage: [Message.ID: [Int]]

    init(
        _ index: OperationIndex, hops: [Hop], publications: [Publication.ID: Publication],
        causes: [Message.ID: [Message.ID]]
    ) {
        self.index = index
        self.hops = hops
        self.publications = publications
        self.causes = causes
        var ofOperation: [Operation.ID: [Int]] = [:]
        var ofMessage: [Message.ID: [Int]] = [:]
        for (position, hop) in hops.enumerated() {
            for attempt in hop.attempts { ofOperation[attempt.operation, default: []].append(position) }
            ofMessage[hop.message, default: []].append(position)
        }
        hopsOfOperation = ofOperation
        hopsOfMessage = ofMessage
    }

    /// The steps, first to last.
    ///
    /// - Parameter replayed: operations that count for nothing here, because a person's decision to replay is no part
    ///   of how long a flow takes.
    func steps(leavingOut replayed: Set<Operation.ID>) -> [CriticalStep] {
        let candidates = hops.indices.filter { position in
            !hops[position].isReplay && !hops[position].attempts.contains { replayed.contains($0.operation) }
        }
        let last = candidates.max { (finish(hops[$0]), $1) < (finish(hops[$1]), $0) }
        let delivered = Set(hops.map(\.id.publication))
        let unread = publications.values
            .filter { !delivered.contains($0.id) && !$0.senders.contains(where: replayed.contains) }
            .max { (left: Publication, right: Publication) in
                (left.sent ?? left.began ?? Timestamp(nanosecondsSinceEpoch: 0), "\(right.id)")
                    < (right.sent ?? right.began ?? Timestamp(nanosecondsSinceEpoch: 0), "\(left.id)")
            }
        var steps: [CriticalStep] = []
        var current = last
        if let unread, let sent = unread.sent, last.map({ finish(hops[$0]) < sent }) ?? true {
            steps.append(CriticalStep(publication: unread.id))
            current = before(unread)
        }
        var visited: Set<Int> = []
        while let position = current, visited.insert(position).inserted {
            let hop = hops[position]
            steps.append(CriticalStep(publication: hop.id.publication, hop: hop.id))
            current = publications[hop.id.publication].flatMap(before)
        }
        return steps.reversed()
    }

    private func finish(_ hop: Hop) -> Timestamp {
        hop.end ?? hop.attempts.last?.start ?? Timestamp(nanosecondsSinceEpoch: 0)
    }

    /// The hop that had to come first: the one in whose handling the message was sent (of a batch the message that
    /// arrived last), else the cause that finished last.
    private func before(_ publication: Publication) -> Int? {
        if case .routed(let origin) = publication.id.reason {
            let source = publications.values.filter {
                $0.id.message == publication.id.message && $0.id.destination == origin && $0.id != publication.id
            }.min { "\($0.id)" < "\($1.id)" }
            return source.flatMap(before)
        }
        for sender in publication.senders.reversed() {
            guard let position = index.position(of: sender), let handler = index.handler(of: position) else { continue }
            let around = (hopsOfOperation[index[handler].id] ?? []).filter { !hops[$0].isReplay }
            if let hop = around.max(by: { arrival($0) < arrival($1) }) { return hop }
        }
        let ended = (causes[publication.id.message] ?? []).flatMap { hopsOfMessage[$0] ?? [] }
            .filter { !hops[$0].isReplay }
        return ended.max { (finish(hops[$0]), $1) < (finish(hops[$1]), $0) }
    }

    private func arrival(_ position: Int) -> (UInt64, Int) {
        (publications[hops[position].id.publication]?.sent?.nanosecondsSinceEpoch ?? 0, -position)
    }
}
