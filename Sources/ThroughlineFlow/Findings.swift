import Synchronization
import ThroughlineModel

/// What is worked out of a flow when somebody asks for it, each thing once.
final class Findings: Sendable {
    private struct Known: Sendable {
        var edges: [FlowEdge]?
        var gaps: [Gap]?
        var sagas: [Saga]?
        var deadLetters: DeadLetterReader?
        var replies: [Reply]?
        var clockOffsets: [ClockOffset]?
        var criticalPaths: [CriticalPath]?
        var replayed: Set<Int>?
        var latency: UInt64?
        var places: [Message.ID: Int]?
    }

    private let graph: FlowGraph
    private let knowledge: FlowKnowledge
    private let known = Mutex(Known())

    init(_ graph: FlowGraph, _ knowledge: FlowKnowledge) {
        self.graph = graph
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

    var edges: [FlowEdge] {
        find(\.edges) {
            EdgeBuilder(graph, deadLetters: deadLetterReader.parts, replies: replies).edges
        }
    }

    var gaps: [Gap] { find(\.gaps) { GapFinder(graph, knowledge).gaps } }
    var sagas: [Saga] { find(\.sagas) { SagaReader(graph).sagas } }
    var deadLetters: [DeadLetter] { deadLetterReader.deadLetters }
    var replies: [Reply] { find(\.replies) { ReplyReader(graph).replies } }
    var clockOffsets: [ClockOffset] { find(\.clockOffsets) { ClockBounds(graph).offsets } }
    var replayed: Set<Int> { find(\.replayed) { ReplayReach(graph).operations } }

    var latency: UInt64 {
        find(\.latency) {
            let operations = graph.index.operations
            let replayed = replayed
            let last = operations.indices.lazy.filter { !replayed.contains($0) }.map { operations[$0].latest }.max()
            return last.flatMap { operations.first?.record.start.nanoseconds(until: $0) } ?? 0
        }
    }

    var criticalPaths: [CriticalPath] {
        find(\.criticalPaths) { CriticalPathFinder(graph, leavingOut: replayed).paths }
    }

    private var deadLetterReader: DeadLetterReader { find(\.deadLetters) { DeadLetterReader(graph) } }

    /// The place of a message; another name of it finds it too.
    func place(of id: Message.ID) -> Int? {
        if case .named(let name) = id {
            return graph.causation.messages.find(name).map { graph.messageOfJoin[$0] }
        }
        let places = find(\.places) {
            Dictionary(graph.messages.indices.map { (graph.messages[$0].id, $0) }) { first, _ in first }
        }
        return places[id]
    }
}
