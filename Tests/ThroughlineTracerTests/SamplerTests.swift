import Synchronization
import Testing
import ThroughlineContext
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Samplers")
struct SamplerTests {
    private let ids = IDGenerator(seed: 1)

    private func parameters(
        parent: SpanContext? = nil, message: SamplingHint? = nil, traceID: TraceID? = nil
    ) -> SamplingParameters {
        SamplingParameters(
            parent: parent,
            traceID: traceID ?? parent?.traceID ?? ids.traceID(at: Timestamp(nanosecondsSinceEpoch: 0)), name: "x",
            kind: .producer, message: message)
    }

    private func share(
        _ sampler: any Sampler, parent: SpanContext? = nil, message: (Int) -> SamplingHint? = { _ in nil }
    ) -> Int {
        (0..<10_000).count { index in
            sampler.shouldSample(parameters(parent: parent, message: message(index))).decision == .recordAndSample
        }
    }

    private func parent(_ flags: TraceFlags, isRemote: Bool = true, state: String = "") -> SpanContext {
        SpanContext(
            traceID: ids.traceID(at: Timestamp(nanosecondsSinceEpoch: 0)), spanID: ids.spanID(), flags: flags,
            traceState: TraceState(header: state) ?? TraceState(), isRemote: isRemote)
    }

    @Test("Always, never, by the parent, by ratio")
    func basics() {
        #expect(share(AlwaysOnSampler()) == 10_000)
        #expect(share(AlwaysOffSampler()) == 0)
        #expect(share(TraceIDRatioSampler(ratio: 1)) == 10_000)
        #expect(share(TraceIDRatioSampler(ratio: 0)) == 0)
        #expect((2_300...2_700).contains(share(TraceIDRatioSampler(ratio: 0.25))))
        #expect(share(ParentBasedSampler(root: AlwaysOffSampler())) == 0)
        #expect(share(ParentBasedSampler(root: AlwaysOffSampler()), parent: parent(.sampled)) == 10_000)
        #expect(share(ParentBasedSampler(), parent: parent([])) == 0)
    }

    @Test("Each kind of parent may have a sampler of its own")
    func parents() {
        let sampler = ParentBasedSampler(
            remoteSampled: AlwaysOffSampler(), remoteNotSampled: AlwaysOnSampler(),
            localSampled: AlwaysOffSampler(), localNotSampled: AlwaysOnSampler())
        for isRemote in [true, false] {
            #expect(share(sampler, parent: parent(.sampled, isRemote: isRemote)) == 0)
            #expect(share(sampler, parent: parent([], isRemote: isRemote)) == 10_000)
        }
    }

    @Test("A ratio keeps what a smaller ratio keeps")
    func ratiosNest() {
        for _ in 0..<1_000 {
            let parameters = parameters()
            if TraceIDRatioSampler(ratio: 0.1).shouldSample(parameters).decision != .drop {
                #expect(TraceIDRatioSampler(ratio: 0.5).shouldSample(parameters).decision != .drop)
            }
        }
    }

    @Test(
        "A ratio's threshold goes into the tracestate, as the specification's examples write it",
        arguments: [
            (1.0, "0"), (0.5, "8"), (0.25, "c"), (0.1, "e6666666666668"), (0.01, "fd70a3d70a3d7"), (0, nil),
        ])
    func threshold(ratio: Double, digits: String?) {
        #expect(SamplingThreshold(ratio: ratio).hex == digits)
        let full = TraceID(high: 1, low: SamplingThreshold.mask)
        let result = TraceIDRatioSampler(ratio: ratio).shouldSample(parameters(traceID: full))
        #expect(result.traceState?.header == digits.map { "ot=th:\($0)" })
    }

