/// The ids that every message has, and what it says of itself.
public struct MessageIdentity: Hashable, Sendable {
    /// Unique for each message.
    public var messageID: String
    /// The same for every message of one flow: set by the first and copied on.
    public var correlationID: String
    /// The ids of the messages whose handling published this one: none at the root of a flow, one as a rule, several
    /// when it was published while a batch was handled.
    public var causationIDs: [String]
    /// The type of the message, such as `OrderPlaced`.
    public var messageType: String?
    /// What the message is meant to be.
    public var intent: MessageIntent?
    /// How far an event is meant to go.
    public var scope: EventScope?
    /// The version of the message type's schema.
    public var schemaVersion: String?
    /// The correlation id of the causing message, where a foreign system names no message id.
    public var causationCorrelationID: String?
    /// What a foreign system calls correlation id, where that is not what groups a flow.
    public var ownCorrelationID: String?

    /// Makes an identity of its parts.
    public init(
        messageID: String, correlationID: String, causationIDs: [String] = [], messageType: String? = nil,
        intent: MessageIntent? = nil, scope: EventScope? = nil, schemaVersion: String? = nil
    ) {
        self.messageID = messageID
        self.correlationID = correlationID
        self.causationIDs = causationIDs
        self.messageType = messageType
        self.intent = intent
        self.scope = scope
        self.schemaVersion = schemaVersion
    }
}

/// How far an event is meant to go.
public enum EventScope: String, Hashable, Sendable, CaseIterable {
    /// Inside its bounded context; its shape may change with the code.
    case domain
    /// Across bounded contexts; its shape is a contract.
    case integration
}
