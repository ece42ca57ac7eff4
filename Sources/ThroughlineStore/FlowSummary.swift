internal import ThroughlineFlow
public import ThroughlineModel

/// One flow as a line of a list: what `throughline flow` shows of it, in numbers.
public struct FlowSummary: Hashable, Sendable {
    /// What finds it again, and no other flow: its correlation id, else a trace's id, else a span's.
    public var id: String
    /// The span that it began with.
    public var firstSpan: SpanReference
    /// The id that its messages share, the first message's where they have several; nil when none has one.
    public var correlationID: String?
    /// The traces that it spans, oldest first.
    public var traceIDs: [TraceID]
    /// The type of its first message; the name of its first span where no message has a type.
    public var title: String
    /// When its first span started.
    public var startedAt: Timestamp
    /// From the first start to the last end that is known, in nanoseconds, replays and what they caused left out; clocks
    /// that differ for certain are allowed for. See ThroughlineFlow's `Flow.latency`.
    public var durationNanoseconds: UInt64
    /// How many messages it has.
    public var messages: Int
    /// True when the flow is too large to be read for a list: there is more of it, and all numbers are those of the spans
    /// that are nearest to the newest.
    public var isCut: Bool
    /// How many of its spans failed.
    public var errors: Int
    /// How many of its deliveries ended as dead letters.
    public var deadLetters: Int
    /// How many of its deliveries ended with the message rejected, and not known to have become a dead letter.
    public var rejected: Int
    /// The names of the services that took part, in alphabetical order.
    public var services: [String]
    /// The names of the destinations that its messages stood on, in alphabetical order.
    public var destinations: [String]
    /// The types of its messages, in alphabetical order.
    public var messageTypes: [String]
    /// How many spans it has, unfinished ones included.
    public var spans: Int
    /// How many spans were started and never ended.
    public var unfinished: Int

    /// Nil for a flow of nothing.
    init?(_ flow: Flow, id: String, isCut: Bool) {
        let operations = flow.operations
        guard let first = operations.first, let start = flow.start else { return nil }
        self.id = id
        firstSpan = SpanReference(first.record)
        correlationID = flow.correlationID
        traceIDs = flow.traceIDs
        title = flow.title
        startedAt = start
        durationNanoseconds = flow.latency
        messages = flow.messageCount
        self.isCut = isCut
        errors = flow.errorCount
        deadLetters = flow.deadLetterCount
        rejected = flow.hops.count { $0.settlement == .rejected && !$0.isDeadLetter }
        services = flow.services.sorted()
        destinations = flow.destinations.sorted()
        messageTypes = flow.messageTypes.sorted()
        spans = operations.count
        unfinished = flow.unfinishedCount
    }
}

/// The spans of one flow as the store has them.
public struct FlowSpans: Sendable {
    /// Each span once, in the order of their starts.
    public var spans: [SpanRecord]
    /// True when the limit was reached and more spans are connected.
    public var isCut: Bool
    /// Correlation ids that so many traces share that they were not followed.
    public var unfollowedCorrelationIDs: [String] = []
    /// Message ids, not unique by their form, that so many traces share that they were not followed.
    public var unfollowedMessageIDs: [String] = []
    /// Traces in which so many deliveries begin, as in one that lasts as long as its consumer, that of each only what
    /// else belongs to the flow was read.
    public var unfollowedTraces: [TraceID] = []
}

/// Names one span.
public struct SpanReference: Hashable, Sendable {
    /// The trace that the span belongs to.
    public var traceID: TraceID
    /// The span inside it.
    public var spanID: SpanID

    /// Makes a reference.
    public init(traceID: TraceID, spanID: SpanID) {
        self.traceID = traceID
        self.spanID = spanID
    }
}
