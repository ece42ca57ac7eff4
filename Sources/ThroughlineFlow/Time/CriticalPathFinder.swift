import ThroughlineModel

/// Finds the chain of hops that determined when a flow finished: from what ended last back to a root, through whatever had
/// to end, or arrive, before the next message was sent.
///
/// Where only a correlation id joins the parts of the flow, each has a path of its own, and the longest is told.
struct CriticalPathFinder {
    /// Nearly always one; more where branches ended, or arrived, in the same microsecond.
    private(set) var paths: [CriticalPath] = []

    private let graph: FlowGraph
    private let clock: CausalClock
    /// By publication that a message was set aside by: the hop that gave it up.
    private let givenUp: [Int: Int]

    /// More ties than that would say nothing any more.
    private static let maximumPaths = 8

    /// - Parameter replayed: operations that count for nothing here, because a person's decision to replay is no part
    ///   of how long a flow takes.
    init(
        _ graph: FlowGraph, _ clock: CausalClock, deadLetters: [DeadLetterReader.Parts], leavingOut replayed: Set<Int>
    ) {
        self.graph = graph
        self.clock = clock
        let given = deadLetters.compactMap { letter in
            letter.publication.flatMap { aside in letter.hop.map { (aside, $0) } }
        }
        givenUp = Dictionary(given) { first, _ in first }
        // Without messages there is nothing that waited for any.
        if graph.publications.isEmpty { return }
        let segments = CriticalSegments(graph, clock)
        for ends in CriticalEnds(graph, clock, leavingOut: replayed).parts {
            let found = paths(to: ends, segments)
            if let first = found.first, paths.first.map({ $0.duration < first.duration }) ?? true { paths = found }
        }
    }

    private func paths(to ends: [CriticalEnds.End], _ segments: CriticalSegments) -> [CriticalPath] {
        var chains: [CriticalChain] = []
        for end in ends {
            let ways = end.publication.map { self.chains(back: ($0, end.hop)) } ?? [[]]
            chains += ways.map { CriticalChain(steps: $0, origin: end.origin, rest: end.rest) }
            if chains.count >= Self.maximumPaths { break }
        }
        return chains.prefix(Self.maximumPaths).map { chain in
            CriticalPath(
                steps: chain.steps.map { step in
                    CriticalStep(
                        publication: graph.publications[step.publication].id, hop: step.hop.map { graph.hops[$0].id })
                },
                segments: segments.segments(of: chain))
        }
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
            if !around.isEmpty { return clock.latest(around, by: clock.arrival) }
        }
        if let hop = givenUp[publication] { return [hop] }
        let ended = graph.causes[graph.messageOfPublication[publication]]
            .flatMap { graph.publicationsOfMessage[$0] }.flatMap { graph.hopsOfPublication[$0] }
            .filter { !graph.hops[$0].isReplay }
        return clock.latest(ended, by: clock.finish)
    }
}
