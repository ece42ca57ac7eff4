/// A thing in a flow.
public enum FlowNode: Hashable, Sendable {
    case operation(Operation.ID)
    case message(Message.ID)
    case destination(String)
    case service(String)
    case group(Consumer)
}

/// A relation between two things in a flow, with what proves it.
public struct FlowEdge: Hashable, Sendable {
    /// What the edge means, read from its first end to its second.
    public enum Relation: String, Hashable, Sendable, CaseIterable {
        /// An operation began another one.
        case calls
        /// An operation is linked to by a later one.
        case links
        /// An operation sends a message.
        case publishes
        /// A message is handled by an operation.
        case delivers
        /// The handling of a message published another one.
        case causes
        /// Two messages share a correlation id, and nothing stronger joins the second to anything.
        case correlates
        /// An attempt was made again by a later one.
        case retries
        /// A message was given up by one operation and set aside by another, the dead letter's sender.
        case setsAside = "sets aside"
        /// What was given up or done was done once more on purpose by a later operation.
        case replays
        /// A message is the answer to another one.
        case replies
        /// A message stands on a destination.
        case stands = "stands on"
        /// A destination is listened to by a group.
        case feeds
        /// A group belongs to a service.
        case serves
    }

    /// The first end: what came first.
    public var from: FlowNode
    /// The second end.
    public var to: FlowNode
    /// What the edge means.
    public var relation: Relation
    /// The strongest relation that proves the edge.
    public var evidence: Evidence
}
