internal import ThroughlineFlow
internal import ThroughlineModel

/// Which rows may be about messages, in SQL; the span itself tells whether it is.
enum MessagingRows {
    /// True for attributes of which some name says so.
    static let names = (["messag"] + AttributeNames.messaging).map { "instr(attributes, '\($0)') > 0" }
        .joined(separator: " OR ")

    /// True for a span that may be about messages, whatever convention it is written in; some other span of its flow is
    /// where its name alone tells.
    static let condition = """
        (kind IN (\(SpanKind.producer.rawValue), \(SpanKind.consumer.rawValue))
        OR coalesce(system, operation_name, operation_type, destination) IS NOT NULL
        OR attributes IS NOT NULL AND (\(names)))
        """
}
