public import ThroughlineModel

/// Why a message was given up, as its headers say: what ``DeadLetterQueue`` writes and ``MessageTracing/replay`` reads.
public struct DeadLetter: Hashable, Sendable {
    /// Why nobody tries the message again.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// All attempts have failed.
        case attemptsUsedUp = "attempts-used-up"
        /// The failure was not worth another attempt.
        case notRetryable = "not-retryable"
        /// The consumer or the broker rejected it, without saying more.
        case rejected
    }

    /// Why nobody tries the message again.
    public var reason: Reason
    /// The type of the last failure, as Swift spells it; nil when the broker moved the message and nobody knows.
    public var exceptionType: String?
    /// The destination that the message was on.
    public var origin: String
    /// The consumer group that gave it up; nil when it has no name.
    public var group: String?
    /// How many attempts that group has made, over all replays.
    public var attempts: Int
    /// When the first attempt failed; a replay that fails again keeps it.
    public var firstFailure: Timestamp?
    /// When the last attempt failed.
    public var lastFailure: Timestamp?
    /// How often the message was replayed before.
    public var replays: Int
    /// The trace context of the attempt that gave the message up, as a `traceparent`; nil where the message's own
    /// `traceparent` says it, because it was sent to the dead-letter destination.
    public var traceParent: String?

    /// Describes a message that was given up.
    public init(
        reason: Reason, exceptionType: String? = nil, origin: String, group: String? = nil, attempts: Int,
        firstFailure: Timestamp? = nil, lastFailure: Timestamp? = nil, replays: Int = 0, traceParent: String? = nil
    ) {
        self.reason = reason
        self.exceptionType = exceptionType
        self.origin = origin
        self.group = group
        self.attempts = attempts
        self.firstFailure = firstFailure
        self.lastFailure = lastFailure
        self.replays = replays
        self.traceParent = traceParent
    }

    /// Reads what the headers of a message on a dead-letter destination say, else what the broker itself says; nil when
    /// it is no dead letter.
    public init?<Message: TraceableMessage>(_ message: Message) {
        func value(_ name: String) -> String? { Message.value(forHeader: name, in: message.headers) }
        func time(_ name: String) -> Timestamp? { value(name).flatMap(Timestamp.init(iso8601:)) }
        guard let origin = value(DeadLetterHeaders.origin).flatMap(HeaderText.decoded) else {
            guard let native = message.nativeDeadLetter else { return nil }
            self = native
            return
        }
        self.init(
            reason: value(DeadLetterHeaders.reason).flatMap(Reason.init) ?? .rejected,
            exceptionType: value(DeadLetterHeaders.exception).map(HeaderText.visible), origin: origin,
            group: value(DeadLetterHeaders.group).flatMap(HeaderText.decoded),
            attempts: HeaderText.count(value(DeadLetterHeaders.attempts)) ?? 1,
            firstFailure: time(DeadLetterHeaders.firstFailure), lastFailure: time(DeadLetterHeaders.lastFailure),
            replays: HeaderText.count(value(ReplayHeaders.count)) ?? 0,
            traceParent: value(DeadLetterHeaders.traceParent))
    }

    /// Writes the headers; brokers that move dead letters themselves call it.
    public func write<Message: PublishableMessage>(into message: inout Message) {
        func set(_ value: String?, _ name: String) {
            Message.setValue(value, forHeader: name, in: &message.headers)
        }
        set(reason.rawValue, DeadLetterHeaders.reason)
        set(exceptionType.map(HeaderText.visible), DeadLetterHeaders.exception)
        set(HeaderText.encoded(origin), DeadLetterHeaders.origin)
        set(group.map(HeaderText.encoded), DeadLetterHeaders.group)
        set("\(attempts)", DeadLetterHeaders.attempts)
        set(firstFailure?.iso8601, DeadLetterHeaders.firstFailure)
        set(lastFailure?.iso8601, DeadLetterHeaders.lastFailure)
        set(traceParent.map(HeaderText.visible), DeadLetterHeaders.traceParent)
        set(replays > 0 ? "\(replays)" : nil, ReplayHeaders.count)
        // What said that the message was a replay has been said.
        for name in [ReplayHeaders.of, ReplayHeaders.group, ReplayHeaders.attempts] { set(nil, name) }
    }
}

/// The headers of a message on a dead-letter destination.
public enum DeadLetterHeaders {
    /// A ``DeadLetter/Reason``.
    public static let reason = "dead-letter-reason"
    /// The type of the last failure.
    public static let exception = "dead-letter-exception"
    /// The destination that the message was on; bytes that are not visible ASCII as `%` and two digits.
    public static let origin = "dead-letter-origin"
    /// The consumer group that gave it up, written as the origin is.
    public static let group = "dead-letter-group"
    /// How many attempts there were.
    public static let attempts = "dead-letter-attempts"
    /// When the first attempt failed, in ISO 8601. A replayed message keeps it.
    public static let firstFailure = "dead-letter-first-failure"
    /// When the last attempt failed, in ISO 8601.
    public static let lastFailure = "dead-letter-last-failure"
    /// The trace context of the attempt that gave it up, where the broker moved the message.
    public static let traceParent = "dead-letter-traceparent"

    static let all = [reason, exception, origin, group, attempts, firstFailure, lastFailure, traceParent]
}

/// The headers that mark a message as replayed from a dead-letter destination, or published by a rebuild.
public enum ReplayHeaders {
    /// The trace context of the dead letter, or of the rebuild that published the message, as a `traceparent`.
    public static let of = "replay-of"
    /// How often the message was replayed; absent on what a rebuild published.
    public static let count = "replay-count"
    /// The consumer group that the replay is for: the others of the destination have handled the message already.
    public static let group = "replay-group"
    /// How many attempts were made before the replay.
    public static let attempts = "replay-attempts"

    static let all = [of, count, group, attempts]
    /// Stands for a trace context that nobody knows.
    static let unknown = "unknown"
}
