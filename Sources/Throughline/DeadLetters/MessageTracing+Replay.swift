import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Sends a dead letter back to where it came from, once more: with its ids, marked as a replay, and linked to the
    /// dead letter.
    ///
    /// The span begins a trace of its own, because a person's decision to replay is no part of the first trace. Only the
    /// group that gave the message up handles it: a ``TracedConsumer`` of another group, which has handled it already,
    /// settles it as skipped.
    ///
    /// - Parameters:
    ///   - deadLetter: The message as it lies on the dead-letter destination.
    ///   - destination: Where to send it; nil sends it to its origin.
    ///   - send: Sends the message that it is given.
    /// - Returns: What `send` returned.
    /// - Throws: ``ReplayError`` when the message is no dead letter; what `send` threw.
    @discardableResult
    public func replay<Message: ForwardableMessage, Receipt>(
        _ deadLetter: Message, to destination: String? = nil, _ send: (Message) async throws -> Receipt
    ) async throws -> Receipt {
        let outgoing = try prepare(replayOf: deadLetter, to: destination)
        return try await outgoing.operation.run { try await send(outgoing.message) }
    }

    private func prepare<Message: ForwardableMessage>(
        replayOf deadLetter: Message, to destination: String?
    ) throws(ReplayError) -> Outgoing<Message> {
        guard let letter = DeadLetter(deadLetter) else { throw ReplayError(destination: deadLetter.destination) }
        var original = HeaderReading(deadLetter)
        let identity = identity(ofIncoming: &original, trusted: configuration.policy.trustsHeaders)
        var death = ServiceContext.topLevel
        if let parent = letter.traceParent {
            instrument.extract(parent, into: &death, using: TraceParentExtractor())
        } else {
            instrument.extract(deadLetter.headers, into: &death, using: HeaderExtractor<Message>())
        }

        var copy = deadLetter.copy(to: destination ?? letter.origin)
        func set(_ value: String?, _ name: String) { Message.setValue(value, forHeader: name, in: &copy.headers) }
        for name in DeadLetterHeaders.all where name != DeadLetterHeaders.firstFailure { set(nil, name) }
        let parent = letter.traceParent ?? Message.value(forHeader: "traceparent", in: deadLetter.headers)
        set(parent.map(HeaderText.visible) ?? ReplayHeaders.unknown, ReplayHeaders.of)
        set("\(letter.replays + 1)", ReplayHeaders.count)
        set("\(letter.attempts)", ReplayHeaders.attempts)
        set(letter.group.map(HeaderText.encoded), ReplayHeaders.group)

        var links: [(context: ServiceContext, type: LinkType)] = [(death, .replayOf)]
        if let ambient = ServiceContext.current { links.append((ambient, .ambient)) }
        return prepare(
            copy, HeaderReading(copy), identity, in: .topLevel, links: links,
            describing: { attributes in
                attributes.set(letter)
                attributes.set(ThroughlineAttribute.replay, value: .bool(true))
                attributes.set(ThroughlineAttribute.replayCount, value: .int64(Int64(letter.replays + 1)))
            })
    }

    /// What the headers say about a message being a replay.
    struct Replay {
        let count: Int
        let attemptsBefore: Int
        /// The dead letter, or the rebuild.
        let origin: ServiceContext

        /// True for what a rebuild published: nobody has replayed the message itself.
        var isRebuild: Bool { count == 0 }
    }

    func replay<Message: TraceableMessage>(of message: Message) -> Replay? {
        guard configuration.policy.trustsHeaders,
            let of = Message.value(forHeader: ReplayHeaders.of, in: message.headers)
        else { return nil }
        var origin = ServiceContext.topLevel
        instrument.extract(of, into: &origin, using: TraceParentExtractor())
        func number(_ name: String) -> Int {
            HeaderText.count(Message.value(forHeader: name, in: message.headers)) ?? 0
        }
        return Replay(
            count: number(ReplayHeaders.count), attemptsBefore: number(ReplayHeaders.attempts), origin: origin)
    }

    /// True for a replay that is meant for another group of the destination.
    func isForAnotherGroup<Message: TraceableMessage>(_ message: Message) -> Bool {
        guard configuration.policy.trustsHeaders,
            let header = Message.value(forHeader: ReplayHeaders.group, in: message.headers),
            let group = HeaderText.decoded(header), let own = message.details.consumerGroup
        else { return false }
        return group != own
    }
}

/// A message was to be replayed that is no dead letter.
public struct ReplayError: Error, Hashable, CustomStringConvertible {
    /// Where the message lies.
    public let destination: String

    /// What happened, and what to do.
    public var description: String {
        "the message on '\(destination)' has no '\(DeadLetterHeaders.origin)' header, so it is no dead letter and "
            + "nothing says where to replay it to; send it with a producer instead"
    }
}

extension SpanAttributes {
    /// What a dead letter says of itself.
    mutating func set(_ letter: DeadLetter) {
        set(ThroughlineAttribute.deadLetterReason, value: .string(letter.reason.rawValue))
        set(ThroughlineAttribute.deadLetterException, value: letter.exceptionType.map { .string($0) })
        set(ThroughlineAttribute.deadLetterOrigin, value: .string(letter.origin))
        set(ThroughlineAttribute.deadLetterGroup, value: letter.group.map { .string($0) })
        set(ThroughlineAttribute.deadLetterAttempts, value: .int64(Int64(letter.attempts)))
        set(ThroughlineAttribute.deadLetterFirstFailure, value: letter.firstFailure.map(nanoseconds))
        set(ThroughlineAttribute.deadLetterLastFailure, value: letter.lastFailure.map(nanoseconds))
    }

    private func nanoseconds(_ time: Timestamp) -> SpanAttribute {
        .int64(Int64(clamping: time.nanosecondsSinceEpoch))
    }
}
