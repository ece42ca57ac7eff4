import ThroughlineModel

/// Finds what ended last in each part of a flow, and which message had to be handled, or sent, before.
struct CriticalEnds {
    /// What a path ends with.
    struct End: Hashable {
        /// The last message; nil where what ended last waited for none.
        var publication: Int?
        /// Who handled it; nil where it was being sent.
        var hop: Int?
        /// The operation of these that the rest ran in; nil where the rest ran around it.
        var origin: Int?
        /// What went on after that: operations, each inside the one before, of which the last one ended last.
        var rest: [Int] = []
    }

    /// By part of the flow, in the order of their first operations; more than one where they tie.
    private(set) var parts: [[End]] = []

    private let graph: FlowGraph
    private let clock: CausalClock

    /// Spans of many recorders have no finer clock.
    static let tie: UInt64 = 1_000
    /// Where whole seconds are recorded, any number of operations end as late as each other.
    private static let maximumTies = 64

    /// - Parameter replayed: operations that count for nothing here.
    init(_ graph: FlowGraph, _ clock: CausalClock, leavingOut replayed: Set<Int>) {
        self.graph = graph
        self.clock = clock
        for last in Self.last(graph, clock, leavingOut: replayed) {
            parts.append(last.prefix(Self.maximumTies).flatMap(ends).uniqued())
        }
    }

    /// By part: the operations that ended last, as late as each other.
    private static func last(
        _ graph: FlowGraph, _ clock: CausalClock, leavingOut replayed: Set<Int>
    ) -> [[Int]] {
        func latest(_ operation: Int) -> UInt64 { clock.latest(operation).nanosecondsSinceEpoch }
        var places: [Int: Int] = [:]
        var found: [(end: UInt64, operations: [Int])] = []
        // What belongs together mostly stands together.
        var (part, place) = (-1, -1)
        for operation in graph.index.indices where !replayed.contains(operation) {
            if graph.part(of: operation) != part {
                part = graph.part(of: operation)
                place = places[part] ?? found.count
                if place == found.count {
                    places[part] = place
                    found.append((0, []))
                }
            }
            let end = latest(operation)
            if end > found[place].end {
                found[place].end = end
                found[place].operations.removeAll { latest($0) + tie <= end }
            }
            if end + tie > found[place].end { found[place].operations.append(operation) }
        }
        return found.map(\.operations)
    }

    private func latest(_ operation: Int) -> UInt64 { clock.latest(operation).nanosecondsSinceEpoch }

    /// The nearest of what it ran in, itself first, that handled or sent a message; else what came back to it.
    private func ends(with last: Int) -> [End] {
        var rest: [Int] = []
        for operation in [last] + graph.index.ancestors(of: last) {
            let handled = graph.hopsOfOperation[operation].filter { !graph.hops[$0].isReplay }
            if !handled.isEmpty {
                return clock.latest(handled, by: clock.arrival).map { self.end(with: $0, operation, rest) }
            }
            if graph.index.handles(operation) {
                let framed = clock.latest(hops(framedBy: operation, before: latest(last)), by: clock.finish)
                if !framed.isEmpty { return framed.map { self.end(with: $0, nil, rest + [operation]) } }
            }
            let sent = graph.publicationsOfSender[operation]
            if !sent.isEmpty {
                return sent.map { End(publication: $0, origin: operation, rest: outliving(rest, operation)) }
            }
            rest.append(operation)
        }
        if let hop = answer(to: rest) ?? hops(settledBy: last).max(by: { clock.finish($0) < clock.finish($1) }) {
            return [end(with: hop, nil, rest)]
        }
        return [End(rest: outliving(rest, nil))]
    }

    private func end(with hop: Int, _ origin: Int?, _ rest: [Int]) -> End {
        End(
            publication: graph.publicationOfHop[hop], hop: hop, origin: origin,
            rest: outliving(rest, origin ?? graph.operationsOfHop[hop].last))
    }

    /// The outermost first, without what ended no later than what it ran in.
    private func outliving(_ rest: [Int], _ origin: Int?) -> [Int] {
        var kept: [Int] = rest.reversed()
        while let last = kept.last, let before = ([origin] + kept.dropLast()).compactMap({ $0.map(latest) }).max(),
            latest(last) < before + Self.tie
        {
            kept.removeLast()
        }
        return kept
    }

    /// The deliveries that an operation pulled, or that took place in it, where spans of their own tell them.
    private func hops(framedBy operation: Int, before end: UInt64) -> [Int] {
        let pulled = graph.messageHandled(by: operation).map { Array(graph.publicationsOfMessage[$0]) }
        let own = hops(of: pulled ?? [], by: operation)
        let inside =
            own.isEmpty
            ? graph.hops.indices.filter { hop in
                graph.operationsOfHop[hop].contains { handler in
                    graph.index.nearestAncestor(of: handler) { $0 == operation } != nil
                }
            } : own
        return inside.filter { !graph.hops[$0].isReplay && clock.finish($0) <= end }
    }

    /// The deliveries that an operation settles outside of their handling.
    private func hops(settledBy operation: Int) -> [Int] {
        let row = graph.index.row(operation)
        guard row.operation == .settle else { return [] }
        let members = graph.index.table.members[row.members.range]
        let named = ([row.messageID] + members.map(\.messageID)).compactMap { graph.message(named: $0) }
        let linked = members.compactMap { graph.index.position(of: $0.target) }
        return hops(
            of: named.flatMap { graph.publicationsOfMessage[$0] } + linked.flatMap { graph.publicationsOfSender[$0] },
            by: operation)
    }

    private func hops(of publications: some Sequence<Int>, by operation: Int) -> [Int] {
        let service = graph.index.reading(operation).service
        return publications.flatMap { graph.hopsOfPublication[$0] }
            .filter { graph.hops[$0].consumer.service == service && !graph.hops[$0].isReplay }
    }

    /// What ran on until an answer from another service had come back waited for it: the last one that the same service
    /// handled meanwhile, and that what it sent led to.
    private func answer(to lineage: [Int]) -> Int? {
        guard let root = lineage.last else { return nil }
        let (service, own) = (graph.index.reading(root).service, Set(lineage))
        let back = graph.hops.indices.filter { hop in
            graph.hops[hop].consumer.service == service && !graph.hops[hop].isReplay
                && graph.operationsOfHop[hop].first.map { clock.start($0) >= clock.start(root) } ?? false
                && clock.finish(hop) <= latest(root)
                && !graph.publications[graph.publicationOfHop[hop]].services.contains(service)
        }
        // A message that led back to nothing once needs no second look.
        var seen: Set<Int> = []
        return back.sorted { clock.finish($0) > clock.finish($1) }.first { hop in
            var causes = Array(graph.causes[graph.messageOfPublication[graph.publicationOfHop[hop]]])
            while let cause = causes.popLast() {
                guard seen.insert(cause).inserted else { continue }
                if isSent(cause, inside: own) { return true }
                causes += graph.causes[cause]
            }
            return false
        }
    }

    private func isSent(_ message: Int, inside operations: Set<Int>) -> Bool {
        graph.publicationsOfMessage[message].contains { publication in
            graph.sendersOfPublication[publication].contains { sender in
                // What a handler sends is its own.
                let around = graph.index.nearestAncestor(of: sender) {
                    operations.contains($0) || graph.index.handles($0)
                }
                return around.map(operations.contains) ?? false
            }
        }
    }
}
