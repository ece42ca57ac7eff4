import ThroughlineModel

/// What the engine needs of one span: numbers only, so that a million of them are looked at without counting a single
/// reference. Texts are ``Name``s; lists are parts of the columns of an ``OperationTable``.
struct OperationRow: Sendable {
    var id: Operation.ID
    /// The span that it is a child of, recorded or not.
    @Compact var parentSpan: SpanID?
    /// Where the span itself is among the records.
    var record: Int32 = 0
    /// Where its parent is in the table; -1 where none is recorded in the same flow.
    var parent: Int32 = -1
    /// The flow that it belongs to.
    var flow: Int32 = 0
    var start: Timestamp
    @Compact var end: Timestamp?
    var marks: OperationMarks = []
    var kind: SpanKind
    /// It is about messages; without that, everything below is empty.
    var isMessaging = false
    var publishes = false
    /// It handles a message, or took one from the broker.
    var handles = false
    var failed = false
    var operation: MessagingOperation?
    var intent: MessageIntent?
    var settlement: Settlement?
    /// Of the resource, and so of every span.
    var service: Name = .absent
    /// Whose clock its times are by; of every span.
    var host: Name = .absent
    var system: Name = .absent
    var destination: Name = .absent
    var group: Name = .absent
    var messageID: Name = .absent
    var correlationID: Name = .absent
    var ownCorrelationID: Name = .absent
    var causationCorrelationID: Name = .absent
    var type: Name = .absent
    /// Its part of the causation ids.
    var causes: Part = .none
    /// Its part of the links, of any span.
    var links: Part = .none
    /// Its part of the links that describe messages.
    var members: Part = .none
    @Compact var batchSize: Int?
    @Compact var attempt: Int?
    @Compact var enqueuedTime: Timestamp?
    @Compact var queueTime: UInt64?

    /// When it ended; when it began, as long as it has not.
    var latest: Timestamp { end ?? start }
    /// It handles messages, or asked the broker for some, whether there were any or not.
    var consumes: Bool { handles || operation == .receive }
    /// The operation is about a message that is sent or handled once more on purpose.
    var isReplay: Bool { marks.contains(.replayLink) || marks.contains(.replay) }
    /// It sets a message aside that was given up.
    var isDeadLettering: Bool { marks.contains(.deadLetterLink) }
    /// The operation that it is a child of; it may never have been recorded.
    var parentID: Operation.ID? { parentSpan.map { Operation.ID(traceID: id.traceID, spanID: $0) } }
}

/// What a link points to.
struct LinkRow: Sendable {
    var target: Operation.ID
    var type: LinkType?
    var isSampled: Bool

    init(target: Operation.ID, type: LinkType? = nil, isSampled: Bool) {
        self.target = target
        self.type = type
        self.isSampled = isSampled
    }

    var isValid: Bool { target.traceID.isValid && target.spanID.isValid }
}

/// One message of a batch, as a link describes it; see ``MessageView/Member``.
struct MemberRow: Sendable {
    /// Its place among the links of its span.
    var link: Int32
    var target: Operation.ID
    var intent: MessageIntent?
    var messageID: Name = .absent
    var correlationID: Name = .absent
    var type: Name = .absent
    /// Its part of the causation ids.
    var causes: Part = .none
    @Compact var attempt: Int?
    @Compact var enqueuedTime: Timestamp?

    /// A context arrived with the message.
    var hasContext: Bool { target.traceID.isValid && target.spanID.isValid }
}

/// The part of a column that belongs to one row.
struct Part: Sendable {
    var start: Int32
    var count: Int32

    static let none = Part(start: 0, count: 0)

    var isEmpty: Bool { count == 0 }
    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
