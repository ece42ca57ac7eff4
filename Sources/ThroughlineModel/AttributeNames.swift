/// The names of OpenTelemetry's messaging attributes that Throughline writes or reads
/// (semantic conventions v1.44, messaging spans; status: development).
public enum MessagingAttribute {
    public static let system = "messaging.system"
    public static let operationName = "messaging.operation.name"
    public static let operationType = "messaging.operation.type"
    public static let destinationName = "messaging.destination.name"
    public static let destinationTemplate = "messaging.destination.template"
    public static let destinationAnonymous = "messaging.destination.anonymous"
    public static let destinationTemporary = "messaging.destination.temporary"
    public static let partitionID = "messaging.destination.partition.id"
    public static let subscriptionName = "messaging.destination.subscription.name"
    public static let consumerGroup = "messaging.consumer.group.name"
    public static let clientID = "messaging.client.id"
    public static let messageID = "messaging.message.id"
    /// "Sometimes called Correlation ID": the id that all messages of one flow share.
    public static let conversationID = "messaging.message.conversation_id"
    public static let bodySize = "messaging.message.body.size"
    public static let envelopeSize = "messaging.message.envelope.size"
    public static let batchMessageCount = "messaging.batch.message_count"
    public static let kafkaMessageKey = "messaging.kafka.message.key"
    public static let kafkaOffset = "messaging.kafka.offset"
    public static let kafkaTombstone = "messaging.kafka.message.tombstone"
    /// Stable, from the general conventions.
    public static let errorType = "error.type"
    public static let serverAddress = "server.address"
    public static let serverPort = "server.port"
}

/// What OpenTelemetry's messaging conventions lack, under a namespace of our own; docs/attributes.md explains each.
public enum ThroughlineAttribute {
    /// String: the id of the message whose handling published this one.
    public static let causationID = "throughline.causation.id"
    /// Strings: the ids of all causes, when a message was published while a batch was handled.
    public static let causationIDs = "throughline.causation.ids"
    /// String: the type of the message, such as `OrderPlaced`.
    public static let messageType = "throughline.message.type"
    /// String: `event`, `command` or `reply`.
    public static let messageIntent = "throughline.message.intent"
    /// Integer: the number of this delivery to this group, from 1.
    public static let attempt = "throughline.delivery.attempt"
    /// String: how the delivery was settled, a ``Settlement`` raw value.
    public static let settlement = "throughline.delivery.settlement"
    /// Integer: when the broker took the message, in nanoseconds since the epoch.
    public static let enqueuedTime = "throughline.message.enqueued_time"
    /// Integer: nanoseconds from then until this delivery began to be processed.
    public static let queueTime = "throughline.delivery.queue_time"
    /// String on a link: a ``LinkType`` raw value.
    public static let linkType = "throughline.link.type"
    /// Strings: names of headers that were ignored because they were malformed, repeated or too long.
    public static let ignoredHeaders = "throughline.headers.ignored"
}

/// The names of resource attributes that Throughline reads (semantic conventions v1.44, resource).
public enum ResourceAttribute {
    public static let serviceName = "service.name"
    public static let serviceVersion = "service.version"
    public static let serviceNamespace = "service.namespace"
    public static let serviceInstanceID = "service.instance.id"
    public static let hostName = "host.name"
    public static let processID = "process.pid"
    public static let sdkName = "telemetry.sdk.name"
    public static let sdkLanguage = "telemetry.sdk.language"
    public static let sdkVersion = "telemetry.sdk.version"
}

/// The types of messaging operations (semantic conventions v1.44, `messaging.operation.type`).
public enum MessagingOperation: String, Hashable, Sendable, CaseIterable {
    case create, send, receive, process, settle
}

/// How one delivery of a message ended.
public enum Settlement: String, Hashable, Sendable, CaseIterable {
    case acknowledged
    case requeued
    case rejected
    case deadLettered = "dead-lettered"
    case deferred
    case skipped
}

/// What a message is meant to be.
public enum MessageIntent: String, Hashable, Sendable, CaseIterable {
    /// Something happened; who reacts is not the sender's concern.
    case event
    /// Something is to be done, by one service.
    case command
    /// The answer to a command or request.
    case reply
}
