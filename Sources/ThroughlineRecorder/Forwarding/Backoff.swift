/// How long to wait between failures: exponential with jitter, and never shorter than the collector asks for.
struct Backoff {
    private let initial: Duration
    private let maximum: Duration
    private let random: @Sendable () -> Double
    private var failures = 0
    /// How long was waited since something last went well.
    private(set) var waited = Duration.zero

    /// - Parameter random: A number from 0 up to 1, a new one each time.
    init(initial: Duration, maximum: Duration, random: @escaping @Sendable () -> Double) {
        self.initial = initial
        self.maximum = maximum
        self.random = random
    }

    /// The next delay. Its second half is left to chance, so that many processes do not come back all at once.
    mutating func next(retryAfter: Duration?) -> Duration {
        // A server that names a century is not obeyed.
        let longest = Duration.seconds(3_600)
        var delay = min(maximum, initial * Double(1 << min(failures, 20)))
        delay = delay * (0.5 + 0.5 * random())
        if let retryAfter { delay = max(delay, min(retryAfter, longest)) }
        failures += 1
        waited += delay
        return delay
    }

    /// Something went well.
    mutating func reset() {
        failures = 0
        waited = .zero
    }
}
