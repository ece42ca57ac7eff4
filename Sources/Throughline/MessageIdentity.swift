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

    /// Makes an identity of its parts.
    public init(
        messageID: String, correlationID: String, causationIDs: [String] = [], messageType: String? = nil,
        intent: MessageIntent? = nil
    ) {
        self.messageID = messageID
        self.correlationID = correlationID
        self.causationIDs = causationIDs
        self.messageType = messageType
        self.intent = intent
    }
}
