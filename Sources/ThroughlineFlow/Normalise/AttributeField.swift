/// What an attribute tells about a message, whatever its name is in the convention that it was written in.
enum AttributeField: UInt8, CaseIterable {
    case operationType, operationName, system, destination, template, temporary, anonymous, group
    case messageID, correlationID, ownCorrelationID, causationID, causationIDs, causationCorrelationID
    case batchSize, type, intent, attempt, retryCount, settlement, disposition
    case enqueuedNanoseconds, enqueuedSeconds, queueNanoseconds, queueMilliseconds
    case exchange, routingKey, queue, amqpCommand, spanKind, spanType, resourceName, component, peer, channelKind
    case errorType, saga, deadLetter, outbox, due, replay, ignoredHeaders, content

    /// The names of a field, the one to be believed first.
    ///
    /// OpenTelemetry's are those of the semantic conventions v1.44, then those of the versions before; the others are
    /// what Brave and Zipkin's instrumentations, Datadog's and SkyWalking's agents, and the .NET frameworks write.
    var names: [String] {
        switch self {
        case .operationType: ["messaging.operation.type", "messaging.operation"]
        case .operationName: ["messaging.operation.name", "operation.name"]
        case .system: ["messaging.system", "mq.system"]
        case .destination:
            [
                "messaging.destination.name", "messaging.destination", "messaging.source.name", "messaging.source",
                "kafka.topic", "messaging.channel_name", "jms.queue", "jms.topic", "mq.topic", "mq.queue",
                "aws.sqs.queue_name", "queuename", "messaging.url",
            ]
        case .template: ["messaging.destination.template"]
        case .temporary: ["messaging.destination.temporary", "messaging.temp_destination"]
        case .anonymous: ["messaging.destination.anonymous"]
        case .group:
            [
                "messaging.consumer.group.name", "messaging.destination.subscription.name",
                "messaging.kafka.consumer.group", "messaging.kafka.consumer_group", "messaging.consumer.group",
                "messaging.eventhubs.consumer.group", "messaging.rocketmq.client_group", "messaging.consumer_group",
                "kafka.group", "kafka.group_id", "kafka.consumer.group",
            ]
        case .messageID:
            [
                "messaging.message.id", "messaging.message_id", "nservicebus.message_id",
                "messaging.masstransit.message_id", "messaging.id", "cloudevents.event_id",
            ]
        case .correlationID:
            ["messaging.message.conversation_id", "messaging.conversation_id", "nservicebus.conversation_id"]
        case .ownCorrelationID:
            [
                "throughline.message.own_correlation_id", "messaging.masstransit.correlation_id",
                "nservicebus.correlation_id",
            ]
        case .causationID: ["throughline.causation.id", "nservicebus.related_to"]
        case .causationIDs: ["throughline.causation.ids"]
        case .causationCorrelationID: ["throughline.causation.correlation_id", "messaging.masstransit.initiator_id"]
        case .batchSize: ["messaging.batch.message_count"]
        case .type:
            [
                "throughline.message.type", "cloudevents.event_type", "messaging.message_type",
                "nservicebus.enclosed_message_types", "messaging.masstransit.message_types",
            ]
        case .intent: ["throughline.message.intent", "nservicebus.message_intent"]
        case .attempt:
            [
                "throughline.delivery.attempt", "messaging.servicebus.message.delivery_count",
                "messaging.gcp_pubsub.message.delivery_attempt", "messaging.delivery_attempt",
            ]
        case .retryCount: ["messaging.message.retry.count"]
        case .settlement: ["throughline.delivery.settlement"]
        case .disposition: ["messaging.servicebus.disposition_status"]
        case .enqueuedNanoseconds: ["throughline.message.enqueued_time"]
        case .enqueuedSeconds:
            ["messaging.servicebus.message.enqueued_time", "messaging.eventhubs.message.enqueued_time"]
        case .queueNanoseconds: ["throughline.delivery.queue_time"]
        case .queueMilliseconds:
            ["record.queue_time_ms", "transmission.latency", "wolverine.envelope.transport_lag_ms"]
        case .exchange: ["rabbit.exchange", "amqp.exchange"]
        case .routingKey:
            [
                "messaging.rabbitmq.destination.routing_key", "messaging.rabbitmq.routing_key", "rabbit.routing_key",
                "amqp.routing_key",
            ]
        case .queue: ["rabbit.queue", "amqp.queue"]
        case .amqpCommand: ["amqp.command"]
        case .spanKind: ["span.kind"]
        case .spanType: ["span.type"]
        case .resourceName: ["resource.name", "dd.span.Resource"]
        case .component: ["component"]
        case .peer: ["peer.service"]
        case .channelKind: ["messaging.channel_kind"]
        case .errorType: ["error.type"]
        case .saga: ["throughline.saga.id", "messaging.masstransit.saga_id", "nservicebus.handler.saga_id", "saga.id"]
        case .deadLetter: ["throughline.dead_letter.reason", "throughline.dead_letter.exception_type"]
        case .outbox: ["throughline.outbox.appended_time", "throughline.outbox.dwell_time"]
        case .due: ["throughline.message.due_time"]
        case .replay: ["throughline.replay"]
        case .ignoredHeaders: ["throughline.headers.ignored"]
        case .content:
            [
                "messaging.message.body.size", "messaging.message.envelope.size",
                "messaging.message.payload_size_bytes", "messaging.message_payload_size_bytes", "message.size",
                "messaging.kafka.offset", "messaging.kafka.message.offset", "kafka.offset",
                "messaging.kafka.message.key", "messaging.kafka.partition", "messaging.kafka.destination.partition",
                "messaging.kafka.source.partition", "kafka.partition", "messaging.rabbitmq.message.delivery_tag",
                "messaging.gcp_pubsub.message.ack_id",
            ]
        }
    }

    static let count = allCases.count
}

extension AttributeField {
    /// A name that a field goes by.
    struct Entry: Sendable {
        var field: AttributeField
        /// The place among the names of its field, 0 for the one to be believed first.
        var rank: UInt8
    }

    static let byName = WordTable<Entry>(
        allCases.flatMap { field in
            field.names.enumerated().map { rank, name in (name, Entry(field: field, rank: UInt8(rank))) }
        })
}
