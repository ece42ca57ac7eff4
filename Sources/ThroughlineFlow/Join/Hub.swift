public import ThroughlineModel

/// An id that so many spans share that it joins no longer; see ``ThroughlineModel/HubGuard``.
public struct Hub: Hashable, Sendable {
    /// The id.
    public enum Identity: Hashable, Sendable {
        /// A correlation id that somebody set on messages that have nothing else to do with each other.
        case correlationID(String)
        /// A trace that outlives what it traces, as a consumer's loop that began it does.
        case trace(TraceID)
    }

    /// The id.
    public var identity: Identity
    /// How many spans share it and were left out of this flow.
    public var leftOut: Int
}