    @Test("Explicit randomness wins over the trace id; what others wrote into the tracestate is kept")
    func explicitRandomness() {
        let sampler = TraceIDRatioSampler(ratio: 0.5)
        let kept = sampler.shouldSample(parameters(parent: parent([], state: "v=1,ot=rv:80000000000000;x:y")))
        #expect(kept.decision == .recordAndSample)
        #expect(kept.traceState?.header == "ot=th:8;rv:80000000000000;x:y,v=1")
        let dropped = sampler.shouldSample(parameters(parent: parent([], state: "ot=th:0;rv:7fffffffffffff,v=1")))
        #expect(dropped.decision == .drop)
        #expect(dropped.traceState?.header == "ot=rv:7fffffffffffff,v=1")
    }

    @Test(
        "The hash of a flow is the same everywhere",
        arguments: [
            ("", "d01f60ba992926"), ("a", "a2a958a9bece5b"), ("order-1", "1b422e3af0d9a5"),
            ("0198b2c4-7d5e-7000-8000-000000000001", "8d2e317a75754f"), ("Bestellung-é", "044ac15d5ad88f"),
        ])
    func flowHash(correlationID: String, digits: String) {
        #expect(FlowHash.value(of: correlationID) == UInt64(digits, radix: 16))
    }

    private func message(
        _ correlationID: String? = nil, operation: MessagingOperation = .send, destination: String? = "orders",
        type: String? = nil, origins: [ServiceContext] = []
    ) -> SamplingHint {
        SamplingHint(
            operation: operation.rawValue, system: "kafka", destination: destination, messageType: type,
            correlationID: correlationID, origins: origins)
    }

    private func origin(_ flags: TraceFlags, state: String = "") -> ServiceContext {
        var context = ServiceContext.topLevel
        let traceID = ids.traceID(at: Timestamp(nanosecondsSinceEpoch: 0))
        var headers = ["traceparent": SpanContext(traceID: traceID, spanID: ids.spanID(), flags: flags).traceParent]
        headers["tracestate"] = state
        W3CTraceContextPropagator().extract(headers, into: &context, using: DictionaryCarrier())
        return context
    }

    @Test("A flow's share is what was asked for, one flow always decides alike, and says how in the tracestate")
    func flows() {
        let sampler = FlowSampler(ratio: 0.1)
        #expect((900...1_100).contains(share(sampler) { message("order-\($0)") }))
        for index in 0..<200 {
            let results = (0..<3).map { _ in sampler.shouldSample(parameters(message: message("order-\(index)"))) }
            #expect(Set(results.map(\.decision)).count == 1)
            // OpenTelemetry's own sampler, further on in the trace, comes to the same decision.
            let state = results[0].traceState?.header ?? ""
            let further = TraceIDRatioSampler(ratio: 0.1).shouldSample(parameters(parent: parent([], state: state)))
            #expect(further.decision == results[0].decision)
        }
    }

    @Test("A flow's span does as its parent did, and the root of a linked trace as where its messages came from")
    func inherits() {
        let all = FlowSampler(ratio: 1)
        let none = FlowSampler(ratio: 0)
        #expect(share(none, parent: parent(.sampled)) == 10_000)
        #expect(share(all, parent: parent([])) == 0)
        #expect(share(none) { _ in message("a", origins: [origin([]), origin(.sampled)]) } == 10_000)
        #expect(share(all) { _ in message("a", origins: [origin([]), origin([])]) } == 0)
        let linked = none.shouldSample(
            parameters(message: message("a", origins: [origin(.sampled, state: "v=1,ot=th:8;rv:90000000000000")])))
        #expect(linked.traceState?.header == "ot=th:8;rv:90000000000000")
    }

    @Test("Rules: operation, system, destination, type; the first that fits decides")
    func rules() {
        let sampler = RuleSampler(
            [
                SamplingRule(destination: "health.*", AlwaysOffSampler()),
                SamplingRule(operation: .process, system: "kafka", AlwaysOnSampler()),
                SamplingRule(messageType: "*Failed", AlwaysOnSampler()),
                SamplingRule(system: "rabbitmq", AlwaysOnSampler()),
            ], otherwise: AlwaysOffSampler())
        func isSampled(_ message: SamplingHint?) -> Bool {
            sampler.shouldSample(parameters(message: message)).decision == .recordAndSample
        }
        #expect(!isSampled(message(operation: .process, destination: "health.live")))
        #expect(isSampled(message(operation: .process)))
        #expect(isSampled(message(type: "PaymentFailed")))
        #expect(!isSampled(message(type: "PaymentTaken")))
        #expect(!isSampled(message()))
        #expect(!isSampled(nil), "a span about no message fits no rule")
    }

