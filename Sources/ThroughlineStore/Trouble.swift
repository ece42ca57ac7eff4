internal import ThroughlineFlow
internal import ThroughlineModel

/// Marks the spans that tell of trouble which their status does not show, in whatever convention they are written: an
/// index then finds the few flows that something went wrong in. What it was, and whether, the flow says.
enum Trouble {
    /// Of a row's flags: the span names an error.
    static let error: Int64 = 1 << 48
    /// Of a row's flags, and above the other: the span gives a message up, or sets it aside.
    static let givingUp: Int64 = 1 << 49

    /// What an index of failures has, word for word, so that SQLite takes it.
    static let condition = "(status = \(SpanStatus.Code.error.rawValue) OR flags >= \(error))"

    private static let givenUp: Set<Settlement> = [.deadLettered, .rejected]

    /// What a text may say in which some convention has how a message was settled: the name of a span or of an
    /// operation, or the value of one of ``AttributeNames/settlement``.
    static func mayTell(_ text: String) -> Bool {
        Settlement.told(by: text).map(givenUp.contains) ?? false
    }

    /// True for a span that gives a message up.
    static func isGivingUp(_ record: SpanRecord) -> Bool {
        let own = record.attributes[ThroughlineAttribute.settlement]?.stringValue.flatMap(Settlement.init(rawValue:))
        return (own ?? MessageView(record)?.settlement).map(givenUp.contains) ?? false
    }

    /// The spans that may have to be marked, in a store that was written before there were marks.
    static var unmarked: String {
        let words = Settlement.words(for: givenUp).sorted()
        func has(_ column: String, _ texts: [String]) -> String {
            texts.map { "instr(lower(\(column)), '\($0)') > 0" }.joined(separator: " OR ")
        }
        let texts = "(SELECT id FROM strings WHERE \(has("text", words)))"
        let names = AttributeNames.settlement.map { "\"\($0)\":".lowercased() }
        return """
            (name IN \(texts) OR operation_name IN \(texts) OR settlement IN \(texts)
            OR attributes IS NOT NULL AND (instr(attributes, '"\(MessagingAttribute.errorType)":') > 0
                OR (\(has("attributes", names))) AND (\(has("attributes", words))))
            OR kind = \(SpanKind.producer.rawValue) AND EXISTS (SELECT 1 FROM links WHERE links.span = id
                AND type = (SELECT id FROM strings WHERE text = '\(LinkType.deadLetterOf.rawValue)')))
            """
    }
}
