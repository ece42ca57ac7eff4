/// Two things that spans say and that do not go together. The stronger evidence counted; nothing was dropped in silence.
///
/// Of contradicting causes both stay causes, each with its evidence: a message may have several.
public struct Conflict: Hashable, Sendable {
    /// What the spans disagree about.
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        /// Which message an operation handled.
        case message
        /// Which operation sent a message.
        case sender
        /// Which message caused another one.
        case cause
        /// The correlation id of a message.
        case correlationID = "correlation id"
        /// The type of a message.
        case type
        /// The content of one span, of which two ended versions arrived.
        case span
    }

    /// What the spans disagree about.
    public var subject: Subject
    /// Where: the operation or the message.
    public var place: FlowNode
    /// What counted, as text.
    public var kept: String
    /// The evidence of what counted.
    public var keptEvidence: Evidence
    /// What did not count, as text.
    public var dismissed: String
    /// The evidence of what did not count.
    public var dismissedEvidence: Evidence
}
