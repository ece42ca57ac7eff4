#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sends a request again for as long as ``RetrySchedule`` says so.
package struct RetryingClient: Sendable {
    /// What became of a request in the end.
    package enum Outcome: Sendable {
        /// The last word of the server; any status but those that may be tried again.
        case answered(HTTPResponse)
        /// The server wanted it later, or could not; trying again later may help.
        case unavailable(HTTPResponse, retryAfter: Duration?)
        case failed(HTTPError)
    }

    /// Time and chance, which tests replace.
    package struct Surroundings: Sendable {
        package var clock: any Clock<Duration>
        /// Seconds since 1970.
        package var secondsSince1970: @Sendable () -> Int64
        /// From 0 to 1.
        package var random: @Sendable () -> Double

        package init(
            clock: any Clock<Duration>, secondsSince1970: @escaping @Sendable () -> Int64,
            random: @escaping @Sendable () -> Double
        ) {
            self.clock = clock
            self.secondsSince1970 = secondsSince1970
            self.random = random
        }

        package static let real = Surroundings(
            clock: ContinuousClock(), secondsSince1970: { Int64(time(nil)) }, random: { Double.random(in: 0...1) })
    }

    private let send: @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse
    private let configuration: RetrySchedule.Configuration
    private let surroundings: Surroundings

    package init(
        _ client: HTTPClient, _ configuration: RetrySchedule.Configuration = .init(),
        surroundings: Surroundings = .real
    ) {
        self.init(configuration, surroundings) { request async throws(HTTPError) in try await client.send(request) }
    }

    init(
        _ configuration: RetrySchedule.Configuration, _ surroundings: Surroundings,
        send: @escaping @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse
    ) {
        self.send = send
        self.configuration = configuration
        self.surroundings = surroundings
    }

    /// - Parameter request: Its timeout is the budget of all attempts and pauses together.
    package func send(_ request: HTTPRequest) async -> Outcome {
        await send(request, on: surroundings.clock)
    }

    private func send<C: Clock<Duration>>(_ request: HTTPRequest, on clock: C) async -> Outcome {
        var request = request
        let begin = clock.now
        var schedule = RetrySchedule(budget: request.timeout, configuration)
        // That the time ran out says less than what went wrong before.
        var telling: Outcome?
        while true {
            let outcome = await attempt(request)
            var asked: Duration?
            switch outcome {
            case .answered: return outcome
            case .failed(let error):
                if !error.isRetryable { return outcome }
                if error.reason != .timedOut { telling = outcome }
            case .unavailable(_, let retryAfter):
                asked = retryAfter
                telling = outcome
            }
            let elapsed = begin.duration(to: clock.now)
            guard
                case .retry(let pause) = schedule.next(
                    retryAfter: asked, elapsed: elapsed, random: surroundings.random())
            else { return telling ?? outcome }
            do {
                try await clock.sleep(for: pause)
            } catch {
                // Cancelled while it waited.
                return telling ?? outcome
            }
            request.timeout = schedule.remaining(elapsed: begin.duration(to: clock.now))
        }
    }

    private func attempt(_ request: HTTPRequest) async -> Outcome {
        do throws(HTTPError) {
            let response = try await send(request)
            guard response.isRetryable else { return .answered(response) }
            let asked = response.header("Retry-After").flatMap {
                RetryAfter.delay($0, now: surroundings.secondsSince1970())
            }
            return .unavailable(response, retryAfter: asked)
        } catch {
            return .failed(error)
        }
    }
}
