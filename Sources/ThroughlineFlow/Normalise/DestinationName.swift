import ThroughlineModel

/// Finds the name of a destination, so that producers and consumers of different instrumentations call it the same.
enum DestinationName {
    static func of(_ scan: AttributeScan, publishes: Bool, _ record: UnsafePointer<SpanRecord>) -> String? {
        if let template = scan.string(.template) { return template }
        if scan.has(.exchange) || scan.has(.queue) || scan.has(.routingKey) {
            if let name = rabbit(scan, publishes: publishes, record.pointee.name) { return name }
        }
        guard let name = named(scan) else { return datadog(scan) ?? fromName(scan, record.pointee.name) }
        let slash = UInt8(ascii: "/")
        let hasSlash = name.utf8.withContiguousStorageIfAvailable { $0.contains(slash) } ?? name.utf8.contains(slash)
        return hasSlash ? withoutAddress(name) : name
    }

    /// The attribute's text. `messaging.url` is the broker's address, except that a queue of SQS has one of its own.
    private static func named(_ scan: AttributeScan) -> String? {
        guard let name = scan.string(.destination) else { return nil }
        if scan.isFirstChoice(.destination) { return name }
        return scan.name(.destination) == "messaging.url" && !name.hasPrefix("http") ? nil : name
    }

    /// RabbitMQ's form of v1.44: a producer sends to `{exchange}:{routing key}`, a consumer reads
    /// `{exchange}:{routing key}:{queue}`; empty parts are left out, and a queue that is called like its key stands
    /// once. Older versions named the exchange and gave the key beside it, and the span of a consumer is called after
    /// the queue.
    private static func rabbit(_ scan: AttributeScan, publishes: Bool, _ spanName: String) -> String? {
        let isAttribute = scan.name(.destination)?.hasPrefix("messaging.") == true
        let name = isAttribute ? named(scan) : nil
        if let name, name.utf8.contains(UInt8(ascii: ":")) { return name }
        var queue = publishes ? nil : scan.string(.queue)
        if let name, !publishes {
            queue = queueName(spanName, besides: name)
            if queue == nil, !isDefaultExchange(name) { return name }
        }
        let exchange = name ?? scan.string(.exchange) ?? (queue == nil && !isAttribute ? named(scan) : nil)
        var parts: [String] = []
        for part in [exchange.flatMap { isDefaultExchange($0) ? nil : $0 }, scan.string(.routingKey), queue] {
            if let part, !part.isEmpty, parts.last != part { parts.append(part) }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ":")
    }

    /// The queue that a span is called after whose destination is an exchange: `billing process`.
    private static func queueName(_ spanName: String, besides exchange: String) -> String? {
        guard let rest = OperationName.parts(spanName)?.rest, !rest.isEmpty, rest != exchange, !rest.hasPrefix("<")
        else { return nil }
        return String(rest)
    }

    /// The exchange without a name, which routes to the queue that is called like the key; written so by
    /// OpenTelemetry's agent for Java and Datadog's, and by RabbitMQ's own client for .NET.
    private static func isDefaultExchange(_ name: String) -> Bool { name == "<default>" || name == "amq.default" }

    /// `Produce Topic orders`, `basic.publish orders -> created`: what Datadog calls the resource.
    private static func datadog(_ scan: AttributeScan) -> String? {
        guard let resource = scan.string(.resourceName) else { return nil }
        for prefix in ["Produce Topic ", "Consume Topic ", "Batch Consume Topic "] where resource.hasPrefix(prefix) {
            let topic = resource.dropFirst(prefix.count)
            return topic.isEmpty || topic == "kafka" ? nil : String(topic)
        }
        guard scan.has(.amqpCommand), let space = resource.firstIndex(of: " ") else { return nil }
        let parts = resource[resource.index(after: space)...].split(separator: " ").filter { $0 != "->" }
        return parts.isEmpty ? nil : parts.filter { $0 != "<default>" }.joined(separator: ":")
    }

    /// The name of a span whose attributes tell the broker and not the destination; an address is none.
    private static func fromName(_ scan: AttributeScan, _ name: String) -> String? {
        guard scan.has(.system), let rest = OperationName.parts(name)?.rest, !rest.isEmpty, !rest.contains("("),
            rest.lastIndex(of: ":").map({ Int(rest[rest.index(after: $0)...]) == nil }) ?? true
        else { return nil }
        return String(rest)
    }

    /// Wolverine and MassTransit name endpoints by their address, `rabbitmq://queue/orders`, SQS by its URL.
    private static func withoutAddress(_ name: String) -> String {
        guard let scheme = name.firstRange(of: "://") else { return name }
        var parts = name[scheme.upperBound...].split(separator: "/")
        if name.hasPrefix("http") || parts.count < 2 { return parts.last.map(String.init) ?? name }
        parts.removeFirst()
        return parts.map { $0.prefix { $0 != "?" } }.joined(separator: "/")
    }
}
