/// A question that was sent as a message, and the message that answered it.
public struct Reply: Hashable, Sendable {
    /// The question.
    public var request: Message.ID
    /// The answer.
    public var reply: Message.ID
    /// The service that asked and was answered.
    public var requester: String
    /// The service that answered.
    public var responder: String
    /// What joins the two.
    public var evidence: Evidence
    /// Nanoseconds from sending the question until the requester began to handle the answer; nil when it has not.
    public var latency: UInt64?
}
