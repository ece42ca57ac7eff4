public import ThroughlineModel

/// What one span says about messages, whichever version of OpenTelemetry's conventions it was written in.
///
/// Names are read newest first: v1.44, then those of versions before 1.26 (`messaging.operation`,
/// `messaging.kafka.consumer.group`, …), so that spans of older instrumentations give the same flows.
public struct MessageView: Hashable, Sendable {
    /// One message of a batch, as a link describes it.
    public struct Member: Hashable, Sendable {
        /// The message's id, when the link carries one.
        public var messageID: String?
        /// The context that the message was created in; invalid when none arrived with it.
        public var context: SpanContext
        /// The id that all messages of its flow share.
        public var correlationID: String?
        /// The ids of the messages whose handling published it.
        public var causationIDs: [String]
        /// The type of the message.
        public var type: String?
        /// Event, command or reply.
        public var intent: MessageIntent?
        /// The number of this delivery to this group, from 1.
        public var attempt: Int?
        /// When the broker took this message, when the link says so.
        public var enqueuedTime: Timestamp?
    }

    /// What was done; nil for an operation type that no convention knows.
    public var operation: MessagingOperation?
    /// The broker, such as `kafka`.
    public var system: String?
    /// Topic, queue, exchange, subject or stream; the template where the name is one of many.
    public var destination: String?
    /// Consumer group or subscription.
    public var group: String?
    /// The id of the one message that the span is about; nil for batches.
    public var messageID: String?
    /// The id that all messages of the flow share.
    public var correlationID: String?
    /// The ids of the messages whose handling published this one, in the order in which they were recorded.
    public var causationIDs: [String]
    /// The messages that the span's links describe.
    public var members: [Member]
    /// The number of messages in the batch, when the span is about a batch.
    public var batchSize: Int?
    /// The type of the message, such as `OrderPlaced`.
    public var type: String?
    /// Event, command or reply.
    public var intent: MessageIntent?
    /// The number of this delivery to this group, from 1.
    public var attempt: Int?
    /// How the delivery ended.
    public var settlement: Settlement?
    /// When the broker took the message.
    public var enqueuedTime: Timestamp?
    /// Nanoseconds between then and the start of processing, as the consumer measured it.
    public var queueTime: UInt64?

    /// Reads a span; nil when it is not about messages.
    public init?(_ record: SpanRecord) {
        let read = AttributeReader(record.attributes)
        let operationText = read.string(MessagingAttribute.operationType, "messaging.operation")
        system = read.string(MessagingAttribute.system)
        destination = read.string(
            MessagingAttribute.destinationTemplate, MessagingAttribute.destinationName, "messaging.destination")
        guard operationText != nil || system != nil || destination != nil else { return nil }
        operation = Self.operation(named: operationText, kind: record.kind)
        group = read.string(
            MessagingAttribute.consumerGroup, MessagingAttribute.subscriptionName, "messaging.kafka.consumer.group",
            "messaging.consumer.group", "messaging.eventhubs.consumer.group", "messaging.rocketmq.client_group")
        messageID = read.string(MessagingAttribute.messageID, "messaging.message_id")
        correlationID = read.string(MessagingAttribute.conversationID, "messaging.conversation_id")
        causationIDs = Self.causationIDs(read)
        members = record.links.compactMap(Self.member)
        batchSize = read.integer(MessagingAttribute.batchMessageCount).map(Int.init(clamping:))
        type = read.string(ThroughlineAttribute.messageType, "cloudevents.event_type")
        intent = read.string(ThroughlineAttribute.messageIntent).flatMap(MessageIntent.init)
        attempt = read.integer(
            ThroughlineAttribute.attempt, "messaging.servicebus.message.delivery_count",
            "messaging.gcp_pubsub.message.delivery_attempt"
        ).map(Int.init(clamping:))
        settlement = Self.settlement(read, operation)
        enqueuedTime = Self.enqueuedTime(read)
        queueTime = read.integer(ThroughlineAttribute.queueTime).flatMap(UInt64.init(exactly:))
    }

