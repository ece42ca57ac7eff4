/// A message that can be sent on to another destination as it is: what dead letters and replays need.
public protocol ForwardableMessage: PublishableMessage {
    /// The same headers, key and body, bound for another destination. What the broker said about the delivery stays
    /// behind.
    func copy(to destination: String) -> Self
}

/// A look at what lies on a destination, without taking anything away or disturbing any consumer.
public protocol MessageBrowser: Sendable {
    associatedtype Message: TraceableMessage & Sendable

    /// Returns what lies there now, oldest first.
    ///
    /// - Parameters:
    ///   - destination: The topic or queue.
    ///   - limit: How many messages at most.
    func browse(_ destination: String, limit: Int) async throws -> [Message]
}
