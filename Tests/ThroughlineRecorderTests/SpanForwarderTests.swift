import FlowFixtures
import Logging
import Metrics
import MetricsTestKit
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore

/// A store with spans numbered from 1, and forwarders whose time stands still.
struct ForwardingBench {
    let scratch: Scratch
    let clock = ManualClock()
    var configuration = ForwardingConfiguration()

    init(spans: UInt64 = 0) throws {
        scratch = try Scratch()
        configuration.clock = clock
        configuration.batchSpans = 10
        configuration.random = { 0.5 }
        configuration.now = { Timestamp(nanosecondsSinceEpoch: 1_800_000_000_000_000_000) }
        configuration.logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        if spans > 0 { try store(1...spans) }
    }

    func store(_ numbers: ClosedRange<UInt64>, flags: TraceFlags = [.sampled]) throws {
        let store = try TraceStore(path: scratch.path())
        try store.write(numbers.map { Self.span($0, flags) })
        try store.flush()
        store.close()
    }

    static func span(_ number: UInt64, _ flags: TraceFlags = [.sampled]) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: 1_790_000_000_000_000_000 + number)
        return SpanRecord(
            traceID: TraceID(high: 1, low: number), spanID: SpanID(number), flags: flags, name: "send orders",
            start: start, end: start.advanced(byNanoseconds: 1))
    }

    func forwarder(
        _ exporter: any SpanExporter, named name: String = "otlp", heldBy holder: String = "a"
    ) throws -> SpanForwarder {
        try SpanForwarder(
            store: scratch.path(), to: exporter, named: name, heldBy: holder, configuration: configuration)
    }

    func state(_ name: String = "otlp") throws -> ExportState {
        try #require(try TraceReader(path: scratch.path()).exports().first { $0.name == name })
    }
}

func ids(_ numbers: ClosedRange<UInt64>) -> [SpanID] { numbers.map { SpanID($0) } }

@Suite struct SpanForwarderTests {
    @Test func `everything that is stored arrives once, in batches, and the place is kept`() async throws {
        let bench = try ForwardingBench(spans: 95)
        let exporter = ScriptedExporter()
        let progress = await (try bench.forwarder(exporter)).forwardAll()
        #expect(exporter.taken.sorted { $0.rawValue < $1.rawValue } == ids(1...95))
        #expect(exporter.requests == 10)
        #expect(progress.exported == 95 && progress.backlog == 0 && progress.failure == nil)

        try bench.store(96...100)
        let later = ScriptedExporter()
        _ = await (try bench.forwarder(later, heldBy: "another process")).forwardAll()
        #expect(later.taken == ids(96...100))
        let state = try bench.state()
        #expect(state.exported == 100 && state.backlog == 0 && state.holder == nil)
    }

    @Test func `several batches are under way at once, and the cursor waits for the first of them`() async throws {
        var bench = try ForwardingBench(spans: 40)
        bench.configuration.batchesInFlight = 4
        let first = Gate()
        let others = Gate()
        let exporter = ScriptedExporter { _, batch in
            await (batch.first?.spanID == SpanID(1) ? first : others).wait()
            return .accepted(rejected: 0)
        }
        let forwarder = try bench.forwarder(exporter)
        let done = Task { await forwarder.forwardAll() }
        try await eventually { exporter.mostUnderWay == 4 }
        others.open()
        try await eventually { exporter.taken.count == 30 }
        #expect(try bench.state().exported == 0, "what was taken out of turn is not noted before the first")
        first.open()
        #expect(await done.value.exported == 40)
    }

    @Test func `a batch ends where it becomes too large, and one large span is still sent`() async throws {
        var bench = try ForwardingBench()
        let store = try TraceStore(path: bench.scratch.path())
        try store.write(
            (1...6 as ClosedRange<UInt64>).map { number in
                var span = ForwardingBench.span(number)
                span.attributes["note"] = .string(String(repeating: "x", count: 1_000))
                return span
            })
        try store.flush()
        store.close()
        bench.configuration.batchBytes = 2_500
        let sizes = Mutex<[Int]>([])
        let exporter = ScriptedExporter { _, batch in
            sizes.withLock { $0.append(batch.count) }
            return .accepted(rejected: 0)
        }
        _ = await (try bench.forwarder(exporter)).forwardAll()
        #expect(sizes.withLock { $0 } == [3, 3])
        bench.configuration.batchBytes = 1
        sizes.withLock { $0 = [] }
        _ = await (try bench.forwarder(exporter, named: "small")).forwardAll()
        #expect(sizes.withLock { $0 } == [1, 1, 1, 1, 1, 1])
    }

