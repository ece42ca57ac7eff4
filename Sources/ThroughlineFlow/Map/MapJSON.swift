import ThroughlineModel

/// Writes maps for machines. Keys are stable; durations are milliseconds.
public enum MapJSON {
    /// One map as an object.
    public static func text(of map: ServiceMap) -> String {
        JSONValue.object([
            ("startedAt", .string(map.start?.iso8601)),
            ("endedAt", .string(map.end?.iso8601)),
            ("services", .array(map.services.map { .string($0) })),
            ("destinations", .array(map.destinations.map { destination($0, map) })),
            ("emissions", .array(map.emissions.map(emission))),
            ("deliveries", .array(map.deliveries.map(delivery))),
        ]).text + "\n"
    }

    private static func destination(_ destination: ServiceMap.Destination, _ map: ServiceMap) -> JSONValue {
        .object([
            ("name", .string(destination.name)),
            ("system", .string(destination.system)),
            ("messages", .integer(destination.messages)),
            ("perSecond", map.rate(destination.messages).map { .number($0) } ?? .null),
        ])
    }

    private static func emission(_ emission: ServiceMap.Emission) -> JSONValue {
        .object([
            ("service", .string(emission.service)),
            ("destination", .string(emission.destination)),
            ("type", .string(emission.type)),
            ("intent", .string(emission.intent?.rawValue)),
            ("count", .integer(emission.count)),
            ("errors", .integer(emission.errors)),
            ("deadLetter", .bool(emission.isDeadLetter)),
        ])
    }

    private static func delivery(_ delivery: ServiceMap.Delivery) -> JSONValue {
        .object([
            ("destination", .string(delivery.destination)),
            ("service", .string(delivery.consumer.service)),
            ("group", .string(delivery.consumer.group)),
            ("count", .integer(delivery.count)),
            ("errors", .integer(delivery.errors)),
            ("deadLetters", .integer(delivery.deadLetters)),
            ("errorShare", .number(delivery.errorShare)),
            ("queueMs", percentiles(delivery.queueTime)),
            ("processingMs", percentiles(delivery.processingTime)),
        ])
    }

    private static func percentiles(_ percentiles: ServiceMap.Percentiles?) -> JSONValue {
        guard let percentiles else { return .null }
        func milliseconds(_ value: UInt64) -> JSONValue { .number(Double(value / 1_000) / 1_000) }
        return .object([
            ("p50", milliseconds(percentiles.p50)), ("p95", milliseconds(percentiles.p95)),
            ("p99", milliseconds(percentiles.p99)),
        ])
    }
}
