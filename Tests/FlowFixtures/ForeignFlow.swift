package import ThroughlineModel

/// The same small flow as other recorders write it: one service sends, another one handles and sends on, a third one
/// handles that.
package enum ForeignFlow: String, CaseIterable, Sendable {
    /// OpenTelemetry before v1.17: `messaging.destination`, `publish`, names in the order `orders send`.
    case openTelemetryOld
    /// OpenTelemetry v1.24 on RabbitMQ: exchange and routing key apart, receive as CONSUMER.
    case openTelemetryRabbit
    /// OpenTelemetry v1.44 on RabbitMQ: composed names, receive as CLIENT with process inside it.
    case openTelemetryNew
    /// Brave's Kafka instrumentation through Zipkin: kinds, `kafka.topic`, the broker as the other side.
    case brave
    /// Datadog's agents: names of operations and resources, all text.
    case datadog
    /// SkyWalking's agents: everything in the name.
    case skyWalking
    /// NServiceBus.
    case nServiceBus
    /// MassTransit.
    case massTransit
    /// Wolverine.
    case wolverine
    /// OpenTelemetry's instrumentation of Node's RabbitMQ client, on an exchange: the consumer names it and the key, and
    /// is called after its queue.
    case amqplib
    /// The same straight to a queue: no exchange, and the broker's address beside the key.
    case amqplibQueue
    /// Azure's clients: a span for each message, one that links to it for sending, and settling as a span.
    case azure

    package var records: [SpanRecord] {
        var script = ForeignScript()
        let sent = script.span("shop", sending(1), at: 0, took: 2)
        if let shape = dispatching(1) { script.span("shop", shape, at: 2, took: 2, of: sent) }
        let pulled = pulling(1).map {
            script.span("billing", $0, at: 5, took: 13, in: linksOnly ? nil : sent, of: sent)
        }
        let handled = script.span(
            "billing", handling(1), at: 6, took: 11, in: pulled ?? (linksOnly ? nil : sent),
            of: pulled == nil || linksOnly ? sent : nil)
        let next = script.span("billing", sending(2), at: 15, took: 1, in: handled)
        if let shape = dispatching(2) { script.span("billing", shape, at: 16, took: 1, in: handled, of: next) }
        if let shape = settling(1) { script.span("billing", shape, at: 17, took: 1, in: handled, of: sent) }
        let last = pulling(2).map { script.span("mail", $0, at: 19, took: 8, in: linksOnly ? nil : next, of: next) }
        script.span(
            "mail", handling(2), at: 20, took: 4, in: last ?? (linksOnly ? nil : next),
            of: last == nil || linksOnly ? next : nil)
        return script.records
    }

    private var linksOnly: Bool { self == .openTelemetryNew || self == .nServiceBus }

    static let topics = ["", "orders", "payments"]
    private static let types = ["", "OrderPlaced", "PaymentCharged"]

    private func sending(_ number: Int) -> ForeignScript.Shape {
        let topic = Self.topics[number]
        let type = Self.types[number]
        switch self {
        case .openTelemetryOld:
            return .init(
                "\(topic) send", .producer,
                [
                    "messaging.system": "kafka", "messaging.destination": .string(topic),
                    "messaging.destination_kind": "topic",
                    "messaging.message_id": .string("m-\(number)"), "messaging.conversation_id": "c-1",
                ])
        case .openTelemetryRabbit:
            return .init(
                "shop publish", .producer,
                [
                    "messaging.system": "rabbitmq", "messaging.operation": "publish",
                    "messaging.destination.name": "shop",
                    "messaging.rabbitmq.destination.routing_key": .string(topic),
                ])
        case .openTelemetryNew:
            return .init(
                "publish shop:\(topic)", .producer,
                [
                    "messaging.system": "rabbitmq", "messaging.operation.type": "send",
                    "messaging.operation.name": "publish", "messaging.destination.name": .string("shop:\(topic)"),
                    "messaging.rabbitmq.destination.routing_key": .string(topic),
                ])
        case .brave:
            return .init("send", .producer, ["kafka.topic": .string(topic), "peer.service": "kafka"])
        case .datadog:
            return .init(
                "kafka.produce", .internal,
                [
                    "operation.name": "kafka.produce", "resource.name": .string("Produce Topic \(topic)"),
                    "span.type": "queue", "span.kind": "producer", "component": "java-kafka",
                ])
        case .skyWalking:
            return .init("Kafka/\(topic)/Producer", .client, ["mq.broker": "kafka:9092", "mq.topic": .string(topic)])
        case .nServiceBus:
            return .init(
                number == 1 ? "send message" : "publish event", .producer,
                [
                    "nservicebus.message_id": .string("m-\(number)"), "nservicebus.conversation_id": "c-1",
                    "nservicebus.message_intent": number == 1 ? "Send" : "Publish",
                    "nservicebus.enclosed_message_types": .string("Shop.\(type), Shop, Version=1.0.0.0"),
                ])
        case .massTransit:
            return .init("\(topic) send", .producer, massTransit("send", number, topic, type))
        case .wolverine:
            return .init("wolverine.send", .producer, wolverine(number, topic, type))
        case .amqplib, .amqplibQueue:
            return .init(self == .amqplib ? "publish shop" : "publish <default>", .producer, amqplib(topic))
        case .azure: return .init("Message", .producer, azure(topic))
        }
    }

    private func massTransit(_ operation: String, _ number: Int, _ topic: String, _ type: String) -> Attributes {
        var attributes: Attributes = [
            "messaging.system": "rabbitmq", "messaging.operation": .string(operation),
            "messaging.destination.name": .string(topic), "messaging.masstransit.message_id": .string("m-\(number)"),
            "messaging.message.conversation_id": "c-1",
            "messaging.masstransit.correlation_id": .string("own-\(number)"),
            "messaging.masstransit.message_types": .string("urn:message:Shop:\(type)"),
        ]
        if number == 2 { attributes["messaging.masstransit.initiator_id"] = "own-1" }
        return attributes
    }

    private func wolverine(_ number: Int, _ topic: String, _ type: String) -> Attributes {
        [
            "messaging.system": "rabbitmq", "messaging.destination": .string("rabbitmq://queue/\(topic)"),
            "messaging.message_id": .string("m-\(number)"), "messaging.conversation_id": "c-1",
            "messaging.message_type": .string("Shop.\(type)"),
        ]
    }

    /// Where pulling is a span of its own.
    private func pulling(_ number: Int) -> ForeignScript.Shape? {
        let topic = Self.topics[number]
        switch self {
        case .openTelemetryNew:
            return .init(
                "receive shop:\(topic):\(topic)-queue", .client,
                [
                    "messaging.system": "rabbitmq", "messaging.operation.type": "receive",
                    "messaging.operation.name": "receive",
                    "messaging.destination.name": .string("shop:\(topic):\(topic)-queue"),
                ])
        case .brave: return .init("poll", .consumer, ["kafka.topic": .string(topic), "peer.service": "kafka"])
        case .azure: return .init("ServiceBusReceiver.Receive", .client, azure(topic, "receive"))
        default: return nil
        }
    }

    private func handling(_ number: Int) -> ForeignScript.Shape {
        let topic = Self.topics[number]
        let type = Self.types[number]
        switch self {
        case .openTelemetryOld:
            return .init(
                "\(topic) process", .consumer,
                [
                    "messaging.system": "kafka", "messaging.destination": .string(topic),
                    "messaging.operation": "process",
                    "messaging.message_id": .string("m-\(number)"), "messaging.kafka.consumer_group": "workers",
                ])
        case .openTelemetryRabbit:
            return .init(
                "\(topic)-queue receive", .consumer,
                [
                    "messaging.system": "rabbitmq", "messaging.operation": "receive",
                    "messaging.destination.name": .string("\(topic)-queue"),
                    "messaging.rabbitmq.destination.routing_key": .string(topic),
                ])
        case .openTelemetryNew:
            return .init(
                "process shop:\(topic):\(topic)-queue", .consumer,
                [
                    "messaging.system": "rabbitmq", "messaging.operation.type": "process",
                    "messaging.operation.name": "process",
                    "messaging.destination.name": .string("shop:\(topic):\(topic)-queue"),
                ])
        case .brave: return .init("on-message", .internal, [:])
        case .datadog:
            return .init(
                "kafka.consume", .internal,
                [
                    "operation.name": "kafka.consume", "resource.name": .string("Consume Topic \(topic)"),
                    "span.type": "queue", "span.kind": "consumer", "kafka.group": "workers",
                    "record.queue_time_ms": "4",
                    "messaging.destination.name": .string(topic),
                ])
        case .skyWalking:
            return .init(
                "Kafka/\(topic)/Consumer/workers", .server,
                [
                    "mq.broker": "kafka:9092", "mq.topic": .string(topic), "transmission.latency": "4",
                ])
        case .nServiceBus:
            var attributes: Attributes = [
                "nservicebus.message_id": .string("m-\(number)"), "nservicebus.conversation_id": "c-1",
                "nservicebus.enclosed_message_types": .string("Shop.\(type), Shop, Version=1.0.0.0"),
            ]
            if number == 2 { attributes["nservicebus.related_to"] = "m-1" }
            return .init("process message", .consumer, attributes)
        case .massTransit: return .init("\(topic) receive", .consumer, massTransit("receive", number, topic, type))
        case .wolverine: return .init(type, .consumer, wolverine(number, topic, type))
        case .amqplib, .amqplibQueue:
            let queue = self == .amqplib ? "\(topic)-queue" : topic
            return .init("\(queue) process", .consumer, amqplib(topic, "process"))
        case .azure: return .init("ServiceBusProcessor.ProcessMessage", .consumer, azure(topic, "process"))
        }
    }
}

/// Writes spans without any convention of ours.
struct ForeignScript {
    struct Shape {
        var name: String
        var kind: SpanKind
        var attributes: Attributes

        init(_ name: String, _ kind: SpanKind, _ attributes: Attributes) {
            self.name = name
            self.kind = kind
            self.attributes = attributes
        }
    }

    private(set) var records: [SpanRecord] = []
    private let ids = IDGenerator(seed: 33)

    @discardableResult
    mutating func span(
        _ service: String, _ shape: Shape, at start: Double, took: Double, in parent: SpanContext? = nil,
        of linked: SpanContext? = nil
    ) -> SpanContext {
        let began = FlowScript.at(start)
        let context = SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: began), spanID: ids.spanID(), flags: [.sampled])
        let links = linked.map { $0 == parent ? [] : [SpanLink(context: $0)] } ?? []
        records.append(
            SpanRecord(
                traceID: context.traceID, spanID: context.spanID, parentID: parent?.spanID, name: shape.name,
                kind: shape.kind, start: began, end: FlowScript.at(start + took), attributes: shape.attributes,
                links: links, resource: Resource(attributes: [ResourceAttribute.serviceName: .string(service)])))
        return context
    }
}
