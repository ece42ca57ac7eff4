/// How much room there is for the headers that the middleware adds. What matters least is left out first, and the span
/// says what: `baggage`, `tracestate`, the intent, scope, schema version and type, the causation id, and, where there is
/// hardly any room, the correlation id, the message id and at last `traceparent`. Headers that the application set are
/// never touched.
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

    /// The stricter of two.
    func narrowed(to other: HeaderLimit?) -> HeaderLimit {
        guard let other else { return self }
        return HeaderLimit(count: min(count, other.count), bytes: min(bytes, other.bytes))
    }

    /// What is added, the least important first.
    private static let plain = [
        "baggage", "tracestate", PlainHeaders.intent, PlainHeaders.scope, PlainHeaders.schemaVersion,
        PlainHeaders.messageType, PlainHeaders.causationID, PlainHeaders.correlationID, PlainHeaders.messageID,
        "traceparent",
    ]

    /// A CloudEvent is none without its id, source and type, so those stay.
    private static func cloudEvents(_ system: MessagingSystem) -> [String] {
        guard let names = CloudEventNames.of(system).first else { return plain }
        return [
            "baggage", names.traceState, "tracestate", names.traceParent, names.time, PlainHeaders.intent,
            PlainHeaders.scope, PlainHeaders.schemaVersion, names.causationID, names.correlationID, "traceparent",
        ]
    }

    /// Leaves out what does not fit.
    ///
    /// - Parameters:
    ///   - message: The message with the headers that were added.
    ///   - original: The message without them.
    /// - Returns: The names of what was left out.
    func apply<Message: PublishableMessage>(
        to message: inout Message, addedTo original: Message, as scheme: WrittenScheme
    ) -> [String] {
        let names = scheme == .plain ? Self.plain : Self.cloudEvents(Message.system)
        var added: [(name: String, size: Int)] = []
        for name in names where Message.value(forHeader: name, in: original.headers) == nil {
            guard let value = Message.value(forHeader: name, in: message.headers) else { continue }
            added.append((name, name.utf8.count + value.utf8.count))
        }
        var left = added.reduce(0) { $0 + $1.size }
        var leftCount = added.count
        var omitted: [String] = []
        for (name, size) in added {
            guard left > bytes || leftCount > count else { break }
            Message.setValue(nil, forHeader: name, in: &message.headers)
            omitted.append(name)
            left -= size
            leftCount -= 1
        }
        return omitted
    }
}
