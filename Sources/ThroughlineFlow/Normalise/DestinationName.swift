import ThroughlineModel

/// Finds the name of a destination, so that producers and consumers of different instrumentations call it the same.
enum DestinationName {
    static func of(_ scan: AttributeScan, publishes: Bool, _ record: UnsafePointer<SpanRecord>) -> String? {
        if let template = scan.string(.template) { return template }
        if scan.has(.exchange) || scan.has(.queue) || scan.has(.routingKey) {
            if let name = rabbit(scan, publishes: publishes) { return name }
        }
        guard let name = scan.string(.destination) else { return datadog(scan) ?? fromName(scan, record.pointee.name) }
        let slash = UInt8(ascii: "/")
        let hasSlash = name.utf8.withContiguousStorageIfAvailable { $0.contains(slash) } ?? name.utf8.contains(slash)
        return hasSlash ? withoutAddress(name) : name
    }

    /// RabbitMQ's form of v1.44: a producer sends to `{exchange}:{routing key}`, a consumer reads
    /// `{exchange}:{routing key}:{queue}`; empty parts are left out, and a queue that is called like its key stands
    /// once. Older versions named the exchange and gave the key beside it.
    private static func rabbit(_ scan: AttributeScan, publishes: Bool) -> String? {
        let key = scan.string(.routingKey)
        if let name = scan.string(.destination), scan.name(.destination)?.hasPrefix("messaging.") == true {
            guard publishes, let key, name != key, !name.utf8.contains(UInt8(ascii: ":")) else { return name }
            return "\(name):\(key)"
        }
        var parts: [String] = []
        let queue = publishes ? nil : scan.string(.queue)
        let exchange = scan.string(.exchange) ?? (queue == nil ? scan.string(.destination) : nil)
        for part in [exchange, key, queue] {
            if let part, !part.isEmpty, parts.last != part { parts.append(part) }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ":")
    }

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