    @Test func `a collector that is away is asked again after growing pauses, one request at a time`() async throws {
        var bench = try ForwardingBench(spans: 40)
        bench.configuration.batchesInFlight = 4
        let exporter = ScriptedExporter { request, _ in
            request <= 6 ? .failed("connection refused", retryAfter: nil) : .accepted(rejected: 0)
        }
        let forwarder = try bench.forwarder(exporter)
        let done = Task { await forwarder.forwardAll() }
        // Half of the pause is left to chance, which is 0.5 here: three quarters of 1 s, 2 s, 4 s.
        for (pause, requests) in [(Duration.milliseconds(750), 4), (.milliseconds(1_500), 5), (.seconds(3), 6)] {
            try await eventually("a pause of \(pause)") { bench.clock.sleeps.contains(pause) }
            #expect(exporter.requests == requests)
            #expect(forwarder.progress.failure == "connection refused")
            #expect(try bench.state().failure?.reason == "connection refused")
            bench.clock.advance(by: pause)
        }
        let progress = await done.value
        #expect(progress.exported == 40 && progress.failures == 6 && progress.failure == nil)
        #expect(Set(exporter.taken) == Set(ids(1...40)) && exporter.taken.count == 40)
        #expect(try bench.state().failure == nil)
    }

    @Test func `a collector that names a time is not asked before`() async throws {
        let bench = try ForwardingBench(spans: 5)
        let exporter = ScriptedExporter { request, _ in
            request == 1 ? .failed("429", retryAfter: .seconds(120)) : .accepted(rejected: 0)
        }
        let forwarder = try bench.forwarder(exporter)
        let done = Task { await forwarder.forwardAll() }
        try await eventually { bench.clock.sleeps.contains(.seconds(120)) }
        bench.clock.advance(by: .seconds(119))
        try await eventually { bench.clock.sleeps.contains(.seconds(1)) }
        #expect(exporter.requests == 1)
        bench.clock.advance(by: .seconds(1))
        #expect(await done.value.exported == 5)
    }

    @Test func `one collector that is away does not hold up another`() async throws {
        let bench = try ForwardingBench(spans: 25)
        let away = try bench.forwarder(ScriptedExporter { _, _ in .failed("timed out", retryAfter: nil) }, named: "a")
        let there = ScriptedExporter()
        let waiting = Task { await away.forwardAll() }
        try await eventually { away.progress.failures > 0 }
        #expect(await (try bench.forwarder(there, named: "b")).forwardAll().exported == 25)
        #expect(try bench.state("a").exported == 0 && bench.state("a").backlog == 25)
        away.stop()
        #expect(await waiting.value.backlog == 25)
    }

    @Test func `what is refused for good is set aside with its reason, and can be sent after all`() async throws {
        let bench = try ForwardingBench(spans: 40)
        let exporter = ScriptedExporter { _, batch in
            let numbers = batch.map(\.spanID.rawValue)
            return numbers.contains { (11...30).contains($0) } ? .refused("400 Bad Request") : .accepted(rejected: 0)
        }
        let progress = await (try bench.forwarder(exporter)).forwardAll()
        #expect(progress.exported == 20 && progress.setAside == 20 && progress.backlog == 0)
        #expect(Set(exporter.taken) == Set(ids(1...10) + ids(31...40)))
        let refused = try bench.state().setAside
        #expect(refused.map(\.spanCount) == [20], "two in a row with one reason are one")
        #expect(refused.first?.reason == "400 Bad Request")

        #expect(await (try bench.forwarder(exporter)).resendSetAside().setAside == 20)
        #expect(try bench.state().setAside.map(\.spanCount) == [20], "refused again, still there")
        let better = ScriptedExporter()
        #expect(await (try bench.forwarder(better)).resendSetAside().exported == 20)
        #expect(better.taken == ids(11...30))
        let state = try bench.state()
        #expect(state.setAside.isEmpty && state.exported == 40 && state.holder == nil)
    }

