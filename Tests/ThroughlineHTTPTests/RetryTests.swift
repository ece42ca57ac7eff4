import FlowFixtures
import Synchronization
import Testing

@testable import ThroughlineHTTP

@Suite("Retry schedule") struct RetryScheduleTests {
    @Test("pauses double up to the longest, and chance takes any part of them")
    func doubling() {
        var schedule = RetrySchedule(budget: .seconds(1_000))
        let full = (0..<7).map { _ in schedule.next(retryAfter: nil, elapsed: .zero, random: 1) }
        #expect(full == [1, 2, 4, 8, 16, 30, 30].map { .retry(after: .seconds($0)) })
        var half = RetrySchedule(budget: .seconds(1_000))
        #expect(half.next(retryAfter: nil, elapsed: .zero, random: 0) == .retry(after: .zero))
        #expect(half.next(retryAfter: nil, elapsed: .zero, random: 0.25) == .retry(after: .milliseconds(500)))
    }

    @Test("the budget ends it, before a pause that would not fit")
    func budget() {
        var schedule = RetrySchedule(budget: .seconds(10))
        #expect(schedule.next(retryAfter: nil, elapsed: .seconds(8.9), random: 1) == .retry(after: .seconds(1)))
        #expect(schedule.next(retryAfter: nil, elapsed: .seconds(8), random: 1) == .giveUp(retryAfter: nil))
        #expect(schedule.remaining(elapsed: .seconds(4)) == .seconds(6))
        #expect(schedule.remaining(elapsed: .seconds(40)) == .zero)
    }

    @Test("what the server asks for is obeyed, or passed on when it is too long")
    func retryAfter() {
        var schedule = RetrySchedule(budget: .seconds(10))
        #expect(schedule.next(retryAfter: .seconds(3), elapsed: .zero, random: 0) == .retry(after: .seconds(3)))
        #expect(
            schedule.next(retryAfter: .seconds(30), elapsed: .zero, random: 0) == .giveUp(retryAfter: .seconds(30)))
    }

    @Test("Retry-After: seconds, the three forms of a date, and nonsense")
    func header() {
        #expect(RetryAfter.delay("120", now: 0) == .seconds(120))
        #expect(RetryAfter.delay("0", now: 0) == .zero)
        let dates = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        for date in dates {
            #expect(RetryAfter.delay(date, now: 784_111_770) == .seconds(7))
            #expect(RetryAfter.delay(date, now: 784_111_780) == .zero)
        }
        for nonsense in ["", "soon", "-3", "3.5", "1e9", "99999999999999999999", "::"] {
            #expect(RetryAfter.delay(nonsense, now: 0) == nil)
        }
        #expect(RetryAfter.delay("9999999999", now: 0) == .seconds(86_400))
    }
}

@Suite("Retrying client") struct RetryingClientTests {
    @Test("only 429, 502, 503 and 504 are tried again", arguments: 200...599)
    func statuses(status: Int) async {
        let script = Script([.success(status), .success(200)])
        let outcome = await script.send()
        let isRetried = [429, 502, 503, 504].contains(status)
        #expect(script.attempts == (isRetried ? 2 : 1))
        guard case .answered(let response) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(response.status == (isRetried ? 200 : status))
    }

    @Test("no answer is tried again, unless trying cannot help")
    func errors() async {
        let reasons: [(HTTPError.Reason, Int)] = [
            (.connectionLost, 2), (.cannotConnect, 2), (.cannotResolve, 2), (.timedOut, 2), (.tls, 1),
            (.responseTooLarge, 1), (.invalidRequest, 1), (.cancelled, 1), (.shutDown, 1),
        ]
        for (reason, attempts) in reasons {
            let script = Script([.failure(reason), .success(200)])
            _ = await script.send()
            #expect(script.attempts == attempts, "\(reason)")
        }
    }

    @Test("pauses are slept on the clock, the timeout shrinks, and the last word is passed on")
    func budget() async {
        let script = Script(Array(repeating: .success(503), count: 50), attemptTakes: .seconds(1))
        let outcome = await script.send()
        guard case .unavailable(let response, nil) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(response.status == 503)
        // One second an attempt, and pauses of 1 and 2 seconds; one of 4 would go beyond 8.
        #expect(script.timeouts == [.seconds(8), .seconds(6), .seconds(3)])
    }

    @Test("time that runs out in the end does not hide what went wrong before")
    func telling() async {
        let script = Script([.success(503), .failure(.timedOut)], attemptTakes: .seconds(3))
        guard case .unavailable(let response, nil) = await script.send() else { return #expect(Bool(false)) }
        #expect(response.status == 503)
        #expect(script.attempts == 2)
    }

    @Test("Retry-After comes back when it is longer than there is time")
    func retryAfter() async {
        let script = Script([.success(429)], retryAfter: "60")
        guard case .unavailable(_, .some(.seconds(60))) = await script.send() else {
            return #expect(Bool(false))
        }
        #expect(script.attempts == 1)
    }

    @Test("a real server that is busy twice is asked three times")
    func real() async throws {
        let peer = try WebPeer()
        var configuration = RetrySchedule.Configuration()
        configuration.firstPause = .milliseconds(1)
        let client = RetryingClient(HTTPClient(.init(userAgent: "tests/1")), configuration)
        guard
            case .answered(let response) = await client.send(
                HTTPRequest(.post, peer.url("flaky/one/2"), timeout: .seconds(60)))
        else {
            return #expect(Bool(false))
        }
        #expect(response.status == 200)
        #expect(try await peer.state().attempts["one"] == 3)
    }
}

/// Answers by list, on a clock that jumps.
private final class Script: Sendable {
    enum Answer: Sendable {
        case success(Int)
        case failure(HTTPError.Reason)
    }

    private let answers: Mutex<[Answer]>
    private let seen = Mutex<[Duration]>([])
    private let clock = JumpingClock()
    private let retryAfter: String?
    private let attemptTakes: Duration

    init(_ answers: [Answer], retryAfter: String? = nil, attemptTakes: Duration = .zero) {
        self.answers = Mutex(answers)
        self.retryAfter = retryAfter
        self.attemptTakes = attemptTakes
    }

    var timeouts: [Duration] { seen.withLock { $0 } }
    var attempts: Int { timeouts.count }

    func send() async -> RetryingClient.Outcome {
        let client = RetryingClient(.init(), .init(clock: clock, secondsSince1970: { 0 }, random: { 1 })) {
            request async throws(HTTPError) in try self.answer(request)
        }
        return await client.send(HTTPRequest(.post, "http://collector/", timeout: .seconds(8)))
    }

    private func answer(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        seen.withLock { $0.append(request.timeout) }
        clock.advance(by: attemptTakes)
        switch answers.withLock({ $0.removeFirst() }) {
        case .success(let status):
            return HTTPResponse(
                status: status, headers: retryAfter.map { [("retry-after", $0)] } ?? [], body: [], version: .http1)
        case .failure(let reason): throw HTTPError(reason, url: request.url, detail: "as told")
        }
    }
}

/// A clock on which sleeping takes no time.
private final class JumpingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let offset = Mutex(Duration.zero)
    var now: Instant { Instant(offset: offset.withLock { $0 }) }
    var minimumResolution: Duration { .zero }

    func advance(by duration: Duration) { offset.withLock { $0 += duration } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        offset.withLock { $0 = max($0, deadline.offset) }
    }
}
