/// How a process span relates to the trace of whoever sent the message.
///
/// The flow is the same in all cases but the last: the ids in the headers join it across traces.
public struct PropagationPolicy: Hashable, Sendable {
    private enum Kind: Hashable, Sendable {
        case child, link, newTrace, ignore
    }

    private let kind: Kind

    /// A child of the message's creation context, with a link to it: one message, handled at once.
    public static let child = PropagationPolicy(kind: .child)
    /// The root of a new trace, with a link to the creation context: batches, replays, delayed messages, and senders
    /// whose sampling decision is not to be trusted.
    public static let link = PropagationPolicy(kind: .link)
    /// The root of a new trace without a link; ids and baggage are still taken over.
    public static let newTrace = PropagationPolicy(kind: .newTrace)
    /// Nothing that stands in the headers is believed, ids and baggage included: untrusted senders.
    public static let ignore = PropagationPolicy(kind: .ignore)

    var isChild: Bool { kind == .child }
    var links: Bool { kind == .child || kind == .link }
    var trustsHeaders: Bool { kind != .ignore }
}
