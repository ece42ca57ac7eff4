public import ThroughlineModel

/// What whoever reads the spans knows besides them; it turns "not there" into a reason.
public struct FlowKnowledge: Sendable {
    /// The oldest time of which the store still has everything; what is older may have been removed by retention.
    public var retainedSince: Timestamp?
    /// The time at which the spans were read; nil when nothing can be in flight any more.
    public var now: Timestamp?
    /// Who is known to listen to a destination, by the destination's name.
    public var consumers: [String: Set<Consumer>]
    /// Nanoseconds after sending within which a delivery may still come, or its span may still arrive.
    public var grace: UInt64
    /// True when a limit kept the reader from reading the whole flow: what is not there may be among the rest.
    public var isCut = false

    /// Knows nothing.
    ///
    /// - Parameters:
    ///   - retainedSince: the oldest time of which everything is still there.
    ///   - now: the time at which the spans were read.
    ///   - consumers: who is known to listen, by destination.
    ///   - grace: nanoseconds in which a delivery may still come; 60 seconds by default.
    public init(
        retainedSince: Timestamp? = nil, now: Timestamp? = nil, consumers: [String: Set<Consumer>] = [:],
        grace: UInt64 = 60_000_000_000
    ) {
        self.retainedSince = retainedSince
        self.now = now
        self.consumers = consumers
        self.grace = grace
    }

    /// True when something of that time may have been removed since.
    func mayHaveExpired(_ time: Timestamp) -> Bool { retainedSince.map { time < $0 } ?? false }

    /// True when something that began at that time may still be under way.
    func mayBeInFlight(since time: Timestamp) -> Bool { now.map { time.nanoseconds(until: $0) <= grace } ?? false }
}
