import ThroughlineModel
import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which generation of the messaging conventions is recorded. Today's names always are; those of v1.24 and before are
/// recorded beside them for who asks, because dashboards are slow to follow.
enum SemanticConventions {
    /// What `OTEL_SEMCONV_STABILITY_OPT_IN` asks for, read once.
    static let recordsOldNames = recordsOldNames(
        optIn: getenv("OTEL_SEMCONV_STABILITY_OPT_IN").map { String(cString: $0) })

    /// True when the comma-separated list has `messaging/dup` (semantic conventions v1.44, messaging, stability).
    static func recordsOldNames(optIn: String?) -> Bool {
        optIn?.split(separator: ",").contains { $0.trimmingOptionalWhitespace() == "messaging/dup" } ?? false
    }
}

extension SpanAttributes {
    /// What v1.24 called the same.
    mutating func setOldNames(
        _ operation: MessagingOperation, group: String?, system: MessagingSystem, partition: String? = nil,
        offset: Int64? = nil
    ) {
        set("messaging.operation", value: .string(operation == .send ? "publish" : operation.rawValue))
        guard system == .kafka else { return }
        set("messaging.kafka.consumer.group", value: group.map { .string($0) })
        set("messaging.kafka.destination.partition", value: partition.flatMap { Int64($0) }.map { .int64($0) })
        set("messaging.kafka.message.offset", value: offset.map { .int64($0) })
    }
}
