/// How much room a broker leaves for the headers that the middleware adds. What matters least is left out first, and the
/// span says what: `baggage`, `tracestate`, the intent, scope, schema version and type, the causation id. The message id,
/// the correlation id and `traceparent` always stay.
public struct HeaderLimit: Hashable, Sendable {
    /// How many of our headers at most.
    public var count: Int
    /// How many bytes of names and values together at most.
    public var bytes: Int

    /// A limit.
    public init(count: Int = .max, bytes: Int = .max) {
        self.count = count
        self.bytes = bytes
    }

    /// What may be left out, the least important first.
    static let expendable = [
        "baggage", "tracestate", PlainHeaders.intent, PlainHeaders.scope, PlainHeaders.schemaVersion,
        PlainHeaders.messageType, PlainHeaders.causationID,
    ]

    private static let kept = ["traceparent", PlainHeaders.messageID, PlainHeaders.correlationID]

    /// Leaves out what does not fit.
    ///
    /// - Returns: The names of what was left out.
    func apply<Message: PublishableMessage>(to message: inout Message) -> [String] {
        var sizes: [(name: String, size: Int)] = []
        for name in Self.expendable + Self.kept {
            guard let value = Message.value(forHeader: name, in: message.headers) else { continue }
            sizes.append((name, name.utf8.count + value.utf8.count))
        }
        var left = sizes.reduce(0) { $0 + $1.size }
        var leftCount = sizes.count
        var omitted: [String] = []
        for (name, size) in sizes where Self.expendable.contains(name) {
            guard left > bytes || leftCount > count else { break }
            Message.setValue(nil, forHeader: name, in: &message.headers)
            omitted.append(name)
            left -= size
            leftCount -= 1
        }
        return omitted
    }
}
