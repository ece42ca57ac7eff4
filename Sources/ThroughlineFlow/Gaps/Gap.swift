/// Something that must have been there and was never recorded, with the reason that fits what was.
public struct Gap: Hashable, Sendable {
    /// What is not there.
    public enum Missing: Hashable, Sendable {
        /// Whoever sent a message that was handled.
        case sender(Publication.ID)
        /// A message that another one names as its cause.
        case message(Message.ID)
        /// An operation that others name as their parent, or link to.
        case operation(Operation.ID)
        /// An attempt that came before one that was recorded.
        case attempt(hop: Hop.ID, number: Int)
        /// The handling of a message by a consumer that is known to listen.
        case delivery(Publication.ID, Consumer)
        /// The handling of a message by anyone.
        case anyDelivery(Publication.ID)
        /// That many messages of the batch that an operation was about.
        case batchMembers(Operation.ID, count: Int)
    }

    /// Why it is not there.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The trace was not chosen to be recorded.
        case sampledOut = "sampled out"
        /// Whoever did it records no spans.
        case notInstrumented = "not instrumented"
        /// It was older than what is kept.
        case expired
        /// The context did not arrive: a header was lost on the way, or was refused.
        case headerLost = "header lost"
        /// It may still come.
        case inFlight = "still in flight"
        /// A limit on attributes or links left it out, or one on what was read of the flow.
        case limit = "left out by a limit"
        /// Nothing fits.
        case unknown = "not recorded"
    }

    /// What is not there.
    public var missing: Missing
    /// Why, as far as the evidence goes.
    public var reason: Reason
    /// What the reason rests on, in a few words, such as `the context that arrived is not sampled`.
    public var evidence: String
    /// The operations that show that something is missing, in time order.
    public var witnesses: [Operation.ID]
}

extension Gap.Reason {
    /// What to say of a delivery. That a consumer handled other messages proves nothing about this one.
    package var ofDelivery: String { self == .unknown ? rawValue : "not recorded; perhaps \(rawValue)" }
}
