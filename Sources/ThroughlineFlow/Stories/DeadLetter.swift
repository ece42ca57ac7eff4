/// A message that a consumer gave up, and what became of it.
public struct DeadLetter: Hashable, Sendable {
    /// What became of it.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// Nobody has replayed it.
        case waiting
        /// It was replayed and nothing shows yet how that ended.
        case replaying
        /// A replay of it was handled.
        case recovered
        /// It was replayed, and failed again.
        case failedAgain = "failed again"
    }

    /// The message.
    public var message: Message.ID
    /// The hop that gave it up; nil when only the setting aside was recorded.
    public var hop: Hop.ID?
    /// Where it was set aside; nil when no span shows that.
    public var publication: Publication.ID?
    /// Why, such as `attempts-used-up`; nil when nobody said.
    public var reason: String?
    /// The type of the failure that ended the last attempt; nil when nobody said.
    public var exception: String?
    /// The replays of it, in time order; a replay that failed again may have a dead letter of its own.
    public var replays: [Hop.ID]
    /// What became of it.
    public var outcome: Outcome
}
