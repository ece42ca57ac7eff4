public import Tracing

/// The message, or the batch of messages, that the current task is handling.
///
/// It lives in the task-local `ServiceContext`, so child tasks inherit it: whatever they publish was caused by it.
public struct MessageContext: Hashable, Sendable {
    /// What a message that is published now has as its causation ids.
    public let messageIDs: [String]
    /// What a message that is published now has as its correlation id; nil while a batch of several flows is handled,
    /// where a published message begins a flow of its own that its causation ids join to the others.
    public let correlationID: String?
    /// The ids of the messages that caused the one being handled: none at the root of a flow, and in a batch those of
    /// all its messages.
    public let causationIDs: [String]

    package init(messageIDs: [String], correlationID: String?, causationIDs: [String] = []) {
        self.messageIDs = messageIDs
        self.correlationID = correlationID
        self.causationIDs = causationIDs
    }
}

private enum MessageContextKey: ServiceContextKey {
    typealias Value = MessageContext
    static var nameOverride: String? { "throughline-message" }
}

extension ServiceContext {
    /// The message or batch being handled; nil outside of any handler.
    public package(set) var message: MessageContext? {
        get { self[MessageContextKey.self] }
        set { self[MessageContextKey.self] = newValue }
    }
}
