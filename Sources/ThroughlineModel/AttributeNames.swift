/// The names of OpenTelemetry's messaging attributes that Throughline writes or reads
/// (semantic conventions v1.44, messaging spans; status: development).
public enum MessagingAttribute {
    /// The broker, such as `kafka`; `MessagingSystem` of the middleware has the values.
    public static let system = "messaging.system"
    /// What the client calls the operation, such as `send`, `poll` or `ack`.
    public static let operationName = "messaging.operation.name"
    /// A ``MessagingOperation`` raw value.
    public static let operationType = "messaging.operation.type"
    /// The topic, queue, exchange, subject or stream.
    public static let destinationName = "messaging.destination.name"
    /// The destination with its changing parts left open, such as `orders.{region}`.
    public static let destinationTemplate = "messaging.destination.template"
    /// Boolean: the destination has no name, or one that the broker made up.
    public static let destinationAnonymous = "messaging.destination.anonymous"
    /// Boolean: the destination vanishes with whoever made it.
    public static let destinationTemporary = "messaging.destination.temporary"
    /// The partition, as text.
    public static let partitionID = "messaging.destination.partition.id"
    /// The subscription of a destination that the delivery was for.
    public static let subscriptionName = "messaging.destination.subscription.name"
    /// The consumer group that the delivery was for.
    public static let consumerGroup = "messaging.consumer.group.name"
    /// The id of the client that sent or received.
    public static let clientID = "messaging.client.id"
    /// The id of the message.
    public static let messageID = "messaging.message.id"
    /// "Sometimes called Correlation ID": the id that all messages of one flow share.
    public static let conversationID = "messaging.message.conversation_id"
    /// Integer: the body in bytes.
    public static let bodySize = "messaging.message.body.size"
    /// Integer: body and metadata in bytes.
    public static let envelopeSize = "messaging.message.envelope.size"
    /// Integer: how many messages an operation on a batch was about.
    public static let batchMessageCount = "messaging.batch.message_count"
    /// Kafka's message key, when it is text.
    public static let kafkaMessageKey = "messaging.kafka.message.key"
    /// Integer: the position in Kafka's partition.
    public static let kafkaOffset = "messaging.kafka.offset"
    /// Boolean: the message has no body and deletes its key.
    public static let kafkaTombstone = "messaging.kafka.message.tombstone"
    /// Stable, from the general conventions.
    public static let errorType = "error.type"
    /// Stable, from the general conventions: the host of the broker.
    public static let serverAddress = "server.address"
    /// Integer; stable, from the general conventions: the port of the broker.
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
    /// String: why the message was given up, such as `attempts-used-up`.
    public static let deadLetterReason = "throughline.dead_letter.reason"
    /// String: the type of the failure that ended the last attempt.
    public static let deadLetterException = "throughline.dead_letter.exception_type"
    /// String: the destination that the message was on.
    public static let deadLetterOrigin = "throughline.dead_letter.origin"
    /// String: the consumer group that gave it up.
    public static let deadLetterGroup = "throughline.dead_letter.group"
    /// Integer: how many attempts there were, over all replays.
    public static let deadLetterAttempts = "throughline.dead_letter.attempts"
    /// Integer: when the first attempt failed, in nanoseconds since the epoch.
    public static let deadLetterFirstFailure = "throughline.dead_letter.first_failure_time"
    /// Integer: when the last attempt failed, in nanoseconds since the epoch.
    public static let deadLetterLastFailure = "throughline.dead_letter.last_failure_time"
    /// Boolean: true when the message was sent or handled once more on purpose.
    public static let replay = "throughline.replay"
    /// Integer: how often the message was replayed, this time included.
    public static let replayCount = "throughline.replay.count"
    /// Integer: when an outbox row or a scheduled message was written down, in nanoseconds since the epoch.
    public static let appendedTime = "throughline.outbox.appended_time"
    /// Integer: nanoseconds from then until it was sent.
    public static let dwellTime = "throughline.outbox.dwell_time"
    /// Integer: when a scheduled message is to be sent, in nanoseconds since the epoch.
    public static let dueTime = "throughline.message.due_time"
    /// String: the kind of a saga, such as `OrderFulfilment`.
    public static let sagaType = "throughline.saga.type"
    /// String: the run of the saga.
    public static let sagaID = "throughline.saga.id"
    /// String: the step that is carried out, or undone.
    public static let sagaStep = "throughline.saga.step"
    /// String: the state of the saga after the step.
    public static let sagaState = "throughline.saga.state"
    /// Boolean: true when the step is undone.
    public static let sagaCompensation = "throughline.saga.compensation"
    /// Boolean: true when the step, or undoing it, failed.
    public static let sagaStepFailed = "throughline.saga.step_failed"
    /// String: the read model that was rebuilt.
    public static let projection = "throughline.rebuild.projection"
    /// Integer: how many events were applied.
    public static let rebuiltEvents = "throughline.rebuild.events"
    /// String: the stream that the events came from.
    public static let rebuiltFrom = "throughline.rebuild.stream"
    /// String: `domain` or `integration`, how far an event is meant to go.
    public static let eventScope = "throughline.event.scope"
    /// String: the version of the message type's schema.
    public static let schemaVersion = "throughline.message.schema_version"
    /// String: a hash over the paths and kinds of a JSON payload.
    public static let payloadFingerprint = "throughline.message.payload_fingerprint"
    /// String: the correlation id of the causing message, where a foreign system names no message id (MassTransit's
    /// InitiatorId).
    public static let causationCorrelationID = "throughline.causation.correlation_id"
    /// String: what a foreign system calls correlation id, where that is not what groups a flow.
    public static let ownCorrelationID = "throughline.message.own_correlation_id"
    /// Strings: names of headers that were left out because there was no room for them.
    public static let omittedHeaders = "throughline.headers.omitted"
    /// Strings: names of headers that were ignored because they were malformed, repeated or too long.
    public static let ignoredHeaders = "throughline.headers.ignored"
}

/// The names of resource attributes that Throughline reads (semantic conventions v1.44, resource).
public enum ResourceAttribute {
    /// What the service is called; the one attribute that everything shows.
    public static let serviceName = "service.name"
    /// The version of the service, as its makers write it.
    public static let serviceVersion = "service.version"
    /// What several services belong to.
    public static let serviceNamespace = "service.namespace"
    /// Tells one running instance of a service from the others.
    public static let serviceInstanceID = "service.instance.id"
    /// The host that the service ran on.
    public static let hostName = "host.name"
    /// Integer: the process id.
    public static let processID = "process.pid"
    /// The tracing backend that made the spans.
    public static let sdkName = "telemetry.sdk.name"
    /// The language of the backend, such as `swift`.
    public static let sdkLanguage = "telemetry.sdk.language"
    /// The version of the backend.
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
