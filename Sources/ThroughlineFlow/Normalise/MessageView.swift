public import ThroughlineModel

/// What one span says about messages, whichever convention it was written in.
///
/// Names are read newest first: v1.44, then those of versions before 1.26 (`messaging.operation`,
/// `messaging.kafka.consumer.group`, …), then what Brave, Datadog, SkyWalking, NServiceBus, MassTransit and Wolverine
/// write, so that spans of all of them give the same flows.
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
    /// The correlation id of the causing message, where a framework names no message id (MassTransit's InitiatorId).
    public var causationCorrelationID: String?
    /// What the framework calls the message's correlation id, where that is not what groups a flow.
    public var ownCorrelationID: String?
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
        var marks: OperationMarks = []
        self.init(record, &marks)
    }

    init?(_ record: SpanRecord, _ marks: inout OperationMarks) {
        let scan = AttributeScan(record.attributes)
        marks.insert(scan)
        members = []
        for link in record.links {
            let type = link.type
            marks.insert(type)
            if let member = Member(link, type) { members.append(member) }
        }
        let kind = OperationName.kind(record, scan)
        guard let role = SpanRole(record, scan, kind) else { return nil }
        operation = role.operation
        system = role.system
        destination =
            DestinationName.of(
                scan, publishes: role.operation == .send || role.operation == .create, spanName: record.name)
            ?? role.destination
        group = scan.string(.group) ?? role.group
        messageID = scan.string(.messageID)
        correlationID = scan.string(.correlationID)
        ownCorrelationID = scan.string(.ownCorrelationID)
        causationCorrelationID = scan.string(.causationCorrelationID)
        causationIDs = scan.strings(.causationIDs)
        if let cause = scan.string(.causationID), !causationIDs.contains(cause) { causationIDs.append(cause) }
        batchSize = scan.integer(.batchSize).map(Int.init(clamping:))
        type = MessageTypeName.of(scan)
        intent = scan.string(.intent).flatMap(Self.intent)
        attempt = (scan.integer(.attempt) ?? scan.integer(.retryCount).map { $0 &+ 1 }).map(Int.init(clamping:))
        settlement = Self.settlement(scan, operation)
        enqueuedTime = Self.enqueuedTime(
            nanoseconds: scan.integer(.enqueuedNanoseconds), seconds: scan.integer(.enqueuedSeconds))
        queueTime = scan.integer(.queueNanoseconds).flatMap(UInt64.init(exactly:))
        if queueTime == nil, let milliseconds = scan.integer(.queueMilliseconds).flatMap(UInt64.init(exactly:)) {
            queueTime = milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        }
    }

    init(_ reading: OperationReading) {
        operation = reading.operation
        system = reading.system
        destination = reading.destination
        group = reading.group
        messageID = reading.messageID
        correlationID = reading.correlationID
        causationIDs = reading.causationIDs
        causationCorrelationID = reading.causationCorrelationID
        ownCorrelationID = reading.ownCorrelationID
        members = reading.members
        batchSize = reading.batchSize
        type = reading.type
        intent = reading.intent
        attempt = reading.attempt
        settlement = reading.settlement
        enqueuedTime = reading.enqueuedTime
        queueTime = reading.queueTime
    }

    /// Our own words, and NServiceBus's.
    private static func intent(_ text: String) -> MessageIntent? {
        switch text {
        case "event", "Publish": .event
        case "command", "Send": .command
        case "reply", "Reply": .reply
        default: nil
        }
    }

    /// Nanoseconds under our own name, seconds under Azure's (semantic conventions, azure-messaging).
    static func enqueuedTime(nanoseconds: Int64?, seconds: Int64?) -> Timestamp? {
        if let time = nanoseconds.flatMap(UInt64.init(exactly:)) { return Timestamp(nanosecondsSinceEpoch: time) }
        guard let seconds = seconds.flatMap(UInt64.init(exactly:)) else { return nil }
        let time = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return time.overflow ? nil : Timestamp(nanosecondsSinceEpoch: time.partialValue)
    }

    private static func settlement(_ scan: AttributeScan, _ operation: MessagingOperation?) -> Settlement? {
        if let settlement = scan.string(.settlement).flatMap(Settlement.init) { return settlement }
        guard operation == .settle else { return nil }
        let name = scan.string(.disposition) ?? scan.string(.operationName)
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

extension MessageView.Member {
    /// A link describes a message unless its type says that it is about something else.
    init?(_ link: SpanLink, _ type: LinkType?) {
        switch type {
        case .batchMember, .creation, nil: break
        case .fanIn, .retryOf, .deadLetterOf, .replayOf, .ambient: return nil
        }
        context = link.context
        causationIDs = []
        for element in link.attributes {
            switch element.key {
            case MessagingAttribute.messageID: messageID = messageID ?? Self.text(element.value)
            case "messaging.message_id": messageID = messageID ?? Self.text(element.value)
            case MessagingAttribute.conversationID: correlationID = Self.text(element.value)
            case ThroughlineAttribute.causationIDs: causationIDs += AttributeScan.strings(element.value)
            case ThroughlineAttribute.causationID: causationIDs += AttributeScan.strings(element.value)
            case ThroughlineAttribute.messageType: self.type = Self.text(element.value)
            case ThroughlineAttribute.messageIntent: intent = Self.text(element.value).flatMap(MessageIntent.init)
            case ThroughlineAttribute.attempt: attempt = AttributeScan.integer(element.value).map(Int.init(clamping:))
            case ThroughlineAttribute.enqueuedTime:
                enqueuedTime = MessageView.enqueuedTime(nanoseconds: AttributeScan.integer(element.value), seconds: nil)
            case "messaging.servicebus.message.enqueued_time", "messaging.eventhubs.message.enqueued_time":
                enqueuedTime =
                    enqueuedTime
                    ?? MessageView.enqueuedTime(nanoseconds: nil, seconds: AttributeScan.integer(element.value))
            default: break
            }
        }
        if causationIDs.count > 1 { causationIDs = causationIDs.uniqued() }
    }

    private static func text(_ value: AttributeValue) -> String? {
        value.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
