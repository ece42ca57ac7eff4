import Testing
import Throughline
import ThroughlineModel

@Suite struct RetryTests {
    private func run(
        _ message: TestMessage, _ policy: RetryPolicy, failures: Int, clock: JumpingClock = JumpingClock(),
        bench: Bench = Bench(), native: Bool = false
    ) async throws -> (consumer: ListConsumer, calls: Int) {
        let consumer = ListConsumer([message])
        let outcomes = Outcomes(failures: failures)
        try await TracedConsumer(consumer, tracing: bench.tracing).run(
            retrying: policy, deadLetters: native ? .native(of: consumer) : .native, clock: clock, chance: { 1 }
        ) { _ in try await outcomes.next() }
        return (consumer, await outcomes.calls)
    }

    @Test func `the delays between attempts are the policy's, shortened by chance, on the clock that is given`()
        async throws
    {
        let clock = JumpingClock()
        let backoff = Backoff(first: .seconds(10), factor: 3, maximum: .seconds(60), jitter: 0.5)
        let outcome = try await run(
            TestMessage(), RetryPolicy(attempts: 4, backoff: backoff), failures: 3, clock: clock)
        #expect(outcome.calls == 4)
        #expect(clock.waits == [.seconds(5), .seconds(15), .seconds(30)])
        #expect(outcome.consumer.settled == [.acknowledged])
    }

    @Test func `what is not worth retrying is given up without a wait`() async throws {
        let clock = JumpingClock()
        let policy = RetryPolicy(attempts: 4) { !($0 is HandlerError) }
        let outcome = try await run(TestMessage(), policy, failures: 1, clock: clock)
        #expect(outcome.calls == 1)
        #expect(clock.waits.isEmpty)
        #expect(outcome.consumer.settled == [.deadLettered])
    }

    @Test func `a broker with dead letters of its own is told why`() async throws {
        let bench = Bench()
        var message = TestMessage(headers: ["message-id": ["m1"]])
        message.details.consumerGroup = "billing"
        let consumer = try await run(
            message, RetryPolicy(attempts: 2), failures: 2, bench: bench, native: true
        ).consumer
        let letter = try #require(consumer.letters.first)
        #expect(consumer.settled.isEmpty)
        #expect(letter.reason == .attemptsUsedUp)
        #expect(letter.attempts == 2)
        #expect(letter.exceptionType == "ThroughlineTests.HandlerError")
        #expect(letter.group == "billing")
        let last = try #require(await bench.spans().last { $0.kind == .consumer })
        #expect(SpanContext(traceParent: letter.traceParent ?? "")?.spanID == last.spanID)
        #expect(last.attributes["throughline.delivery.settlement"] == "dead-lettered")
        #expect(await bench.span(named: "dead-letter orders") != nil)
    }

    @Test func `numbers that somebody wrote into the headers cannot make the count overflow`() async throws {
        for number in ["9223372036854775807", "-9223372036854775808", "1e9", "٣"] {
            let headers = [
                "message-id": ["m"], "replay-of": ["00"], "replay-attempts": [number], "replay-count": [number],
                "dead-letter-origin": ["orders"], "dead-letter-attempts": [number],
            ]
            let message = TestMessage(headers: headers)
            let outcome = try await run(message, RetryPolicy(attempts: 2), failures: 9, native: true)
            #expect(outcome.consumer.letters.first?.attempts == 2)
            let replayed = try await Bench().tracing.replay(message) { $0 }
            #expect(replayed["replay-count"] == "1")
        }
    }

    @Test func `senders that are not trusted cannot make a group skip a message`() async throws {
        let bench = Bench { $0.policy = .ignore }
        var message = TestMessage(headers: ["replay-group": ["others"], "replay-attempts": ["7"], "replay-of": ["x"]])
        message.details.consumerGroup = "billing"
        let outcome = try await run(message, RetryPolicy(attempts: 3), failures: 0, bench: bench)
        #expect(outcome.calls == 1)
        #expect(outcome.consumer.settled == [.acknowledged])
        let span = try #require(await bench.spans().first { $0.kind == .consumer })
        #expect(span.attributes["throughline.delivery.attempt"] == 1)
        #expect(span.attributes["throughline.replay"] == nil)
    }

    @Test func `destinations and groups of any script come back as they were`() throws {
        for name in ["bestellungen.süd", "a b", "100%", "100%25", "注文", "orders"] {
            var message = TestMessage()
            DeadLetter(reason: .rejected, origin: name, group: name, attempts: 3).write(into: &message)
            #expect(message.headers.values.joined().allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
            let read = try #require(DeadLetter(message))
            #expect(read.origin == name)
            #expect(read.group == name)
        }
    }

    @Test func `a dead letter that only the broker knows of can be replayed too`() async throws {
        struct Moved: ForwardableMessage, Sendable {
            static let system: MessagingSystem = "test"
            var destination = "orders.dead"
            var headers = ["message-id": "m1"]
            var nativeDeadLetter: DeadLetter? { DeadLetter(reason: .rejected, origin: "orders", attempts: 5) }
            static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
            static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: String]) {
                headers[name] = value
            }
            func copy(to destination: String) -> Moved { Moved(destination: destination, headers: headers) }
        }
        let replayed = try await Bench().tracing.replay(Moved()) { $0 }
        #expect(replayed.destination == "orders")
        #expect(replayed.headers["message-id"] == "m1")
        #expect(replayed.headers["replay-attempts"] == "5")
        #expect(replayed.headers["replay-of"] != nil, "a replay is marked even when nobody knows the trace")
    }
}
