public import ThroughlineModel

/// Which flows are wanted; what is not set leaves nothing out.
public struct FlowFilter: Hashable, Sendable {
    /// Flows that started then or later.
    public var since: Timestamp?
    /// Flows that started before.
    public var until: Timestamp?
    /// Flows in which a service of that name took part.
    public var service: String?
    /// Flows with a message on a destination of that name.
    public var destination: String?
    /// Flows with a message of that type.
    public var messageType: String?
    /// Flows in which a span failed, or a consumer rejected a message or gave it up as a dead letter.
    public var failed = false
    /// Flows in which a delivery ended as a dead letter.
    public var deadLettered = false
    /// Flows with a span that was started and never ended.
    public var unfinished = false
    /// Flows in which there is a message, and no traces of anything else.
    public var withMessages = false
    /// Flows that took longer, in nanoseconds.
    public var slowerThan: UInt64?

    /// Every flow.
    public init() {}

    /// True for a flow that meets everything.
    ///
    /// - Parameter isNamed: whether a span of it names the destination otherwise than the flow does, such as by its address.
    func admits(_ flow: FlowSummary, isNamed: (String) -> Bool = { _ in false }) -> Bool {
        if let since, flow.startedAt < since { return false }
        if let until, flow.startedAt >= until { return false }
        if let service, !flow.services.contains(service) { return false }
        if let destination, !flow.destinations.contains(destination), !isNamed(destination) { return false }
        if let messageType, !flow.messageTypes.contains(messageType) { return false }
        if let slowerThan, flow.durationNanoseconds <= slowerThan { return false }
        if withMessages, flow.messages == 0 { return false }
        return (!failed || flow.errors + flow.deadLetters + flow.rejected > 0)
            && (!deadLettered || flow.deadLetters > 0)
            && (!unfinished || flow.unfinished > 0)
    }
}