    @Test func `wrong credentials hold the cursor, are asked about again after a long pause, and set nothing aside`()
        async throws
    {
        var bench = try ForwardingBench(spans: 40)
        bench.configuration.batchesInFlight = 4
        let exporter = ScriptedExporter { request, _ in
            request <= 5 ? .misconfigured("401") : .accepted(rejected: 0)
        }
        let forwarder = try bench.forwarder(exporter)
        let service = Task { try await forwarder.run() }
        for requests in [4, 5] {
            try await eventually { bench.clock.sleeps.contains(.seconds(300)) && exporter.requests == requests }
            #expect(forwarder.progress.failure == "401" && forwarder.progress.isMisconfigured)
            let state = try bench.state()
            #expect(state.failure?.reason == "401" && state.setAside.isEmpty && state.backlog == 40)
            bench.clock.advance(by: .seconds(300))
        }
        try await eventually { forwarder.progress.exported == 40 }
        #expect(Set(exporter.taken) == Set(ids(1...40)) && exporter.taken.count == 40)
        #expect(!forwarder.progress.isMisconfigured && forwarder.progress.failure == nil)
        #expect(try bench.state().failure == nil && bench.state().setAside.isEmpty)
        service.cancel()
        try await service.value
    }

    @Test func `what was taken before wrong credentials were told of does not end the failure`() async throws {
        var bench = try ForwardingBench(spans: 20)
        bench.configuration.batchesInFlight = 2
        let gate = Gate()
        let exporter = ScriptedExporter { _, batch in
            if batch.first?.spanID == SpanID(1) { return .misconfigured("401") }
            await gate.wait()
            return .accepted(rejected: 0)
        }
        let forwarder = try bench.forwarder(exporter)
        let service = Task { try await forwarder.run() }
        try await eventually { forwarder.progress.isMisconfigured && exporter.requests == 2 }
        gate.open()
        try await eventually { bench.clock.sleeps.contains(.seconds(300)) }
        #expect(exporter.taken.count == 10 && forwarder.progress.failure == "401")
        service.cancel()
        try await service.value
    }

    @Test func `what wants to end does not wait for wrong credentials to be mended`() async throws {
        let bench = try ForwardingBench(spans: 20)
        let exporter = ScriptedExporter { _, _ in .misconfigured("401") }
        let progress = await (try bench.forwarder(exporter)).forwardAll()
        #expect(progress.isMisconfigured && progress.backlog == 20 && progress.setAside == 0)
        #expect(try bench.state().failure?.reason == "401" && bench.state().holder == nil)
        let refusing = ScriptedExporter { _, _ in .refused("400") }
        #expect(await (try bench.forwarder(refusing)).forwardAll().setAside == 20)
        let resent = await (try bench.forwarder(exporter)).resendSetAside()
        #expect(resent.setAside == 20 && resent.isMisconfigured && resent.refusal == "400")
        #expect(try bench.state().failure?.reason == "401")
        #expect(await (try bench.forwarder(ScriptedExporter())).resendSetAside().exported == 20)
        #expect(try bench.state().failure == nil)
    }

    @Test func `spans that a collector rejects in a batch that it takes are counted, and never sent again`()
        async throws
    {
        let bench = try ForwardingBench(spans: 10)
        let exporter = ScriptedExporter { _, _ in .accepted(rejected: 3) }
        let progress = await (try bench.forwarder(exporter)).forwardAll()
        #expect(progress.exported == 7 && progress.rejected == 3 && exporter.requests == 1)
        #expect(try bench.state().exported == 7 && bench.state().rejected == 3)
        let liar = ScriptedExporter { _, _ in .accepted(rejected: .max) }
        #expect(await (try bench.forwarder(liar, named: "liar")).forwardAll().rejected == 10)
    }

    @Test func `spans that are not sampled stay in the store, and the cursor passes them`() async throws {
        var bench = try ForwardingBench(spans: 5)
        try bench.store(6...30, flags: [])
        try bench.store(31...33)
        try bench.store(34...60, flags: [.random])
        let exporter = ScriptedExporter()
        let progress = await (try bench.forwarder(exporter)).forwardAll()
        #expect(exporter.taken == ids(1...5) + ids(31...33))
        #expect(progress.exported == 8 && progress.backlog == 0)
        #expect(try bench.state().backlog == 0)
        bench.configuration.includesUnsampled = true
        #expect(await (try bench.forwarder(ScriptedExporter(), named: "all")).forwardAll().exported == 60)
    }

