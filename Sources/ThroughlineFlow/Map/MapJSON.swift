import ThroughlineModel

/// Writes maps for machines. Keys are stable; durations are milliseconds.
public enum MapJSON {
    /// One map as an object.
    public static func text(of map: ServiceMap) -> String {
        JSONValue.object([
            ("startedAt", .string(map.start?.iso8601)),
            ("endedAt", .string(map.end?.iso8601)),
            ("from", .string(map.window?.lowerBound.iso8601)),
            ("to", .string(map.window?.upperBound.iso8601)),
            ("services", .array(map.services.map { .string($0) })),
            ("destinations", .array(map.destinations.map { destination($0, map) })),
            ("emissions", .array(map.emissions.map { emission($0, map) })),
            ("deliveries", .array(map.deliveries.map { delivery($0, map) })),
            ("routes", .array(map.routes.map { route($0, map) })),
            ("calls", .array(map.calls.map { call($0, map) })),
        ]).text + "\n"
    }

    private static func destination(_ destination: ServiceMap.Destination, _ map: ServiceMap) -> JSONValue {
        .object([
            ("name", .string(destination.name)),
            ("system", .string(destination.system)),
            ("messages", .integer(destination.messages)),
            ("perSecond", map.rate(destination.messages).map { .number($0) } ?? .null),
            ("bodyBytes", percentiles(destination.bodySize) { .integer(Int(clamping: $0)) }),
        ])
    }

    private static func emission(_ emission: ServiceMap.Emission, _ map: ServiceMap) -> JSONValue {
        .object([
            ("service", .string(emission.service)),
            ("destination", .string(emission.destination)),
            ("type", .string(emission.type)),
            ("intent", .string(emission.intent?.rawValue)),
            ("count", .integer(emission.count)),
            ("perSecond", map.rate(emission.count).map { .number($0) } ?? .null),
            ("errors", .integer(emission.errors)),
            ("deadLetter", .bool(emission.isDeadLetter)),
            ("replay", .bool(emission.isReplay)),
        ])
    }

    private static func route(_ route: ServiceMap.Route, _ map: ServiceMap) -> JSONValue {
        .object([
            ("from", .string(route.from)),
            ("to", .string(route.to)),
            ("count", .integer(route.count)),
            ("perSecond", map.rate(route.count).map { .number($0) } ?? .null),
            ("deadLetter", .bool(route.isDeadLetter)),
        ])
    }

    private static func call(_ call: ServiceMap.Call, _ map: ServiceMap) -> JSONValue {
        .object([
            ("caller", .string(call.caller)),
            ("called", .string(call.called)),
            ("count", .integer(call.count)),
            ("perSecond", map.rate(call.count).map { .number($0) } ?? .null),
            ("errors", .integer(call.errors)),
            ("durationMs", percentiles(call.duration, milliseconds)),
        ])
    }

    private static func delivery(_ delivery: ServiceMap.Delivery, _ map: ServiceMap) -> JSONValue {
        .object([
            ("destination", .string(delivery.destination)),
            ("service", .string(delivery.consumer.service)),
            ("group", .string(delivery.consumer.group)),
            ("replay", .bool(delivery.isReplay)),
            ("count", .integer(delivery.count)),
            ("perSecond", map.rate(delivery.count).map { .number($0) } ?? .null),
            ("attempts", .integer(delivery.attempts)),
            ("retries", .integer(delivery.retries)),
            ("duplicates", .integer(delivery.duplicates)),
            ("errors", .integer(delivery.errors)),
            ("deadLetters", .integer(delivery.deadLetters)),
            ("unfinished", .integer(delivery.unfinished)),
            ("backlog", delivery.backlog.map { .integer($0) } ?? .null),
            ("errorShare", .number(delivery.errorShare)),
            ("retryShare", .number(delivery.retryShare)),
            ("deadLetterShare", .number(delivery.deadLetterShare)),
            ("queueMs", percentiles(delivery.queueTime, milliseconds)),
            ("retryMs", percentiles(delivery.retryTime, milliseconds)),
            ("processingMs", percentiles(delivery.processingTime, milliseconds)),
        ])
    }

    private static func percentiles(
        _ percentiles: ServiceMap.Percentiles?, _ value: (UInt64) -> JSONValue
    ) -> JSONValue {
        guard let percentiles else { return .null }
        return .object([
            ("p50", value(percentiles.p50)), ("p95", value(percentiles.p95)), ("p99", value(percentiles.p99)),
        ])
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> JSONValue {
        .number(Double(nanoseconds / 1_000) / 1_000)
    }
}
