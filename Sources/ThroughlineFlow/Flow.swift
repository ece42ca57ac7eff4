public import ThroughlineModel

/// Everything that happened because of one message (or several that share an effect): spans of any number of traces
/// put back together as a graph.
///
/// A flow may have several roots, and a message several causes. Cycles are data. What was recorded is never changed;
/// what is missing is said to be missing. The order of the records does not matter, and a record that arrived twice
/// counts once.
///
/// What every reader needs is there at once; what only some do (relations, gaps, stories, clocks, the critical path) is
/// worked out when it is first asked for, and kept.
public struct Flow: Sendable {
    /// The spans, in time order.
    public var operations: [Operation] { graph.index.operations }
    /// The messages, causes first, then in time order.
    public var messages: [Message] { graph.messages }
    /// Which message stood on which destination, causes first, then in time order.
    public var publications: [Publication] { graph.publications }
    /// Which consumer handled what, in the order of the publications.
    public var hops: [Hop] { graph.hops }
    /// When the first operation began; nil for a flow of nothing.
    public let start: Timestamp?
    /// When the last operation ended, replays included; an operation that never ended counts with its start.
    public let end: Timestamp?
    /// What the caller knew besides the spans.
    public let knowledge: FlowKnowledge
    /// Ids that so many spans share that they were not followed; what stronger evidence joins is here.
    public let hubs: [Hub]

    let graph: FlowGraph
    private let findings: Findings

    /// Assembles one flow of all the records, joined or not.
    ///
    /// - Parameters:
    ///   - records: the spans, in any order; one that comes twice counts once.
    ///   - knowledge: what else is known, to tell why something is missing.
    public init(_ records: some Sequence<SpanRecord>, knowing knowledge: FlowKnowledge = FlowKnowledge()) {
        let unique = UniqueRecords(records)
        let index = OperationIndex(unique.operations)
        let parts = FlowSplitter(index, guarding: HubGuard(maximumParts: .max, maximumDeliveries: .max)).parts
        self.init(index, parts: parts, conflicts: unique.conflicts, hubs: [], knowledge)
    }

    private init(
        _ index: OperationIndex, parts: [Int], conflicts: [Conflict], hubs: [Hub], _ knowledge: FlowKnowledge
    ) {
        graph = FlowGraph(index, parts: parts, conflicts: conflicts, knowledge)
        findings = Findings(graph, knowledge)
        self.hubs = hubs
        self.knowledge = knowledge
        start = index.operations.first?.record.start
        end = index.operations.lazy.map(\.latest).max()
    }

    /// Sorts records into flows: the connected components over trace, link in either direction, message id, causation
    /// id and correlation id. Earlier flows come first.
    ///
    /// - Parameters:
    ///   - records: the spans, in any order; one that comes twice counts once.
    ///   - knowledge: what else is known, to tell why something is missing.
    ///   - guarding: how much one id may join; see ``hubs``.
    public static func split(
        _ records: some Sequence<SpanRecord>, knowing knowledge: FlowKnowledge = FlowKnowledge(),
        guarding: HubGuard = .standard
    ) -> [Flow] {
        let unique = UniqueRecords(records)
        let splitter = FlowSplitter(OperationIndex(unique.operations), guarding: guarding)
        guard let last = splitter.flows.max() else { return [] }
        let members = Lists(count: last + 1, keys: splitter.flows, values: Array(unique.operations.indices))
        return (0...last).map { flow in
            let operations = members[flow].map { unique.operations[$0] }
            let index = OperationIndex(operations)
            let conflicts = unique.conflicts.isEmpty ? [] : unique.conflicts.filter { $0.isAbout(index) }
            return Flow(
                index, parts: members[flow].map { splitter.parts[$0] }, conflicts: conflicts,
                hubs: splitter.hubs[flow] ?? [], knowledge)
        }
    }

    /// All relations, each with its evidence.
    public var edges: [FlowEdge] { findings.edges }
    /// What must have been there and was never recorded, each with the reason that fits.
    public var gaps: [Gap] { findings.gaps }
    /// What spans contradict each other about, and what counted.
    public var conflicts: [Conflict] { graph.conflicts }
    /// The runs of sagas.
    public var sagas: [Saga] { findings.sagas }
    /// The messages that were given up, each with what became of it.
    public var deadLetters: [DeadLetter] { findings.deadLetters }
    /// The messages that answer others.
    public var replies: [Reply] { findings.replies }
    /// How far the hosts' clocks are apart at least and at most, for every two hosts that a cause and its effect join.
    public var clockOffsets: [ClockOffset] { findings.clockOffsets }
    /// The chains of hops, waiting included, that ended last; more than one where branches tie. Replays and what they
    /// caused are left out.
    public var criticalPaths: [CriticalPath] { findings.criticalPaths }
    /// The steps of all critical paths, each once.
    public var criticalPath: [CriticalStep] {
        let paths = findings.criticalPaths
        return paths.count == 1 ? paths[0].steps : paths.flatMap(\.steps).uniqued()
    }
    /// Nanoseconds from the first moment to the last, replays and what they caused left out: how long the flow took
    /// by itself.
    public var latency: UInt64 { findings.latency }

    /// The operation of that id.
    public func operation(_ id: Operation.ID) -> Operation? { graph.index.position(of: id).map { operations[$0] } }
    /// The message of that id.
    public func message(_ id: Message.ID) -> Message? { findings.place(of: id).map { messages[$0] } }
    /// The publication of that id.
    public func publication(_ id: Publication.ID) -> Publication? {
        guard let message = findings.place(of: id.message) else { return nil }
        return graph.publicationsOfMessage[message].lazy.map { publications[$0] }.first { $0.id == id }
    }
    /// The hop of that id.
    public func hop(_ id: Hop.ID) -> Hop? {
        guard let message = findings.place(of: id.publication.message) else { return nil }
        return graph.publicationsOfMessage[message].lazy.filter { publications[$0].id == id.publication }
            .flatMap { graph.hopsOfPublication[$0] }.map { hops[$0] }.first { $0.id == id }
    }

    /// True when a replay brought the operation about, directly or not.
    package func isReplayed(_ operation: Operation.ID) -> Bool {
        graph.index.position(of: operation).map(findings.replayed.contains) ?? false
    }
}

extension Conflict {
    fileprivate func isAbout(_ index: OperationIndex) -> Bool {
        guard case .operation(let id) = place else { return false }
        return index.position(of: id) != nil
    }
}