    /// The conventions' types, their deprecated values, and for a span without any what its kind says.
    private static func operation(named name: String?, kind: SpanKind) -> MessagingOperation? {
        switch name {
        case "publish": .send
        case "deliver": .process
        case let name?: MessagingOperation(rawValue: name)
        case nil where kind == .producer: .send
        case nil where kind == .consumer: .process
        case nil: nil
        }
    }

    /// A link describes a message unless its type says that it is about something else.
    private static func member(_ link: SpanLink) -> Member? {
        let read = AttributeReader(link.attributes)
        switch link.type {
        case .batchMember, .creation, nil: break
        case .fanIn, .retryOf, .deadLetterOf, .replayOf, .ambient: return nil
        }
        return Member(
            messageID: read.string(MessagingAttribute.messageID), context: link.context,
            correlationID: read.string(MessagingAttribute.conversationID), causationIDs: causationIDs(read),
            type: read.string(ThroughlineAttribute.messageType),
            intent: read.string(ThroughlineAttribute.messageIntent).flatMap(MessageIntent.init),
            attempt: read.integer(ThroughlineAttribute.attempt).map(Int.init(clamping:)),
            enqueuedTime: enqueuedTime(read))
    }

    private static func causationIDs(_ read: AttributeReader) -> [String] {
        let ids = read.strings(ThroughlineAttribute.causationIDs)
        guard let cause = read.string(ThroughlineAttribute.causationID), !ids.contains(cause) else { return ids }
        return ids + [cause]
    }

    /// What the span says about one of its messages: the link's words first, then the span's own.
    func member(_ message: Message.ID) -> Member? {
        guard case .named(let id) = message else { return nil }
        return members.first { $0.messageID == id }
    }

    /// Nanoseconds under our own name, seconds under Azure's (semantic conventions, azure-messaging).
    private static func enqueuedTime(_ read: AttributeReader) -> Timestamp? {
        if let time = read.integer(ThroughlineAttribute.enqueuedTime).flatMap(UInt64.init(exactly:)) {
            return Timestamp(nanosecondsSinceEpoch: time)
        }
        let azure = read.integer(
            "messaging.servicebus.message.enqueued_time", "messaging.eventhubs.message.enqueued_time")
        guard let seconds = azure.flatMap(UInt64.init(exactly:)) else { return nil }
        let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return nanoseconds.overflow ? nil : Timestamp(nanosecondsSinceEpoch: nanoseconds.partialValue)
    }

    private static func settlement(_ read: AttributeReader, _ operation: MessagingOperation?) -> Settlement? {
        if let settlement = read.string(ThroughlineAttribute.settlement).flatMap(Settlement.init) { return settlement }
        guard operation == .settle else { return nil }
        let name = read.string("messaging.servicebus.disposition_status", MessagingAttribute.operationName)
        return switch name?.lowercased() {
        case "ack", "acknowledge", "commit", "complete", "delete": .acknowledged
        case "nack", "abandon", "requeue": .requeued
        case "reject": .rejected
        case "dead_letter", "dead-letter": .deadLettered
        case "defer": .deferred
        default: nil
        }
    }
}

/// Reads attributes by the first name that has a value of the right type.
private struct AttributeReader {
    let attributes: Attributes

    init(_ attributes: Attributes) {
        self.attributes = attributes
    }

    /// An empty text says nothing and counts as absent.
    func string(_ names: String...) -> String? {
        for name in names {
            if let value = attributes[name]?.stringValue, !value.isEmpty { return value }
        }
        return nil
    }

    func integer(_ names: String...) -> Int64? {
        for name in names {
            if let value = attributes[name]?.intValue { return value }
        }
        return nil
    }

    func strings(_ name: String) -> [String] {
        var seen: Set<String> = []
        return (attributes[name]?.stringArrayValue ?? []).filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}
