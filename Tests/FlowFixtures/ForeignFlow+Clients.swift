import ThroughlineModel

/// What clients write that have more to say than one span for sending and one for handling, or other words for where.
extension ForeignFlow {
    /// Where sending is a span of its own beside the message's.
    func dispatching(_ number: Int) -> ForeignScript.Shape? {
        guard self == .azure else { return nil }
        return .init("ServiceBusSender.Send", .client, azure(Self.topics[number], "publish"))
    }

    /// Where settling is a span of its own.
    func settling(_ number: Int) -> ForeignScript.Shape? {
        guard self == .azure else { return nil }
        return .init("ServiceBusReceiver.Complete", .client, azure(Self.topics[number], "settle"))
    }

    func azure(_ topic: String, _ operation: String? = nil) -> Attributes {
        var attributes: Attributes = [
            "az.namespace": "Microsoft.ServiceBus", "messaging.system": "servicebus",
            "messaging.destination.name": .string(topic),
        ]
        if let operation { attributes["messaging.operation"] = .string(operation) }
        return attributes
    }

    func amqplib(_ topic: String, _ operation: String? = nil) -> Attributes {
        var attributes: Attributes = [
            "messaging.system": "rabbitmq", "messaging.destination": self == .amqplib ? "shop" : "",
            "messaging.destination_kind": "topic", "messaging.rabbitmq.routing_key": .string(topic),
            "messaging.url": "amqp://broker", "messaging.protocol": "AMQP", "net.peer.name": "broker",
        ]
        if let operation { attributes["messaging.operation"] = .string(operation) }
        return attributes
    }
}
