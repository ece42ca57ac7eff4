/// The names of a CloudEvent's attributes in binary mode (CloudEvents v1.0.2): one header for each, under the prefix of
/// the broker's protocol binding. Made once, because they are looked up for every message.
struct CloudEventNames: Sendable {
    let specVersion, id, source, type, time, correlationID, causationID, traceParent, traceState: String

    private init(_ prefix: String) {
        specVersion = prefix + "specversion"
        id = prefix + "id"
        source = prefix + "source"
        type = prefix + "type"
        time = prefix + "time"
        correlationID = prefix + "correlationid"
        causationID = prefix + "causationid"
        traceParent = prefix + "traceparent"
        traceState = prefix + "tracestate"
    }

    private static let kafka = [CloudEventNames("ce_")]
    /// "Consumers SHOULD accept both" (CloudEvents AMQP binding, 3.1.3.1).
    private static let amqp = [CloudEventNames("cloudEvents:"), CloudEventNames("cloudEvents_")]
    /// MQTT 5 has user properties without a prefix (CloudEvents MQTT binding, 3.1.3.1).
    private static let mqtt = [CloudEventNames("")]
    /// NATS and HTTP.
    private static let others = [CloudEventNames("ce-"), CloudEventNames("ce_")]

    /// The names of a binding, those that are written first.
    static func of(_ system: MessagingSystem) -> [CloudEventNames] {
        switch system {
        case .kafka: kafka
        case .rabbitmq: amqp
        case .mqtt: mqtt
        default: others
        }
    }

    /// What belongs to one event and must not be carried to another.
    var contextNames: [String] { [id, source, time, correlationID, causationID, traceParent, traceState] }

    static func read(_ system: MessagingSystem, _ value: (String) -> String?) -> ForeignIdentity? {
        for names in of(system) {
            guard value(names.specVersion) != nil, let id = value(names.id) else { continue }
            var identity = ForeignIdentity(.cloudEvents)
            identity.messageID = id
            identity.correlationID = value(names.correlationID)
            identity.causationIDs = value(names.causationID).map { [$0] } ?? []
            identity.messageType = value(names.type)
            return identity
        }
        return nil
    }

    /// Writes the ids, where the application has not made an event of the message itself. CloudEvents has room for one
    /// cause; the first of several stands there, the span has all.
    static func write<Message: PublishableMessage>(
        _ identity: MessageIdentity, source: String, time: Timestamp, into message: inout Message
    ) {
        guard let names = of(Message.system).first else { return }
        func set(_ value: String?, _ name: String) {
            guard let value, Message.value(forHeader: name, in: message.headers) == nil else { return }
            Message.setValue(HeaderText.visible(value), forHeader: name, in: &message.headers)
        }
        set("1.0", names.specVersion)
        set(identity.messageID, names.id)
        set(source, names.source)
        set(identity.messageType ?? "message", names.type)
        set(time.iso8601, names.time)
        set(identity.correlationID, names.correlationID)
        set(identity.causationIDs.first, names.causationID)
    }

    /// Writes the distributed tracing extension: the trace in which the event was made, which later hops leave as it is.
    static func writeTraceContext<Message: PublishableMessage>(into message: inout Message) {
        guard let names = of(Message.system).first, names.traceParent != "traceparent",
            Message.value(forHeader: names.traceParent, in: message.headers) == nil,
            let parent = Message.value(forHeader: "traceparent", in: message.headers)
        else { return }
        Message.setValue(parent, forHeader: names.traceParent, in: &message.headers)
        let state = Message.value(forHeader: "tracestate", in: message.headers)
        Message.setValue(state, forHeader: names.traceState, in: &message.headers)
    }
}
