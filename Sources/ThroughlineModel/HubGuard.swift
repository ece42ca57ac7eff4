/// Keeps one id from swallowing everything: a correlation id that somebody set on a million messages, a trace that lasts
/// as long as a consumer lives.
///
/// Such an id joins no longer; whatever stronger evidence there is still does. The rules are the same wherever spans are
/// walked: in memory, and in a store.
public struct HubGuard: Hashable, Sendable {
    /// A correlation id may join that many parts that nothing stronger joins. In a store, a part is a trace.
    public var maximumParts: Int
    /// That many deliveries may begin in one trace under something that is no sender of theirs; beyond, the trace is a
    /// consumer's life and not a flow.
    public var maximumDeliveries: Int
    /// Traces that are known to be hubs, however few of their deliveries are at hand.
    public var knownTraces: Set<TraceID> = []

    /// Makes a guard.
    ///
    /// - Parameters:
    ///   - maximumParts: how many parts a correlation id may join; 1,000 by default.
    ///   - maximumDeliveries: how many deliveries may begin in one trace by themselves; 1,000 by default.
    public init(maximumParts: Int = 1_000, maximumDeliveries: Int = 1_000) {
        self.maximumParts = max(1, maximumParts)
        self.maximumDeliveries = max(1, maximumDeliveries)
    }

    /// A thousand of each.
    public static let standard = HubGuard()
}
