import ThroughlineModel

/// Finds the chain of hops that determined when a flow finished: from the hop that ended last back to a root, through
/// whatever had to end, or arrive, before the next message was sent.
///
/// Where only a correlation id joins the parts of the flow, each has a path of its own, and the longest is told.
struct CriticalPathFinder {
    /// Nearly always one; more where branches ended, or arrived, in the same microsecond.
    private(set) var paths: [CriticalPath] = []

    private let graph: FlowGraph
    private let replayed: Set<Int>
    /// By publication that a message was set aside by: the hop that gave it up.
    private let givenUp: [Int: Int]

    /// Spans of many recorders have no finer clock.
    private static let tie: UInt64 = 1_000
    /// More ties than that would say nothing any more.
    private static let maximumPaths = 8

    /// - Parameter replayed: operations that count for nothing here, because a person's decision to replay is no part
    ///   of how long a flow takes.
    init(_ graph: FlowGraph, deadLetters: [DeadLetterReader.Parts], leavingOut replayed: Set<Int>) {
        self.graph = graph
        self.replayed = replayed
        let given = deadLetters.compactMap { letter in
            letter.publication.flatMap { aside in letter.hop.map { (aside, $0) } }
        }
        givenUp = Dictionary(given) { first, _ in first }
        let segments = CriticalSegments(graph)
        for candidates in candidates() {
            let found = paths(to: candidates, segments)
            if let first = found.first, paths.first.map({ $0.duration < first.duration }) ?? true { paths = found }
        }
    }

    private func paths(to candidates: Candidates, _ segments: CriticalSegments) -> [CriticalPath] {
        var chains: [[(publication: Int, hop: Int?)]] = []
        for end in ends(candidates) {
            chains += self.chains(back: end)
            if chains.count >= Self.maximumPaths { break }
        }
        return chains.prefix(Self.maximumPaths).map { chain in
            CriticalPath(
                steps: chain.map { step in
                    CriticalStep(
                        publication: graph.publications[step.publication].id, hop: step.hop.map { graph.hops[$0].id })
                },
                segments: segments.segments(of: chain))
        }
    }

    private func finish(_ hop: Int) -> UInt64 {
        (graph.hops[hop].end ?? graph.hops[hop].attempts.last?.start ?? .distantPast).nanosecondsSinceEpoch
    }

    /// What a path may end with.
    private struct Candidates {
        var hops: [Int] = []
        /// Publications that nobody handled.
        var unread: [Int] = []
    }

    /// By the part of the flow, in the order of their first publications.
    private func candidates() -> [Candidates] {
        var found: [Candidates] = []
        var places: [Int: Int] = [:]
        func place(_ operation: Int?) -> Int {
            let part = operation.map(graph.part) ?? -1
            let known = places[part] ?? found.count
            if known == found.count { found.append(Candidates()) }
            places[part] = known
            return known
        }
        for publication in graph.publications.indices {
            let hops = graph.hopsOfPublication[publication]
            for hop in hops where !graph.hops[hop].isReplay {
                let operations = graph.operationsOfHop[hop]
                if operations.contains(where: replayed.contains) { continue }
                found[place(operations.first)].hops.append(hop)
            }
            let senders = graph.sendersOfPublication[publication]
            guard hops.isEmpty, graph.publications[publication].sent != nil,
                !senders.contains(where: replayed.contains)
            else { continue }
            found[place(senders.first)].unread.append(publication)
        }
        return found
    }

    /// What ended last: hops, or a message that was sent after all of them and that nobody handled.
    private func ends(_ candidates: Candidates) -> [(publication: Int, hop: Int?)] {
        let lastHop = candidates.hops.map(finish).max()
        let lastSent = candidates.unread.compactMap { graph.publications[$0].sent?.nanosecondsSinceEpoch }.max()
        if let lastSent, lastHop.map({ $0 < lastSent }) ?? true {
            return latest(candidates.unread) { graph.publications[$0].sent?.nanosecondsSinceEpoch ?? 0 }
                .map { ($0, nil) }
        }
        return latest(candidates.hops, by: finish).map { (graph.publicationOfHop[$0], $0) }
    }

    /// Those that are as late as the latest, first ones first.
    private func latest(_ candidates: [Int], by time: (Int) -> UInt64) -> [Int] {
        guard let last = candidates.map(time).max() else { return [] }
        return candidates.filter { last - time($0) < Self.tie }
    }

    /// A chain that is followed back, latest step first.
    private struct Chain {
        var steps: [(publication: Int, hop: Int?)]
        /// The hops in it: causes may form a circle.
        var hops: Set<Int>

        mutating func append(_ hop: Int, _ publication: Int) {
            steps.append((publication, hop))
            hops.insert(hop)
        }
    }

    private func chains(back end: (publication: Int, hop: Int?)) -> [[(publication: Int, hop: Int?)]] {
        var open = [Chain(steps: [end], hops: Set([end.hop].compactMap(\.self)))]
        var done: [[(publication: Int, hop: Int?)]] = []
        while done.count < Self.maximumPaths, var chain = open.popLast() {
            while let first = chain.steps.last {
                let before = self.before(first.publication).filter { !chain.hops.contains($0) }
                guard let next = before.first else { break }
                // Nearly always there is one way back, and then nothing is copied.
                for hop in before.prefix(Self.maximumPaths).dropFirst().reversed() {
                    var other = chain
                    other.append(hop, graph.publicationOfHop[hop])
                    open.append(other)
                }
                chain.append(next, graph.publicationOfHop[next])
            }
            done.append(chain.steps.reversed())
        }
        return done
    }

    /// The hops that had to come first: the one in whose handling the message was sent (of a batch the message that
    /// arrived last), else the cause that finished last.
    private func before(_ publication: Int) -> [Int] {
        if case .routed(let origin) = graph.publications[publication].id.reason {
            let source = graph.publicationsOfMessage[graph.messageOfPublication[publication]].first {
                $0 != publication && graph.publications[$0].id.destination == origin
            }
            return source.map(before) ?? []
        }
        for sender in graph.sendersOfPublication[publication].reversed() {
            guard let handler = graph.index.handler(of: sender) else { continue }
            let around = graph.hopsOfOperation[handler].filter { !graph.hops[$0].isReplay }
            if !around.isEmpty { return latest(around, by: arrival) }
        }
        if let hop = givenUp[publication] { return [hop] }
        let ended = graph.causes[graph.messageOfPublication[publication]]
            .flatMap { graph.publicationsOfMessage[$0] }.flatMap { graph.hopsOfPublication[$0] }
            .filter { !graph.hops[$0].isReplay }
        return latest(ended, by: finish)
    }

    private func arrival(_ hop: Int) -> UInt64 {
        graph.publications[graph.publicationOfHop[hop]].sent?.nanosecondsSinceEpoch ?? 0
    }
}
