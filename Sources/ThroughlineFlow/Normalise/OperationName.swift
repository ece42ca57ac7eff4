import ThroughlineModel

/// Finds what was done to a message, from whatever word says it.
enum OperationName {
    /// The conventions' types, their deprecated values, and what clients call their operations.
    private static let words: [(MessagingOperation, [String])] = [
        (.send, ["send", "publish", "produce", "enqueue", "reply"]),
        (.process, ["process", "deliver", "consume", "handle", "on-message"]),
        (.receive, ["receive", "poll", "pull", "fetch", "next-message", "dequeue"]),
        (.create, ["create"]),
        (
            .settle,
            [
                "settle", "ack", "acknowledge", "nack", "reject", "commit", "complete", "abandon", "defer", "delete",
                "dead_letter", "dead-letter", "deadletter", "deadlettermessage", "dead_letter_message", "release",
            ]
        ),
    ]
    private static let byWord = WordTable<MessagingOperation>(
        words.flatMap { operation, words in words.map { ($0, operation) } })

    static func operation(_ word: String) -> MessagingOperation? { byWord[word] }

    private static func operation(_ word: Substring) -> MessagingOperation? { byWord[String(word)] }

    /// The operation, and the rest of the name, of `send orders`, of `orders send` (before v1.26), of
    /// `Kafka/orders/Producer`, of `kafka.produce` and of `ServiceBus.deadLetter`.
    static func parts(_ name: String) -> (operation: MessagingOperation, rest: Substring)? {
        if let space = name.firstIndex(of: " "), let found = operation(name[..<space]) {
            return (found, name[name.index(after: space)...])
        }
        if let space = name.lastIndex(of: " "), let found = operation(name[name.index(after: space)...]) {
            return (found, name[..<space])
        }
        if let found = operation(name) { return (found, "") }
        if let dot = name.lastIndex(of: "."), let found = operation(name[name.index(after: dot)...].lowercased()) {
            return (found, "")
        }
        return nil
    }

    /// What the kind of a span says when nothing else does.
    static func operation(_ kind: SpanKind) -> MessagingOperation? {
        switch kind {
        case .producer: .send
        case .consumer: .process
        case .unspecified, .internal, .server, .client: nil
        }
    }

    /// The kind, as OpenTelemetry has it or as a tag of Datadog's.
    static func kind(_ kind: SpanKind, _ scan: AttributeScan) -> SpanKind {
        guard kind == .internal || kind == .unspecified, let tag = scan.string(.spanKind) else { return kind }
        return switch tag {
        case "producer": .producer
        case "consumer": .consumer
        case "client": .client
        case "server": .server
        default: kind
        }
    }
}

/// What SkyWalking's agents put into the names of their spans: `Kafka/orders/Producer`,
/// `Kafka/orders/Consumer/billing`, `RabbitMQ/Topic/exchangeQueue/key/Producer`. What runs below such a span on another
/// thread, `Kafka/Producer/Callback` or `Pulsar/orders/Consumer/MessageListener`, handles no message of its own.
struct SkyWalkingName {
    var system: String
    var destination: String
    var operation: MessagingOperation
    var group: String?

    init?(_ name: String) {
        guard let slash = name.firstIndex(of: "/"), let system = Self.system(name[..<slash]) else { return nil }
        var parts = name[slash...].split(separator: "/")
        guard let role = parts.lastIndex(where: { $0 == "Producer" || $0 == "Consumer" }),
            let last = parts.last, last != "Callback", last != "MessageListener"
        else { return nil }
        self.system = system
        operation = parts[role] == "Producer" ? .send : .process
        group = role + 1 < parts.count ? parts[(role + 1)...].joined(separator: "/") : nil
        parts = Array(parts[..<role])
        if let first = parts.first, parts.count > 1, first == "Topic" || first == "Queue" { parts.removeFirst() }
        destination = parts.joined(separator: "/")
    }

    private static func system(_ name: Substring) -> String? {
        switch name {
        case "Kafka": "kafka"
        case "RabbitMQ": "rabbitmq"
        case "RocketMQ": "rocketmq"
        case "ActiveMQ": "activemq"
        case "Pulsar": "pulsar"
        default: nil
        }
    }
}
