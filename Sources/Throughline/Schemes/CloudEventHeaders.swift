/// CloudEvents v1.0.2 in binary mode: one header for each attribute, under the prefix of the broker's protocol binding.
enum CloudEventHeaders {
    /// All that are in use: Kafka's; NATS' and HTTP's; AMQP's two.
    static let prefixes = ["ce_", "ce-", "cloudEvents:", "cloudEvents_"]
    /// What belongs to one event and must not be carried to another.
    static let contextAttributes = [
        "id", "source", "time", "correlationid", "causationid", "traceparent", "tracestate",
    ]

    /// The prefixes under which a binding's attributes may stand, the one that is written first.
    static func prefixes(of system: MessagingSystem) -> [String] {
        switch system {
        case .kafka: ["ce_"]
        // "Consumers SHOULD accept both" (CloudEvents AMQP binding, 3.1.3.1).
        case .rabbitmq: ["cloudEvents:", "cloudEvents_"]
        // MQTT 5 has user properties without a prefix (CloudEvents MQTT binding, 3.1.3.1).
        case .mqtt: [""]
        default: ["ce-", "ce_"]
        }
    }

    static func read(_ system: MessagingSystem, _ value: (String) -> String?) -> ForeignIdentity? {
        for prefix in prefixes(of: system) {
            guard value(prefix + "specversion") != nil, let id = value(prefix + "id") else { continue }
            var identity = ForeignIdentity(.cloudEvents)
            identity.messageID = id
            identity.correlationID = value(prefix + "correlationid")
            identity.causationIDs = value(prefix + "causationid").map { [$0] } ?? []
            identity.messageType = value(prefix + "type")
            return identity
        }
        return nil
    }

    /// Writes the ids. CloudEvents has room for one cause; the first of several stands there, the span has all.
    static func write<Message: PublishableMessage>(
        _ identity: MessageIdentity, source: String, time: Timestamp, into message: inout Message
    ) {
        let prefix = prefixes(of: Message.system)[0]
        func set(_ value: String?, _ name: String) {
            Message.setValue(value.map(HeaderText.visible), forHeader: prefix + name, in: &message.headers)
        }
        set("1.0", "specversion")
        set(identity.messageID, "id")
        set(source, "source")
        set(identity.messageType ?? "message", "type")
        set(time.iso8601, "time")
        set(identity.correlationID, "correlationid")
        set(identity.causationIDs.first, "causationid")
    }
}