    @Test(
        "A star stands for any text",
        arguments: [
            ("orders", "orders", true), ("orders", "orders2", false), ("*", "", true), ("*", "x", true),
            ("orders.*", "orders.eu", true), ("orders.*", "orders", false), ("*.eu", "orders.eu", true),
            ("o*r*s", "orders", true), ("o*r*s", "orderz", false), ("a*a", "a", false), ("a*b*c", "abcbc", true),
            ("[a-z]", "x", false), ("", "", true), ("", "x", false),
        ])
    func wildcards(pattern: String, text: String, fits: Bool) {
        let rule = SamplingRule(destination: pattern, AlwaysOnSampler())
        let sampler = RuleSampler([rule], otherwise: AlwaysOffSampler())
        let result = sampler.shouldSample(parameters(message: message(destination: text)))
        #expect((result.decision == .recordAndSample) == fits)
    }

    @Test("A limit on the rate, with a burst after a pause")
    func rate() {
        let clock = ManualClock()
        let sampler = RateLimitingSampler(perSecond: 10, burst: 20, clock: clock)
        #expect(share(sampler) == 20)
        clock.advance(by: .milliseconds(500))
        #expect(share(sampler) == 5)
        clock.advance(by: .seconds(3_600))
        #expect(share(sampler) == 20)
        #expect(share(RateLimitingSampler(perSecond: 0, clock: clock)) == 0)
    }

    @Test("What is recorded although it is not sampled stays here: recorded, without the flag")
    func alwaysRecord() async throws {
        let bench = Bench { $0.sampler = AlwaysRecordSampler(root: AlwaysOffSampler()) }
        let span = bench.tracer.startSpan("work")
        span.attributes["a"] = 1
        var out: [String: String] = [:]
        bench.tracer.inject(span.context, into: &out, using: DictionaryCarrier())
        span.end()
        #expect(SpanContext(traceParent: out["traceparent"] ?? "")?.isSampled == false)
        let record = try #require(await bench.spans().first)
        #expect(!record.isSampled && record.attributes["a"] == 1)
        let sampled = AlwaysRecordSampler(root: AlwaysOnSampler()).shouldSample(parameters())
        #expect(sampled.decision == .recordAndSample)
    }

    @Test("A sampler adds attributes, changes the tracestate, and sees the whole context")
    func modifies() async throws {
        struct Modifying: Sampler {
            func shouldSample(_ span: SamplingParameters) -> SamplingResult {
                var state = span.parent?.traceState ?? TraceState()
                state["tenant"] = span.context.baggage["tenant"]
                return SamplingResult(.recordAndSample, traceState: state, attributes: ["sampled.by": "test"])
            }
        }
        let bench = Bench { $0.sampler = Modifying() }
        let parent = SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3)).traceParent
        let out = bench.passedOn(["traceparent": parent, "tracestate": "v=1", "baggage": "tenant=acme"])
        #expect(out["tracestate"] == "tenant=acme,v=1")
        let record = try #require(await bench.spans().first)
        #expect(record.attributes["sampled.by"] == "test" && record.traceState.header == "tenant=acme,v=1")
    }
}

private final class ManualClock: Clock {
    typealias Instant = ContinuousClock.Instant
    private let state = Mutex(ContinuousClock.now)
    var now: Instant { state.withLock { $0 } }
    var minimumResolution: Duration { .zero }
    func advance(by duration: Duration) { state.withLock { $0 = $0.advanced(by: duration) } }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}