    @Test func `one name is exported by one process, and another goes on when its lease has ended`() async throws {
        var bench = try ForwardingBench(spans: 30)
        let gate = Gate()
        let slow = ScriptedExporter { _, _ in
            await gate.wait()
            return .accepted(rejected: 0)
        }
        let first = try bench.forwarder(slow, heldBy: "checkout")
        let running = Task { await first.forwardAll() }
        try await eventually { slow.requests > 0 }

        let second = ScriptedExporter()
        let refused = await (try bench.forwarder(second, heldBy: "throughline")).forwardAll()
        #expect(refused.holder == "checkout" && refused.exported == 0 && second.requests == 0)
        #expect(try bench.state().holder?.name == "checkout")

        // The first does not come round to prolonging its lease: as if it were stopped.
        let later = bench.configuration.now().advanced(byNanoseconds: 16_000_000_000)
        bench.configuration.now = { later }
        #expect(await (try bench.forwarder(second, heldBy: "throughline")).forwardAll().exported == 30)
        #expect(second.taken.count == 30)
        gate.open()
        #expect(await running.value.exported == 0, "it notes nothing that another has noted")
        #expect(try bench.state().exported == 30)
    }

    @Test func `a lease is prolonged while a request takes its time`() async throws {
        var bench = try ForwardingBench(spans: 5)
        let time = Mutex(bench.configuration.now())
        let now: @Sendable () -> Timestamp = { time.withLock { $0 } }
        bench.configuration.now = now
        let gate = Gate()
        let slow = ScriptedExporter { _, _ in
            await gate.wait()
            return .accepted(rejected: 0)
        }
        let first = try bench.forwarder(slow, heldBy: "checkout")
        let running = Task { await first.forwardAll() }
        for _ in 0..<6 {
            try await eventually { bench.clock.sleeps.contains(.seconds(5)) }
            let before = try bench.state().holder?.until
            time.withLock { $0 = $0.advanced(byNanoseconds: 5_000_000_000) }
            bench.clock.advance(by: .seconds(5))
            try await eventually { try bench.state().holder?.until != before }
        }
        #expect(await (try bench.forwarder(ScriptedExporter(), heldBy: "other")).forwardAll().holder == "checkout")
        gate.open()
        #expect(await running.value.exported == 5)
    }

    @Test func `gives up when the patience it was given is over`() async throws {
        var bench = try ForwardingBench(spans: 5)
        bench.configuration.patience = .seconds(2)
        let forwarder = try bench.forwarder(ScriptedExporter { _, _ in .failed("refused", retryAfter: nil) })
        let done = Task { await forwarder.forwardAll() }
        try await eventually { bench.clock.sleeps.contains(.milliseconds(750)) }
        bench.clock.advance(by: .milliseconds(750))
        let progress = await done.value
        #expect(progress.failure == "refused" && progress.backlog == 5 && progress.failures == 2)
        #expect(try bench.state().holder == nil)
    }

    @Test func `begins again with the oldest span when asked to`() async throws {
        let bench = try ForwardingBench(spans: 12)
        let exporter = ScriptedExporter()
        let forwarder = try bench.forwarder(exporter)
        _ = await forwarder.forwardAll()
        #expect(await forwarder.rewind())
        _ = await forwarder.forwardAll()
        #expect(exporter.taken == ids(1...12) + ids(1...12))
    }

    @Test func `backlog, its age and what became of spans are metrics`() async throws {
        let metrics = TestMetrics()
        let bench = try ForwardingBench(spans: 25)
        let exporter = ScriptedExporter { request, _ in
            switch request {
            case 1: .accepted(rejected: 2)
            case 2: .refused("400")
            default: .failed("503", retryAfter: nil)
            }
        }
        var configuration = bench.configuration
        configuration.batchesInFlight = 1
        configuration.patience = .zero
        try await withMetricsFactory(metrics) {
            let forwarder = try SpanForwarder(
                store: bench.scratch.path(), to: exporter, named: "otlp", heldBy: "a", configuration: configuration)
            _ = await forwarder.forwardAll()
        }
        func counter(_ name: String) throws -> Int64 {
            try metrics.expectCounter("throughline.export.\(name)", [("exporter", "otlp")]).totalValue
        }
        #expect(try counter("spans.exported") == 8)
        #expect(try counter("spans.rejected") == 2)
        #expect(try counter("spans.set_aside") == 10)
        #expect(try counter("failures") == 1)
        func gauge(_ name: String) throws -> Double? {
            try metrics.expectGauge("throughline.export.\(name)", [("exporter", "otlp")]).lastValue
        }
        #expect(try gauge("backlog") == 5)
        #expect(try gauge("backlog.age").map { abs($0 - 10_000_000) < 1 } == true, "seconds since span 21 started")
    }
}

/// Holds tasks up until it is opened.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
