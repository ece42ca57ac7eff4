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
        guard let view = Operation(record).messaging else { return nil }
        self = view
    }

    init(_ reading: OperationReading) {
        operation = reading.row.operation
        system = reading.system
        destination = reading.destination
        group = reading.group
        messageID = reading.messageID
        correlationID = reading.correlationID
        causationIDs = reading.causationIDs
        causationCorrelationID = reading.causationCorrelationID
        ownCorrelationID = reading.ownCorrelationID
        members = reading.members
        batchSize = reading.row.batchSize
        type = reading.type
        intent = reading.row.intent
        attempt = reading.row.attempt
        settlement = reading.row.settlement
        enqueuedTime = reading.row.enqueuedTime
        queueTime = reading.row.queueTime
    }
}
