import Synchronization

/// Records at most so many spans a second, and a burst after a pause. As the root of a ``ParentBasedSampler`` it limits
/// traces; as that of a rule, those of one kind.
///
/// It cuts flows that begin several traces; put it where a flow begins.
public struct RateLimitingSampler: Sampler {
    private let bucket: Bucket

    /// Makes the sampler; copies share the limit.
    ///
    /// - Parameters:
    ///   - perSecond: How many on average.
    ///   - burst: How many at once after a pause; nil takes as many as in a second, and at least one.
    ///   - clock: What the seconds are measured with.
    public init<C: Clock>(perSecond: Double, burst: Double? = nil, clock: C = ContinuousClock())
    where C.Duration == Duration {
        let start = clock.now
        bucket = Bucket(rate: max(0, perSecond), capacity: burst ?? max(1, perSecond)) { start.duration(to: clock.now) }
    }

    /// Yes while there is room.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        bucket.take() ? .recordAndSample : .drop
    }

    /// False.
    public var readsMessages: Bool { false }

    /// A bucket that fills at the rate; each span takes one out.
    private final class Bucket: Sendable {
        private struct State {
            var level: Double
            var time = 0.0
        }

        private let rate: Double
        private let capacity: Double
        private let elapsed: @Sendable () -> Duration
        private let state: Mutex<State>

        init(rate: Double, capacity: Double, elapsed: @escaping @Sendable () -> Duration) {
            self.rate = rate
            self.capacity = capacity
            self.elapsed = elapsed
            state = Mutex(State(level: rate > 0 ? capacity : 0))
        }

        func take() -> Bool {
            let now = elapsed() / .seconds(1)
            return state.withLock { state in
                state.level = min(capacity, state.level + max(0, now - state.time) * rate)
                state.time = max(state.time, now)
                guard state.level >= 1 else { return false }
                state.level -= 1
                return true
            }
        }
    }
}
