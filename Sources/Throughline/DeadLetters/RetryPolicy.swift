/// How often a consumer tries a message, how long it waits between the attempts, and what is worth trying again.
///
/// The attempts are made in place, one after the other: a partition keeps its order, and no broker needs to redeliver.
/// The message is held meanwhile, so all delays together must stay below the broker's own redelivery timeout.
public struct RetryPolicy: Sendable {
    /// How many attempts there are, the first included; at least one.
    public var attempts: Int
    /// How long to wait before each further attempt.
    public var backoff: Backoff
    /// Decides whether a failure may pass. What it refuses is given up at once: a message that cannot be decoded will
    /// not be better next time.
    public var isWorthRetrying: @Sendable (any Error) -> Bool

    /// A policy; the defaults make three attempts with a tenth of a second and half a second between them.
    public init(
        attempts: Int = 3, backoff: Backoff = Backoff(),
        isWorthRetrying: @escaping @Sendable (any Error) -> Bool = { _ in true }
    ) {
        self.attempts = max(1, attempts)
        self.backoff = backoff
        self.isWorthRetrying = isWorthRetrying
    }
}

/// Delays that grow from attempt to attempt, each shortened by chance so that consumers that failed together do not
/// come back together.
public struct Backoff: Hashable, Sendable {
    /// The delay before the second attempt.
    public var first: Duration
    /// What each delay is multiplied with to give the next.
    public var factor: Double
    /// No delay is longer than this.
    public var maximum: Duration
    /// The share of a delay that chance may take away, from 0 to 1.
    public var jitter: Double

    /// A backoff; the defaults are a tenth of a second, fivefold each time, a minute at most, a fifth of it by chance.
    public init(
        first: Duration = .milliseconds(100), factor: Double = 5, maximum: Duration = .seconds(60), jitter: Double = 0.2
    ) {
        self.first = first
        self.factor = factor
        self.maximum = maximum
        self.jitter = min(max(jitter, 0), 1)
    }

    /// The delay after a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: The number of the attempt that failed, from 1.
    ///   - chance: A number from 0 to 1.
    public func delay(after attempt: Int, chance: Double) -> Duration {
        var seconds = first / .seconds(1)
        let longest = maximum / .seconds(1)
        for _ in 1..<max(1, attempt) where seconds < longest { seconds *= factor }
        return .seconds(min(seconds, longest) * (1 - jitter * chance))
    }
}
