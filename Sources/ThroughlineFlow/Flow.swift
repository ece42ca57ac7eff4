public import ThroughlineModel

/// Everything that happened because of one message (or several that share an effect): spans of any number of traces
/// put back together as a graph.
///
/// A flow may have several roots, and a message several causes. Cycles are data. What was recorded is never changed;
/// what is missing is said to be missing. The order of the records does not matter, and a record that arrived twice
/// counts once.
///
/// What belongs together is found at once, for all flows of a split in one go. What only some readers ask for (relations,
/// gaps, stories, clocks, the critical path) is worked out when it is first asked for, and kept. A flow keeps the records
/// alive that it was split from, those of the other flows too.
public struct Flow: Sendable {
    /// The spans, in time order.
    public var operations: [Operation] { findings.operations }
    /// The messages, causes first, then in time order.
    public var messages: [Message] { findings.parts.messages }
    /// Which message stood on which destination, causes first, then in time order.
    public var publications: [Publication] { findings.parts.publications }
    /// Which consumer handled what, in the order of the publications.
    public var hops: [Hop] { findings.hops }
    /// When the first operation began; nil for a flow of nothing.
    public let start: Timestamp?
    /// When the last operation ended, replays included; an operation that never ended counts with its start.
    public let end: Timestamp?
    /// What the caller knew besides the spans.
    public let knowledge: FlowKnowledge
    /// Ids that so many spans share that they were not followed; what stronger evidence joins is here.
    public let hubs: [Hub]

    private let findings: Findings
    private let index: OperationIndex

    /// Assembles one flow of all the records, joined or not.
    ///
    /// - Parameters:
    ///   - records: the spans, in any order; one that comes twice counts once.
    ///   - knowledge: what else is known, to tell why something is missing.
    public init(_ records: some Sequence<SpanRecord>, knowing knowledge: FlowKnowledge = FlowKnowledge()) {
        var unique = UniqueRows(records)
        let assembly = Assembly(SplitTable(&unique, guarding: nil))
        self.init(assembly, assembly.flows.first ?? .empty, knowledge)
    }

    private init(_ assembly: Assembly, _ flow: Assembly.Extent, _ knowledge: FlowKnowledge) {
        index = OperationIndex(assembly.table, flow)
        findings = Findings(assembly, flow, knowledge)
        conflicts = flow.conflicts
        hubs = flow.hubs
        self.knowledge = knowledge
        let rows = assembly.table.rows
        start = flow.operations.first.map { rows[$0].start }
        end = flow.operations.lazy.map { rows[$0].latest }.max()
    }

    /// Sorts records into flows: the connected components over trace, link in either direction, message id, causation
    /// id and correlation id. Earlier flows come first.
    ///
    /// The caller waits. Tens of thousands of spans and more are read, and their flows joined, on all cores.
    ///
    /// - Parameters:
    ///   - records: the spans, in any order; one that comes twice counts once.
    ///   - knowledge: what else is known, to tell why something is missing.
    ///   - guarding: how much one id may join; see ``hubs``.
    public static func split(
        _ records: some Sequence<SpanRecord>, knowing knowledge: FlowKnowledge = FlowKnowledge(),
        guarding: HubGuard = .standard
    ) -> [Flow] {
        var unique = UniqueRows(records)
        return Assembly.all(SplitTable(&unique, guarding: guarding)).flatMap { assembly in
            assembly.flows.map { Flow(assembly, $0, knowledge) }
        }
    }

    /// All relations, each with its evidence.
    public var edges: [FlowEdge] { findings.edges }
    /// What must have been there and was never recorded, each with the reason that fits.
    public var gaps: [Gap] { findings.gaps }
    /// What spans contradict each other about, and what counted.
    public let conflicts: [Conflict]
    /// The runs of sagas.
    public var sagas: [Saga] { findings.sagas }
    /// The messages that were given up, each with what became of it.
    public var deadLetters: [DeadLetter] { findings.deadLetters }
    /// The messages that answer others.
    public var replies: [Reply] { findings.replies }
    /// How far the hosts' clocks are apart at least and at most, for every two hosts that a cause and its effect join.
    public var clockOffsets: [ClockOffset] { findings.clockOffsets }
    /// How many parts the flow has that nothing but a correlation id joins: as far as spans tell, nothing in one of them
    /// caused anything in another.
    public var partCount: Int { findings.partCount }
    /// The chains of hops, waiting included, to what ended last; more than one where branches tie. Replays and what they
    /// caused are left out. Of several parts (see ``partCount``) it is that of the one whose path took longest: what
    /// merely belongs to the same flow waited for nothing in the others.
    public var criticalPaths: [CriticalPath] { findings.criticalPaths }
    /// The steps of all critical paths, each once.
    public var criticalPath: [CriticalStep] {
        let paths = findings.criticalPaths
        return paths.count == 1 ? paths[0].steps : paths.flatMap(\.steps).uniqued()
    }
    /// Nanoseconds from the first moment to the last, replays and what they caused left out: how long the flow took
    /// by itself, the time between its parts included. Clocks that differ for certain (see ``clockOffsets``) are allowed
    /// for, by as little as lets no effect come before its cause.
    public var latency: UInt64 { findings.latency }

    /// The same by the clocks as they are.
    package var recordedLatency: UInt64 { findings.recordedLatency }
    /// The spans in the order in which causes allow them to have begun; that of ``operations`` where clocks agree.
    var causalOperations: [Operation] { findings.causalOperations }
    /// A moment that an operation recorded, on clocks by which no effect comes before its cause; see ``latency``.
    package func moment(_ time: Timestamp, of operation: Operation.ID) -> Timestamp {
        index.position(of: operation).map { findings.clock.moment(time, of: $0) } ?? time
    }
    /// True when they differ for certain, and nothing contradicts that.
    var allowsForClocks: Bool { findings.clockThatDiffers != nil }

    /// The operation of that id.
    public func operation(_ id: Operation.ID) -> Operation? { index.position(of: id).map { index[$0] } }
    /// The message of that id.
    public func message(_ id: Message.ID) -> Message? { findings.place(of: id).map { messages[$0] } }
    /// The publication of that id.
    public func publication(_ id: Publication.ID) -> Publication? {
        guard let message = findings.place(of: id.message) else { return nil }
        return findings.graph.publicationsOfMessage[message].lazy.map { publications[$0] }.first { $0.id == id }
    }
    /// The hop of that id.
    public func hop(_ id: Hop.ID) -> Hop? {
        guard let message = findings.place(of: id.publication.message) else { return nil }
        let (graph, publications, hops) = (findings.graph, publications, hops)
        return graph.publicationsOfMessage[message].lazy.filter { publications[$0].id == id.publication }
            .flatMap { graph.hopsOfPublication[$0] }.map { hops[$0] }.first { $0.id == id }
    }

    /// The service that last failed with a message which the broker then set aside by itself.
    package func whoGaveUp(_ publication: Publication) -> String? {
        guard publication.id.reason == .deadLettered, let message = findings.place(of: publication.id.message) else {
            return nil
        }
        let (graph, hops) = (findings.graph, hops)
        let failed = graph.publicationsOfMessage[message].flatMap { graph.hopsOfPublication[$0] }.map { hops[$0] }
            .filter { $0.failed && $0.id.publication != publication.id }
        return failed.last?.consumer.service
    }

    /// True when a replay brought the operation about, directly or not.
    package func isReplayed(_ operation: Operation.ID) -> Bool {
        index.position(of: operation).map(findings.replayed.contains) ?? false
    }
}
