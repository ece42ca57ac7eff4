/// A table of messages to be sent, which an ``OutboxRelay`` drains. The application writes to it in the transaction
/// that changes its domain; this is only the reading side.
public protocol Outbox: Sendable {
    associatedtype Message: PublishableMessage & Sendable
    associatedtype EntryID: Hashable & Sendable

    /// Takes entries that nobody has sent and nobody holds, oldest first, those only that are due.
    ///
    /// They are this caller's until the lease ends; several relays must not get the same entry at once. With SQLite or
    /// PostgreSQL that is one `UPDATE … RETURNING`, or `SELECT … FOR UPDATE SKIP LOCKED`.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - lease: How long the caller may take; after that others get what is not marked as sent.
    func claim(atMost limit: Int, for lease: Duration) async throws -> [OutboxEntry<EntryID, Message>]

    /// Notes that entries were sent, or deletes them; those that somebody else has claimed since are left alone.
    func markSent(_ ids: [EntryID]) async throws

    /// Gives entries back before their lease ends, because they could not be sent; those that somebody else has claimed
    /// since are left alone.
    func release(_ ids: [EntryID]) async throws
}

/// One row of an outbox.
public struct OutboxEntry<ID: Hashable & Sendable, Message: PublishableMessage & Sendable>: Sendable {
    /// Tells it from other rows.
    public var id: ID
    /// The message.
    public var message: Message
    /// What was captured when the row was appended.
    public var context: CapturedContext

    /// Makes an entry of its parts.
    public init(id: ID, message: Message, context: CapturedContext) {
        self.id = id
        self.message = message
        self.context = context
    }
}
