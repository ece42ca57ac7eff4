/// One span as it is stored, exported and joined into flows: OpenTelemetry's data model for a span, whoever made it.
///
/// A record with no ``end`` is a span that was started and has not ended as far as anyone knows.
public struct SpanRecord: Hashable, Sendable {
    /// The trace that the span belongs to.
    public var traceID: TraceID
    /// The span itself.
    public var spanID: SpanID
    /// The span that this one is a child of; nil for the root of a trace.
    public var parentID: SpanID?
    /// True when the parent is known to live in another process.
    public var parentIsRemote: Bool
    /// Sampled and random flags, as they are propagated.
    public var flags: TraceFlags
    /// The vendors' list, as it is propagated.
    public var traceState: TraceState
    /// What was done, such as `send orders`.
    public var name: String
    /// The role of the span.
    public var kind: SpanKind
    /// When it began.
    public var start: Timestamp
    /// Nil while the span has not ended.
    public var end: Timestamp?
    /// What is known about it.
    public var attributes: Attributes
    /// What happened meanwhile.
    public var events: [SpanEvent]
    /// The other spans that it refers to.
    public var links: [SpanLink]
    /// How it ended.
    public var status: SpanStatus
    /// What the limits left out.
    public var dropped: DroppedCounts
    /// What made the span.
    public var resource: Resource
    /// The library that made the span.
    public var scope: InstrumentationScope

    /// Makes a record; everything but the identity, the name and the start has the value of "nothing known".
    public init(
        traceID: TraceID, spanID: SpanID, parentID: SpanID? = nil, parentIsRemote: Bool = false,
        flags: TraceFlags = [.sampled], traceState: TraceState = TraceState(), name: String,
        kind: SpanKind = .internal, start: Timestamp, end: Timestamp? = nil, attributes: Attributes = [:],
        events: [SpanEvent] = [], links: [SpanLink] = [], status: SpanStatus = .unset,
        dropped: DroppedCounts = DroppedCounts(), resource: Resource = Resource(),
        scope: InstrumentationScope = InstrumentationScope()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.parentIsRemote = parentIsRemote
        self.flags = flags
        self.traceState = traceState
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.attributes = attributes
        self.events = events
        self.links = links
        self.status = status
        self.dropped = dropped
        self.resource = resource
        self.scope = scope
    }

    /// True when whoever made the span meant it for collectors too. A span without the flag is for the store alone, where
    /// a sampler records more than it samples; exporters leave it out unless told otherwise.
    public var isSampled: Bool { flags.contains(.sampled) }

    /// Nanoseconds from start to end, never negative; nil while the span has not ended.
    public var duration: UInt64? { end.map { start.nanoseconds(until: $0) } }
}

/// The role of a span; the raw value is OTLP's.
public enum SpanKind: Int, Hashable, Sendable, CaseIterable {
    case unspecified = 0
    case `internal` = 1
    case server = 2
    case client = 3
    case producer = 4
    case consumer = 5
}

/// How an operation ended; the raw values of ``code`` are OTLP's.
public struct SpanStatus: Hashable, Sendable {
    /// The three codes of OpenTelemetry.
    public enum Code: Int, Hashable, Sendable {
        case unset = 0
        case ok = 1
        case error = 2
    }

    /// Unset, right or failed.
    public var code: Code
    /// Says what went wrong; only an error has one.
    public var message: String?

    /// Makes a status; a message is dropped unless the code is `error` (specification/trace/api.md, Set Status).
    public init(code: Code, message: String? = nil) {
        self.code = code
        self.message = code == .error ? message : nil
    }

    /// Nothing was said.
    public static let unset = SpanStatus(code: .unset)
    /// Said to be right by the application.
    public static let ok = SpanStatus(code: .ok)
    /// Failed.
    public static func error(_ message: String? = nil) -> SpanStatus { SpanStatus(code: .error, message: message) }
}

/// Something that happened at one moment of a span.
public struct SpanEvent: Hashable, Sendable {
    /// What happened.
    public var name: String
    /// When it happened.
    public var time: Timestamp
    /// What is known about it.
    public var attributes: Attributes
    /// How many attributes the limits left out.
    public var droppedAttributes: Int

    /// Makes an event.
    public init(name: String, time: Timestamp, attributes: Attributes = [:], droppedAttributes: Int = 0) {
        self.name = name
        self.time = time
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}

/// A reference from one span to another, in the same trace or not.
public struct SpanLink: Hashable, Sendable {
    /// The span that is referred to.
    public var context: SpanContext
    /// What is known about the reference.
    public var attributes: Attributes
    /// How many attributes the limits left out.
    public var droppedAttributes: Int

    /// Makes a link.
    public init(context: SpanContext, attributes: Attributes = [:], droppedAttributes: Int = 0) {
        self.context = context
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }

    /// What the link means, when it says so under ``ThroughlineAttribute/linkType``.
    public var type: LinkType? { attributes[ThroughlineAttribute.linkType]?.stringValue.flatMap(LinkType.init) }
}

/// What a link means; OpenTelemetry's links have no meaning of their own.
public enum LinkType: String, Hashable, Sendable, CaseIterable {
    /// To the context that the message was created in.
    case creation
    /// To the creation context of one message of a batch.
    case batchMember = "batch-member"
    /// To one of several causes.
    case fanIn = "fan-in"
    /// To the previous attempt at the same delivery.
    case retryOf = "retry-of"
    /// From a dead letter to the attempt that gave up.
    case deadLetterOf = "dead-letter-of"
    /// From a replay to the dead letter or the original.
    case replayOf = "replay-of"
    /// To a span that merely was active when this one began.
    case ambient
}

/// How many attributes, events and links the limits left out of a span.
public struct DroppedCounts: Hashable, Sendable {
    /// Attributes of the span itself, not of its events and links.
    public var attributes: Int
    /// Events.
    public var events: Int
    /// Links.
    public var links: Int

    /// Makes counts; zero by default.
    public init(attributes: Int = 0, events: Int = 0, links: Int = 0) {
        self.attributes = attributes
        self.events = events
        self.links = links
    }

    /// True when nothing was left out.
    public var isEmpty: Bool { attributes == 0 && events == 0 && links == 0 }
}
