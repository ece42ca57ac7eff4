import Synchronization
import ThroughlineModel

/// What is worked out of a flow when somebody asks for it, each thing once.
final class Findings: Sendable {
    private struct Known: Sendable {
        var operations: [Operation]?
        var parts: FlowParts?
        var graph: FlowGraph?
        var hops: [Hop]?
        var edges: [FlowEdge]?
        var gaps: [Gap]?
        var sagas: [Saga]?
        var deadLetters: DeadLetterReader?
        var replies: ReplyReader?
        var clockOffsets: [ClockOffset]?
        var clock: CausalClock?
        var hasSkew: Bool?
        var criticalPaths: [CriticalPath]?
        var replayed: Set<Int>?
        var latency: UInt64?
        var recordedLatency: UInt64?
        var places: [Message.ID: Int]?
    }

    private let assembly: Assembly
    private let flow: Assembly.Extent
    private let knowledge: FlowKnowledge
    private let known = Mutex(Known())

    init(_ assembly: Assembly, _ flow: Assembly.Extent, _ knowledge: FlowKnowledge) {
        self.assembly = assembly
        self.flow = flow
        self.knowledge = knowledge
    }

    /// Two threads that ask at once may both work it out, and find the same.
    private func find<Value: Sendable>(
        _ path: WritableKeyPath<Known, Value?>, _ work: () -> Value
    ) -> Value {
        if let value = known.withLock({ $0[keyPath: path] }) { return value }
        let value = work()
        known.withLock { $0[keyPath: path] = value }
        return value
    }

    var operations: [Operation] {
        find(\.operations) {
            flow.operations.map { Operation(OperationReading(table: assembly.table, position: $0)) }
        }
    }

    var parts: FlowParts { find(\.parts) { FlowParts(assembly, flow, knowledge) } }
    var graph: FlowGraph { find(\.graph) { FlowGraph(assembly, flow, parts) } }

    /// The hops; those that a dead letter came of are marked, whatever their own spans say, and what no two clocks agree on
    /// is unknown.
    var hops: [Hop] {
        find(\.hops) {
            var hops = parts.hops
            if hasSkew {
                let clock = clock
                for hop in hops.indices where clock.contradictsWait(hop) {
                    hops[hop].isWaitUnknown = true
                    hops[hop].attempts[0].waited = nil
                }
            }
            guard hasPublication(.deadLettered) else { return hops }
            for hop in deadLetterReader.parts.compactMap(\.hop) { hops[hop].isSetAside = true }
            return hops
        }
    }

    var edges: [FlowEdge] {
        find(\.edges) {
            EdgeBuilder(graph, deadLetters: deadLetterReader.parts, replies: replyReader.parts).edges
        }
    }

    var gaps: [Gap] { find(\.gaps) { GapFinder(graph, knowledge, hubTraces: assembly.hubTraces).gaps } }
    var sagas: [Saga] { find(\.sagas) { SagaReader(graph).sagas } }
    /// Most flows have none, which shows without a graph.
    var deadLetters: [DeadLetter] {
        let mayHaveSome = hasPublication(.deadLettered) || parts.hops.contains(where: \.isDeadLetter)
        return mayHaveSome ? deadLetterReader.deadLetters : []
    }
    var replies: [Reply] { replyReader.replies }
    var clockOffsets: [ClockOffset] { find(\.clockOffsets) { ClockBounds(graph).offsets } }
    var clock: CausalClock { find(\.clock) { CausalClock(graph, hasSkew ? clockOffsets : []) } }
    private var hasSkew: Bool { find(\.hasSkew) { CausalClock.hasSkew(assembly, flow) } }
    /// Nil where every clock is taken as it is, which mostly shows without a graph.
    var clockThatDiffers: CausalClock? { hasSkew && !clock.isPlain ? clock : nil }

    private func hasPublication(_ reason: PublicationRow.Reason) -> Bool {
        let publications = assembly.hops.publications.publications
        return flow.publications.contains { publications[$0].reason == reason }
    }

    var replayed: Set<Int> {
        find(\.replayed) {
            let hops = assembly.hops.hops
            let mayHaveSome = hasPublication(.replayed) || flow.hops.contains { hops[$0].isReplay }
            return mayHaveSome ? ReplayReach(graph).operations : []
        }
    }

    var latency: UInt64 {
        guard let clock = clockThatDiffers else { return recordedLatency }
        return find(\.latency) {
            let replayed = replayed
            let first = graph.index.indices.lazy.map(clock.start).min()
            let last = graph.index.indices.lazy.filter { !replayed.contains($0) }.map(clock.latest).max()
            return first.flatMap { first in last.map(first.nanoseconds) } ?? 0
        }
    }

    /// The operations, as ``clock`` has them one after the other; of two at the same moment, the one whose clock needed
    /// the least for that comes first.
    var causalOperations: [Operation] {
        guard let clock = clockThatDiffers else { return operations }
        let operations = operations
        let moments = operations.enumerated().map { (place: $0, start: clock.start($0), recorded: $1.record.start) }
        return moments.sorted { left, right in
            (left.start, right.recorded, left.place) < (right.start, left.recorded, right.place)
        }.map { operations[$0.place] }
    }

    var recordedLatency: UInt64 {
        find(\.recordedLatency) {
            let (replayed, rows, base) = (replayed, assembly.table.rows, flow.operations.lowerBound)
            let last = flow.operations.lazy.filter { !replayed.contains($0 - base) }.map { rows[$0].latest }.max()
            return last.map { rows[base].start.nanoseconds(until: $0) } ?? 0
        }
    }

    var partCount: Int {
        let parts = assembly.parts[flow.operations]
        return parts.allSatisfy { $0 == parts.first } ? min(1, parts.count) : Set(parts).count
    }

    var criticalPaths: [CriticalPath] {
        find(\.criticalPaths) {
            CriticalPathFinder(
                graph, clock, deadLetters: hasPublication(.deadLettered) ? deadLetterReader.parts : [],
                leavingOut: replayed
            ).paths
        }
    }

    private var deadLetterReader: DeadLetterReader { find(\.deadLetters) { DeadLetterReader(graph) } }
    private var replyReader: ReplyReader { find(\.replies) { ReplyReader(graph) } }

    /// The place of a message; another name of it finds it too.
    func place(of id: Message.ID) -> Int? {
        if case .named(let name) = id {
            return graph.message(named: name)
        }
        let places = find(\.places) {
            Dictionary(parts.messages.enumerated().map { ($1.id, $0) }) { first, _ in first }
        }
        return places[id]
    }
}
