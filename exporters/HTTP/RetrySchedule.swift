/// Decides whether a request that failed is sent again, and when: exponential backoff with full jitter, within a budget
/// for all attempts together. A value without a clock, randomness or I/O of its own.
///
/// OTLP's rules (opentelemetry-proto docs/specification.md, "Failures" and "OTLP/HTTP throttling"), which are right for
/// any collector: 429, 502, 503 and 504 are tried again, and so is a request without an answer; `Retry-After` is obeyed.
package struct RetrySchedule: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// The first pause is at most this long, and each further one at most twice as long as the one before.
        package var firstPause: Duration = .seconds(1)
        package var longestPause: Duration = .seconds(30)

        package init() {}
    }

    /// What to do about a failure.
    package enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        /// The server, when it asked for a delay, should be left alone for so long.
        case giveUp(retryAfter: Duration?)
    }

    private let configuration: Configuration
    private let budget: Duration
    private var ceiling: Duration

    /// - Parameter budget: How long all attempts and pauses may take together.
    package init(budget: Duration, _ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        self.budget = budget
        ceiling = min(configuration.firstPause, configuration.longestPause)
    }

    /// - Parameters:
    ///   - retryAfter: What the server asked for.
    ///   - elapsed: Since the first attempt began.
    ///   - random: From 0 to 1, both included.
    package mutating func next(retryAfter: Duration?, elapsed: Duration, random: Double) -> Decision {
        let pause = retryAfter ?? ceiling * min(max(random, 0), 1)
        ceiling = min(ceiling * 2, configuration.longestPause)
        guard elapsed + pause < budget else { return .giveUp(retryAfter: retryAfter) }
        return .retry(after: pause)
    }

    /// How much of the budget is left.
    package func remaining(elapsed: Duration) -> Duration { max(.zero, budget - elapsed) }
}
