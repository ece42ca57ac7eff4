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

/// Reads ids through `value`, which gives what stands under a name; nil when the message does not speak the scheme.
extension ForeignIdentity {
    init?(nServiceBus value: (String) -> String?) {
        guard let id = value("NServiceBus.MessageId") else { return nil }
        self.init(.nServiceBus)
        messageID = id
        correlationID = value("NServiceBus.ConversationId")
        causationIDs = value("NServiceBus.RelatedTo").map { [$0] } ?? []
        ownCorrelationID = value("NServiceBus.CorrelationId")
        // `Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0, …;Shop.IOrderEvent, …`, the most derived type first.
        messageType = value("NServiceBus.EnclosedMessageTypes").map { types in
            String(types.prefix { $0 != "," && $0 != ";" }.trimmingOptionalWhitespace())
        }
        switch value("NServiceBus.MessageIntent") {
        case "Publish": intent = .event
        case "Send": intent = .command
        case "Reply": intent = .reply
        default: break
        }
    }

    init?(massTransit value: (String) -> String?) {
        guard let id = value("MessageId") else { return nil }
        let conversation = value("ConversationId")
        let types = value("MT-MessageType")
        // `MessageId` alone is a name that anybody might choose.
        guard conversation != nil || types != nil else { return nil }
        self.init(.massTransit)
        messageID = id
        correlationID = conversation
        causationCorrelationID = value("MT-InitiatorId")
        ownCorrelationID = value("CorrelationId")
        messageType = types.map(Self.massTransitType)
    }

    /// `OrderPlaced` of `urn:message:Shop:OrderPlaced`; of several, the first.
    static func massTransitType(_ urns: String) -> String {
        let first = urns.prefix { $0 != ";" && $0 != "," }
        return String(first.lastIndex(of: ":").map { first[first.index(after: $0)...] } ?? first)
    }

    init?(wolverine value: (String) -> String?) {
        guard let id = value("id"), let type = value("message-type") else { return nil }
        let conversation = value("conversation-id")
        // `id` and `message-type` alone may well be an application's own beside ours.
        guard conversation != nil || value("sent-at") != nil || value("accepted-content-types") != nil else {
            return nil
        }
        self.init(.wolverine)
        messageID = id
        messageType = type
        correlationID = value("correlation-id")
        // A first message may name itself, or nobody: an empty Guid.
        let cause = conversation.flatMap { text in
            text == id || text.allSatisfy { $0 == "0" || $0 == "-" } ? nil : text
        }
        causationIDs = (value("causation-id") ?? cause).map { [$0] } ?? []
        switch value("is-response") {
        case "true", "True": intent = .reply
        default: break
        }
    }
}
