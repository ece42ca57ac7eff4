/// Whose names the ids of a message stand under.
public enum HeaderScheme: Hashable, Sendable, CaseIterable {
    /// This library's: ``PlainHeaders``.
    case plain
    /// CloudEvents in binary mode, with the correlation extension; the prefix is that of the broker's binding.
    case cloudEvents
    /// NServiceBus. Its `CorrelationId` belongs to request and reply; a flow is its `ConversationId`.
    case nServiceBus
    /// MassTransit's transport headers. Its `InitiatorId` is a correlation id, not a message id.
    case massTransit
    /// Wolverine, whose `conversation-id` is the id of the causing message.
    case wolverine
}

/// Whose names are written.
public enum WrittenScheme: Hashable, Sendable {
    /// This library's: ``PlainHeaders``.
    case plain
    /// CloudEvents in binary mode with the correlation extension; `source` is the URI of the sender, such as
    /// `/orders` (CloudEvents v1.0.2, source).
    case cloudEvents(source: String)
}

/// The ids of a message as another system's headers or envelope have them.
public struct ForeignIdentity: Hashable, Sendable {
    /// Whose they are.
    public var scheme: HeaderScheme
    /// Unique for each message.
    public var messageID: String?
    /// What groups the messages of a flow.
    public var correlationID: String?
    /// The ids of the causing messages.
    public var causationIDs: [String] = []
    /// The correlation id, not the message id, of the causing message: all that MassTransit says of it.
    public var causationCorrelationID: String?
    /// What the system itself calls correlation id where that is not what groups a flow.
    public var ownCorrelationID: String?
    /// The type of the message.
    public var messageType: String?
    /// What the message is meant to be.
    public var intent: MessageIntent?

    init(_ scheme: HeaderScheme) { self.scheme = scheme }
}

extension HeaderScheme {
    /// Reads ids through `value`, which gives what stands under a name; nil when the message does not speak the scheme.
    func read(_ system: MessagingSystem, _ value: (String) -> String?) -> ForeignIdentity? {
        switch self {
        case .plain: nil
        case .cloudEvents: CloudEventHeaders.read(system, value)
        case .nServiceBus: Self.readNServiceBus(value)
        case .massTransit: Self.readMassTransit(value)
        case .wolverine: Self.readWolverine(value)
        }
    }

    private static func readNServiceBus(_ value: (String) -> String?) -> ForeignIdentity? {
        guard let id = value("NServiceBus.MessageId") else { return nil }
        var identity = ForeignIdentity(.nServiceBus)
        identity.messageID = id
        identity.correlationID = value("NServiceBus.ConversationId")
        identity.causationIDs = value("NServiceBus.RelatedTo").map { [$0] } ?? []
        identity.ownCorrelationID = value("NServiceBus.CorrelationId")
        // `Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0, …;Shop.IOrderEvent, …`, the most derived type first.
        identity.messageType = value("NServiceBus.EnclosedMessageTypes").map { types in
            String(types.prefix { $0 != "," && $0 != ";" }.trimmingOptionalWhitespace())
        }
        switch value("NServiceBus.MessageIntent") {
        case "Publish": identity.intent = .event
        case "Send": identity.intent = .command
        case "Reply": identity.intent = .reply
        default: break
        }
        return identity
    }

    private static func readMassTransit(_ value: (String) -> String?) -> ForeignIdentity? {
        guard let id = value("MessageId"), let conversation = value("ConversationId") ?? value("MT-MessageType") else {
            return nil
        }
        var identity = ForeignIdentity(.massTransit)
        identity.messageID = id
        identity.correlationID = value("ConversationId") == nil ? nil : conversation
        identity.causationCorrelationID = value("MT-InitiatorId")
        identity.ownCorrelationID = value("CorrelationId")
        identity.messageType = value("MT-MessageType").map(massTransitType)
        return identity
    }

    /// `OrderPlaced` of `urn:message:Shop:OrderPlaced`; of several, the first.
    static func massTransitType(_ urns: String) -> String {
        let first = urns.prefix { $0 != ";" && $0 != "," }
        return String(first.lastIndex(of: ":").map { first[first.index(after: $0)...] } ?? first)
    }

    private static func readWolverine(_ value: (String) -> String?) -> ForeignIdentity? {
        guard let id = value("id"), value("message-type") != nil || value("conversation-id") != nil else { return nil }
        var identity = ForeignIdentity(.wolverine)
        identity.messageID = id
        identity.correlationID = value("correlation-id")
        // A first message may name itself, or nobody: an empty Guid.
        let conversation = value("conversation-id").flatMap { text in
            text == id || text.allSatisfy { $0 == "0" || $0 == "-" } ? nil : text
        }
        identity.causationIDs = (value("causation-id") ?? conversation).map { [$0] } ?? []
        identity.messageType = value("message-type")
        switch value("is-response") {
        case "true", "True": identity.intent = .reply
        default: break
        }
        return identity
    }

    /// Headers that carry another message's ids and context when a message is forwarded as it came.
    static let contextNames =
        [
            "traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId",
            "X-B3-Sampled", "X-B3-Flags", "uber-trace-id", "X-Amzn-Trace-Id", "Xraceparent", "Diagnostic-Id",
            "MT-Activity-Id", "parent-id", "id", "conversation-id", "MessageId", "CorrelationId", "ConversationId",
            "MT-InitiatorId", "NServiceBus.MessageId", "NServiceBus.ConversationId", "NServiceBus.CorrelationId",
            "NServiceBus.RelatedTo",
        ] + PlainHeaders.idNames + DeadLetterHeaders.all
        + [ReplayHeaders.of, ReplayHeaders.count, ReplayHeaders.group, ReplayHeaders.attempts]
        + CloudEventHeaders.prefixes.flatMap { prefix in
            CloudEventHeaders.contextAttributes.map { prefix + $0 }
        }
}
