/// What an attribute tells about a message, whatever its name is in the convention that it was written in.
enum AttributeField: UInt8, CaseIterable {
    case operationType, operationName, system, destination, template, temporary, anonymous, group
    case messageID, correlationID, ownCorrelationID, causationID, causationIDs, causationCorrelationID
    case batchSize, type, intent, attempt, retryCount, settlement, disposition
    case enqueuedNanoseconds, enqueuedSeconds, queueNanoseconds, queueMilliseconds
    case exchange, routingKey, queue, amqpCommand, spanKind, spanType, resourceName, component, peer, channelKind
    case errorType, saga, deadLetter, outbox, due, replay, ignoredHeaders

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
                "kafka.group", "kafka.consumer.group",
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
        case .resourceName: ["resource.name"]
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
        }
    }

    static let count = allCases.count
}

/// Finds the field of an attribute's name without comparing it with every name there is.
struct AttributeFields: Sendable {
    struct Entry: Sendable {
        var field: AttributeField
        /// The place among the names of its field, 0 for the one to be believed first.
        var rank: UInt8
    }

    static let all = AttributeFields()

    private let names: [String]
    private let entries: [Entry]
    /// Positions in ``entries``, -1 where there is none; a power of two of them.
    private let slots: [Int16]

    private init() {
        var names: [String] = []
        var entries: [Entry] = []
        for field in AttributeField.allCases {
            for (rank, name) in field.names.enumerated() {
                names.append(name)
                entries.append(Entry(field: field, rank: UInt8(rank)))
            }
        }
        var slots = [Int16](repeating: -1, count: 1_024)
        for (position, name) in names.enumerated() {
            var slot = Self.hash(name) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int16(position)
        }
        self.names = names
        self.entries = entries
        self.slots = slots
    }

    func entry(of name: String) -> Entry? {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if names[position] == name { return entries[position] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Names differ near their ends and in their length: both are enough to tell a stranger in one look.
    private static func hash(_ name: String) -> Int {
        let hash = name.utf8.withContiguousStorageIfAvailable { bytes -> UInt64 in
            guard bytes.count >= 8, let base = bytes.baseAddress else {
                return bytes.reduce(UInt64(bytes.count)) { $0 &* 31 &+ UInt64($1) }
            }
            let raw = UnsafeRawPointer(base)
            let end = raw.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            let middle = raw.loadUnaligned(fromByteOffset: (bytes.count - 8) / 2, as: UInt64.self)
            return (end ^ middle &* 0x9E37_79B9_7F4A_7C15) &+ UInt64(bytes.count)
        }
        let mixed = (hash ?? 0) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed >> 40)
    }
}
