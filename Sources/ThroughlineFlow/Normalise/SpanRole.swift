import ThroughlineModel

/// Whether a span is about messages, and what it did with them, in the words of whichever convention it follows.
struct SpanRole {
    var operation: MessagingOperation?
    var system: String?
    /// As the span's name has it; attributes count before it.
    var destination: String?
    /// As the span's name has it; attributes count before it.
    var group: String?

    /// Nil for a span that is not about messages.
    init?(_ record: UnsafePointer<SpanRecord>, _ scan: AttributeScan) {
        let kind = OperationName.kind(record.pointee.kind, scan)
        let isMessaging =
            scan.has(.operationType) || scan.has(.system) || scan.has(.destination)
            || scan.name(.operationName) == MessagingAttribute.operationName || scan.has(.exchange)
            || scan.has(.queue) || scan.has(.amqpCommand) || kind == .producer || kind == .consumer
            || scan.string(.spanType) == "queue"
        guard isMessaging else {
            // Brave's listeners: a child of the span that pulled the message, with nothing but its name.
            guard record.pointee.parentID != nil, SpanNames.messaging.contains(record.pointee.name) else { return nil }
            operation = .process
            return
        }
        if let type = scan.string(.operationType) {
            operation = OperationName.operation(type)
            system = scan.string(.system)
            if system == "AmazonSQS" { system = "aws_sqs" }
            return
        }
        let skyWalking = SkyWalkingName(record.pointee.name)
        destination = skyWalking?.destination
        group = skyWalking?.group
        operation = skyWalking?.operation ?? Self.operation(record, scan, kind)
        system = scan.string(.system) ?? skyWalking?.system ?? Self.system(record, scan)
    }

    private static func operation(
        _ record: UnsafePointer<SpanRecord>, _ scan: AttributeScan, _ kind: SpanKind
    ) -> MessagingOperation? {
        let named = scan.string(.operationName).flatMap { OperationName.parts($0)?.operation }
        let command = scan.string(.amqpCommand).flatMap(amqp)
        if let found = named ?? command { return found }
        let byKind = OperationName.operation(kind)
        guard let byName = OperationName.parts(record.pointee.name)?.operation else {
            return byKind == .send && isCreation(record.pointee.name) ? .create : byKind
        }
        // A name may lie about its kind only in how a message came: pulled or pushed.
        switch byKind {
        case .send: return byName == .create ? .create : .send
        case .process: return byName == .receive ? .receive : .process
        default: return byName
        }
    }

    /// Azure's clients have a span `Message`, `ServiceBus.message` or the like for each message, and one more, which
    /// links to those, for sending them.
    private static func isCreation(_ name: String) -> Bool {
        name == "Message" || name == "message" || name.hasSuffix(".message") || name.hasSuffix(".Message")
    }

    private static func amqp(_ command: String) -> MessagingOperation? {
        switch command {
        case "basic.publish": .send
        case "basic.deliver": .process
        case "basic.get", "basic.consume": .receive
        case "basic.ack", "basic.nack", "basic.reject": .settle
        default: nil
        }
    }

    /// The broker by the names of attributes, of the library, or of the other side.
    private static func system(_ record: UnsafePointer<SpanRecord>, _ scan: AttributeScan) -> String? {
        if scan.name(.destination) == "kafka.topic" || scan.name(.group)?.hasPrefix("kafka.") == true {
            return "kafka"
        }
        if scan.has(.exchange) || scan.has(.queue) || scan.has(.amqpCommand) { return "rabbitmq" }
        if scan.name(.destination)?.hasPrefix("jms.") == true { return "jms" }
        for hint in [scan.string(.operationName), scan.string(.component), scan.string(.peer), record.pointee.name] {
            guard let hint = hint?.lowercased() else { continue }
            for broker in ["kafka", "rabbitmq", "sqs", "pulsar", "rocketmq", "activemq", "nats", "mqtt"]
            where hint.contains(broker) { return broker == "sqs" ? "aws_sqs" : broker }
        }
        return nil
    }
}

/// The type of a message without what a framework puts around it.
enum MessageTypeName {
    /// NServiceBus lists .NET types with their assemblies, MassTransit URNs (`urn:message:Shop:OrderPlaced`): the first
    /// is the most specific.
    static func of(_ scan: AttributeScan) -> String? {
        guard let text = scan.string(.type) else { return nil }
        if scan.isFirstChoice(.type) { return text }
        guard let name = scan.name(.type) else { return text }
        let isForeign = name.hasPrefix("nservicebus.") || name.hasPrefix("messaging.masstransit.")
        guard isForeign else { return text }
        let first = text.prefix { $0 != ";" && $0 != "," }
        let urn = "urn:message:"
        guard first.hasPrefix(urn) else { return String(first) }
        return String(first.dropFirst(urn.count).map { $0 == ":" ? "." : $0 })
    }
}
