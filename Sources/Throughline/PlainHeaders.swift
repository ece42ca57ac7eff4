import ThroughlineModel

/// The plain header scheme: a native property of the broker where it has one, else these names.
///
/// Lower case with `-`, because that is valid in every broker's headers. Neither OpenTelemetry nor the W3C defines
/// names for these ids; traceparent, tracestate and baggage are written by the tracer's propagators.
public enum PlainHeaders {
    /// The id of the message.
    public static let messageID = "message-id"
    /// The id that all messages of one flow share.
    public static let correlationID = "correlation-id"
    /// One id, or several joined by commas when a batch was the cause.
    public static let causationID = "causation-id"
    /// The type of the message, such as `OrderPlaced`.
    public static let messageType = "message-type"
    /// A `MessageIntent` raw value.
    public static let intent = "message-intent"

    /// The longest id, in bytes, that is read or written.
    public static let maximumIDLength = 256
    /// How many causation ids are written; the span has them all.
    public static let maximumCausationIDs = 16

    /// True for text that is safe as a header's value on every broker: visible ASCII, within the length.
    static func isSafe(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumIDLength && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// What the headers of one message say, with the names of those that could not be used.
struct HeaderReading<Message: TraceableMessage> {
    let message: Message
    let details: MessageDetails
    private(set) var ignored: [String] = []

    init(_ message: Message) {
        self.message = message
        details = message.details
    }

    /// The value of one id, the broker's own property first. A value that is not safe is ignored and noted.
    mutating func value(native: String? = nil, _ name: String) -> String? {
        guard let value = native ?? Message.value(forHeader: name, in: message.headers) else { return nil }
        guard PlainHeaders.isSafe(value) else {
            ignored.append(name)
            return nil
        }
        return value
    }

    mutating func causationIDs() -> [String] {
        guard let list = Message.value(forHeader: PlainHeaders.causationID, in: message.headers) else { return [] }
        let ids = list.split(separator: ",").map { String($0.trimmingOptionalWhitespace()) }
        guard ids.count <= PlainHeaders.maximumCausationIDs, ids.allSatisfy(PlainHeaders.isSafe) else {
            ignored.append(PlainHeaders.causationID)
            return []
        }
        return ids
    }

    mutating func messageType() -> String? {
        value(native: details.messageType, PlainHeaders.messageType)
    }

    mutating func intent() -> MessageIntent? {
        details.intent ?? value(PlainHeaders.intent).flatMap(MessageIntent.init)
    }

    /// Notes a `traceparent` that the propagator is about to ignore, so that the span can say why its trace starts
    /// here.
    mutating func checkTraceParent() {
        let name = "traceparent"
        guard let header = Message.value(forHeader: name, in: message.headers) else { return }
        if Message.isRepeated(header: name, in: message.headers) || SpanContext(traceParent: header) == nil {
            ignored.append(name)
        }
    }
}
