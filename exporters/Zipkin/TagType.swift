import ThroughlineModel

/// The type of an attribute whose tag is only text.
enum TagType: String, CaseIterable {
    case string, bool, int, double, bytes, json

    init(_ value: AttributeValue) {
        switch value {
        case .string: self = .string
        case .bool: self = .bool
        case .int: self = .int
        case .double: self = .double
        case .bytes: self = .bytes
        case .array, .map: self = .json
        }
    }

    /// The value that a text stands for; nil when it is no text that a value of this type is written as.
    func value(of text: String) -> AttributeValue? {
        switch self {
        case .string: return .string(text)
        case .bool: return text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .int:
            guard let number = Int64(text), text.utf8.first != UInt8(ascii: "+") else { return nil }
            return .int(number)
        case .double: return Double(text).map { .double($0) }
        case .bytes: return Base64.decode(text).map { .bytes($0) }
        case .json:
            var text = text
            return text.withUTF8(AttributeJSONParser.value)
        }
    }

    /// The type of an attribute whose name the conventions give one to that is no text; nil for all others.
    ///
    /// Other tracers' tags are all text: without this a batch of "3" messages would not be three.
    static func known(_ key: String) -> TagType? { knownTypes[key] }

    private static let knownTypes: [String: TagType] = {
        var types: [String: TagType] = [:]
        for name in integers { types[name] = .int }
        for name in booleans { types[name] = .bool }
        return types
    }()

    private static let integers = [
        MessagingAttribute.bodySize, MessagingAttribute.envelopeSize, "messaging.batch.message_count",
        "messaging.kafka.offset", "messaging.kafka.message.offset", "messaging.kafka.partition",
        "messaging.kafka.source.partition", "messaging.kafka.destination.partition",
        "messaging.message.payload_size_bytes", "messaging.message_payload_size_bytes",
        "messaging.rabbitmq.message.delivery_tag", "messaging.servicebus.message.delivery_count",
        "messaging.servicebus.message.enqueued_time", "messaging.eventhubs.message.enqueued_time",
        "messaging.gcp_pubsub.message.delivery_attempt", "server.port", "client.port", "network.peer.port",
        "network.local.port", "net.peer.port", "net.host.port", "net.sock.peer.port", "http.response.status_code",
        "http.status_code", "process.pid", "thread.id", ThroughlineAttribute.attempt, ThroughlineAttribute.enqueuedTime,
        ThroughlineAttribute.queueTime, ThroughlineAttribute.deadLetterAttempts,
        ThroughlineAttribute.deadLetterFirstFailure, ThroughlineAttribute.deadLetterLastFailure,
        ThroughlineAttribute.replayCount, ThroughlineAttribute.appendedTime, ThroughlineAttribute.dwellTime,
        ThroughlineAttribute.dueTime, ThroughlineAttribute.rebuiltEvents,
    ]

    private static let booleans = [
        MessagingAttribute.destinationAnonymous, MessagingAttribute.destinationTemporary,
        "messaging.kafka.message.tombstone", ThroughlineAttribute.replay, ThroughlineAttribute.sagaCompensation,
        ThroughlineAttribute.sagaStepFailed, ZipkinAttribute.debug, ZipkinAttribute.shared,
        ZipkinAttribute.timeInferred,
    ]
}

/// Tags hold the attributes of span and resource alike; the name tells which.
enum ResourceKey {
    private static let prefixes = [
        "service.", "telemetry.", "host.", "process.", "os.", "k8s.", "container.", "cloud.", "deployment.",
    ].map { Array($0.utf8) }

    /// True for the name of a resource's attribute (semantic conventions, resource).
    static func matches(_ key: String) -> Bool {
        switch key.utf8.first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "h"), UInt8(ascii: "p"), UInt8(ascii: "o"),
            UInt8(ascii: "k"), UInt8(ascii: "c"), UInt8(ascii: "d"):
            prefixes.contains { key.utf8.starts(with: $0) } && !key.utf8.starts(with: "service.peer.".utf8)
        default: false
        }
    }
}
