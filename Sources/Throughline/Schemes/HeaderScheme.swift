/// Whose names the ids of a message stand under.
public enum HeaderScheme: Hashable, Sendable, CaseIterable {
    /// This library's: ``PlainHeaders``.
    case plain
    /// CloudEvents in binary mode, with the correlation extension; the prefix is that of the broker's binding.
    case cloudEvents
    /// NServiceBus. Its `CorrelationId` belongs to request and reply; a flow is its `ConversationId`.
    case nServiceBus
    /// MassTransit's transport headers. Its `InitiatorId` is a correlation id, not a message id.
    case massTransit
    /// Wolverine, whose `conversation-id` is the id of the causing message.
    case wolverine

    /// Reads ids through `value`, which gives what stands under a name; nil when the message does not speak the scheme.
    func read(_ system: MessagingSystem, _ value: (String) -> String?) -> ForeignIdentity? {
        switch self {
        case .plain: nil
        case .cloudEvents: CloudEventNames.read(system, value)
        case .nServiceBus: ForeignIdentity(nServiceBus: value)
        case .massTransit: ForeignIdentity(massTransit: value)
        case .wolverine: ForeignIdentity(wolverine: value)
        }
    }
}

/// Whose names are written.
public enum WrittenScheme: Hashable, Sendable {
    /// This library's: ``PlainHeaders``.
    case plain
    /// CloudEvents in binary mode, with the correlation and distributed tracing extensions; `source` is the URI of the
    /// sender, such as `/orders` (CloudEvents v1.0.2, source).
    case cloudEvents(source: String)
}
