public import ThroughlineModel

/// One flow as a line of a list.
public struct FlowSummary: Hashable, Sendable {
    /// The id that its messages share; nil for a trace in which no span has one.
    public var correlationID: String?
    /// The traces that it spans, oldest first.
    public var traceIDs: [TraceID]
    /// The type of its first message; the name of its first span where no message has a type.
    public var title: String
    /// When its first span started.
    public var startedAt: Timestamp
    /// From the first start to the last end that is known, in nanoseconds.
    public var durationNanoseconds: UInt64
    /// How many messages it has; where some have no id, as many as the flow shows when it is put together.
    public var messages: Int
    /// True when that are only those that ids and senders tell of, because the flow is too large to be put together for
    /// a list.
    public var messagesMayBeMore = false
    /// How many of its spans failed.
    public var errors: Int
    /// How many of its deliveries ended as dead letters.
    public var deadLetters: Int
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

    /// What finds it again: the correlation id, else the first trace's.
    public var id: String { correlationID ?? traceIDs.first?.hex ?? "" }
}

/// The spans of one flow as the store has them.
public struct FlowSpans: Sendable {
    /// Each span once, in the order of their starts.
    public var spans: [SpanRecord]
    /// True when the limit was reached and more spans are connected.
    public var isCut: Bool
    /// Correlation ids that so many traces share that they were not followed.
    public var unfollowedCorrelationIDs: [String] = []
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
