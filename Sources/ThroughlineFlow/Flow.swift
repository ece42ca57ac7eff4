public import ThroughlineModel

/// Everything that happened because of one message (or several that share an effect): spans of any number of traces
/// put back together as a graph.
///
/// A flow may have several roots, and a message several causes. Cycles are data. What was recorded is never changed;
/// what is missing is said to be missing. The order of the records does not matter, and a record that arrived twice
/// counts once.
public struct Flow: Sendable {
    /// The spans, in time order.
    public let operations: [Operation]
    /// The messages, in the order in which they first appear.
    public let messages: [Message]
    /// Which message stood on which destination, in time order.
    public let publications: [Publication]
    /// Which consumer handled what, in time order.
    public let hops: [Hop]
    /// All relations, each with its evidence.
    public let edges: [FlowEdge]
    /// The chain of hops, waiting included, that ended last. Replays and what they caused are left out.
    public let criticalPath: [CriticalStep]
    /// When the first operation began; nil for a flow of nothing.
    public let start: Timestamp?
    /// When the last operation ended, replays included; an operation that never ended counts with its start.
    public let end: Timestamp?
    /// Nanoseconds from the first moment to the last, replays and what they caused left out: how long the flow took
    /// by itself.
    public let latency: UInt64
    /// The operations that a replay brought about, directly or not.
    let replayed: Set<Operation.ID>

    private let operationIndex: [Operation.ID: Int]
    private let messageIndex: [Message.ID: Int]
    private let publicationIndex: [Publication.ID: Int]
    private let hopIndex: [Hop.ID: Int]

    /// Assembles one flow of all the records, joined or not.
    public init(_ records: some Sequence<SpanRecord>) {
        self.init(FlowAssembler(records))
    }

    private init(_ assembled: FlowAssembler) {
        let parts = assembled.assemble()
        operations = parts.operations
        messages = parts.messages
        publications = parts.publications
        hops = parts.hops
        edges = parts.edges
        criticalPath = parts.criticalPath
        replayed = parts.replayed
        let first = parts.operations.first?.record.start
        let own = parts.operations.lazy.filter { !parts.replayed.contains($0.id) }
        start = first
        end = parts.operations.lazy.map { $0.record.end ?? $0.record.start }.max()
        latency = own.map { $0.record.end ?? $0.record.start }.max().flatMap { first?.nanoseconds(until: $0) } ?? 0
        operationIndex = Dictionary(parts.operations.indices.map { (parts.operations[$0].id, $0) }) { first, _ in first
        }
        messageIndex = Dictionary(parts.messages.indices.map { (parts.messages[$0].id, $0) }) { first, _ in first }
        publicationIndex = Dictionary(parts.publications.indices.map { (parts.publications[$0].id, $0) }) {
            first, _ in first
        }
        hopIndex = Dictionary(parts.hops.indices.map { (parts.hops[$0].id, $0) }) { first, _ in first }
    }

    /// Sorts records into flows: the connected components over trace, link in either direction, message id, causation
    /// id and correlation id. Earlier flows come first.
    public static func split(_ records: some Sequence<SpanRecord>) -> [Flow] {
        FlowSplitter(records).components.map { Flow($0) }
    }

    /// The operation of that id.
    public func operation(_ id: Operation.ID) -> Operation? { operationIndex[id].map { operations[$0] } }
    /// The message of that id.
    public func message(_ id: Message.ID) -> Message? { messageIndex[id].map { messages[$0] } }
    /// The publication of that id.
    public func publication(_ id: Publication.ID) -> Publication? { publicationIndex[id].map { publications[$0] } }
    /// The hop of that id.
    public func hop(_ id: Hop.ID) -> Hop? { hopIndex[id].map { hops[$0] } }
}

/// One step of the critical path: a message was sent, waited, and was handled.
public struct CriticalStep: Hashable, Sendable {
    /// What was sent.
    public var publication: Publication.ID
    /// Nil when the chain ends with a message that nobody handled.
    public var hop: Hop.ID?
}
