import FlowFixtures
import Foundation
import Logging
import SQLite
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer
import Tracing

@Suite("The recorder")
struct RecorderTests {
    /// A store that waits for nobody, so that tests need not either.
    private var impatient: Recorder.Configuration {
        var configuration = Recorder.Configuration()
        configuration.store.busyTimeoutMilliseconds = 10
        return configuration
    }

    /// A message that is sent, processed and settled makes three spans.
    private let spansOfAMessage = 3

    @Test("says at once that a store cannot be used, and why")
    func refuses() throws {
        let scratch = try Scratch()
        try Data("Dear Ada, this is no database. ".utf8 + [UInt8](repeating: 0x21, count: 4_096))
            .write(to: URL(filePath: scratch.path("letter.txt")))
        for (path, code) in [
            (scratch.path("no/such/place.db"), StoreError.Code.cannotOpen), (scratch.path("letter.txt"), .notADatabase),
        ] {
            let error = #expect(throws: StoreError.self) { try Recorder(service: "orders", store: .sqlite(path)) }
            #expect(error?.code == code)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("lets messages pass while the store is locked, and stores them when it is free again")
    func lockedForAWhile() async throws {
        let scratch = try Scratch()
        let recorder = try Recorder(service: "orders", store: .sqlite(scratch.path()), configuration: impatient)
        let holder = try Connection(path: scratch.path(), mode: .readWrite)
        try holder.execute("BEGIN IMMEDIATE")
        try await exchange(50, recorder.tracer)
        #expect(await recorder.flush() == false)
        #expect(recorder.droppedCount == 0, "they wait")
        try holder.execute("COMMIT")
        #expect(await recorder.flush())
        #expect(try allSpans(scratch.path()).count == 50 * spansOfAMessage)
        #expect(await recorder.shutdown() == 0)
        #expect(recorder.droppedCount == 0)
    }

    @Test("counts every span that the store could not keep, and fails no message for it")
    func lockedForGood() async throws {
        let scratch = try Scratch()
        let recorder = try Recorder(service: "orders", store: .sqlite(scratch.path()), configuration: impatient)
        try await exchange(1, recorder.tracer)
        #expect(await recorder.flush())
        let holder = try Connection(path: scratch.path(), mode: .readWrite)
        try holder.execute("BEGIN IMMEDIATE")
        try await exchange(50, recorder.tracer)
        await recorder.shutdown()
        #expect(recorder.droppedCount == 50 * spansOfAMessage)
        try await exchange(1, recorder.tracer)
        #expect(recorder.droppedCount == 51 * spansOfAMessage, "what comes after the end is lost, and counted too")
        try holder.execute("ROLLBACK")
        #expect(try allSpans(scratch.path()).count == spansOfAMessage)
    }

    @Test("gives every sink all spans, whatever another does with them, and counts what failed")
    func sinks() async throws {
        let failing = FailingSink()
        let list = InMemorySink()
        let recorder = try Recorder(service: "orders", store: .sinks([failing, list]))
        try await exchange(10, recorder.tracer)
        #expect(await recorder.flush() == false)
        #expect(list.records.count { $0.end != nil } == 10 * spansOfAMessage)
        #expect(recorder.droppedCount == 10 * spansOfAMessage)
        await recorder.shutdown()
        #expect(failing.wasClosed)
    }

    @Test("shows what was begun and has not ended")
    func unfinished() async throws {
        let scratch = try Scratch()
        let recorder = try Recorder(service: "orders", store: .sqlite(scratch.path()))
        let span = recorder.tracer.startSpan("charge card", context: .topLevel, ofKind: .client)
        #expect(await recorder.flush())
        let open = try allSpans(scratch.path())
        #expect(open.map(\.name) == ["charge card"] && open.first?.end == nil)
        span.end()
        await recorder.shutdown()
        let ended = try allSpans(scratch.path())
        #expect(ended.count == 1 && ended.first?.end != nil)
    }

    @Test("stores what is left when its service is stopped")
    func service() async throws {
        let scratch = try Scratch()
        let recorder = try Recorder(service: "orders", store: .sqlite(scratch.path()))
        let running = Task { try await recorder.run() }
        try await exchange(5, recorder.tracer)
        running.cancel()
        try await running.value
        #expect(try allSpans(scratch.path()).count == 5 * spansOfAMessage)
        #expect(recorder.droppedCount == 0)
    }

    @Test(
        "takes the service's name from the code, else from the environment",
        arguments: [
            ("billing", "env", "billing"), (nil, "env", "env"), (nil, nil, "unknown_service"),
        ] as [(String?, String?, String)])
    func serviceName(code: String?, environment: String?, expected: String) async throws {
        let list = InMemorySink()
        var configuration = Recorder.Configuration()
        configuration.environment = ["OTEL_RESOURCE_ATTRIBUTES": "team=payments"]
        configuration.environment["OTEL_SERVICE_NAME"] = environment
        let recorder = try Recorder(service: code, store: .sinks([list]), configuration: configuration)
        recorder.tracer.startSpan("work", context: .topLevel).end()
        recorder.tracer(service: "other").startSpan("work", context: .topLevel).end()
        await recorder.shutdown()
        let resources = list.records.filter { $0.end != nil }.map(\.resource)
        #expect(resources.map(\.serviceName) == [expected, "other"])
        #expect(resources.allSatisfy { $0.attributes["team"] == "payments" })
    }
}

/// Takes nothing.
private final class FailingSink: SpanSink {
    struct Refusal: Error {}

    private let isClosed = Atomic(false)

    var wasClosed: Bool { isClosed.load(ordering: .relaxed) }

    func write(_ batch: [SpanRecord]) throws { throw Refusal() }
    func close() { isClosed.store(true, ordering: .relaxed) }
}

@Suite("The recorder with exporters")
struct ExportingRecorderTests {
    /// No process's spans are looked for, no span waits for others: what arrives does so because it was committed.
    private var eager: Recorder.Configuration {
        var configuration = Recorder.Configuration()
        configuration.forwarding.pollInterval = .seconds(3_600)
        configuration.forwarding.interval = .zero
        configuration.forwarding.initialBackoff = .milliseconds(10)
        configuration.forwarding.logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return configuration
    }

    @Test("recovers from wrong credentials by itself, and each span arrives once", arguments: [401, 404, 302])
    func misconfigured(status: Int) async throws {
        let scratch = try Scratch()
        let collector = try FakeCollector()
        try collector.tell("answer \(status)")
        var endpoint = OTLPExporter.Configuration()
        endpoint.endpoint = collector.endpoint + "/v1/traces"
        var configuration = eager
        configuration.forwarding.misconfigurationPause = .milliseconds(20)
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()), exporters: [.otlp(endpoint)],
            configuration: configuration)
        try await exchange(10, recorder.tracer)
        try await eventually { recorder.exports["otlp"]?.isMisconfigured == true }
        #expect(recorder.exports["otlp"]?.failure?.contains("answered \(status)") == true)
        try collector.tell("answer 200")
        try await eventually { recorder.exports["otlp"]?.exported == 30 }
        #expect(await recorder.shutdown() == 0)
        #expect(try TraceReader(path: scratch.path()).exports().first?.setAside.isEmpty == true)
        let taken = try collector.taken(scratch.path("taken"))
        #expect(taken.count == 30 && taken.values.allSatisfy { $0 == 1 })
    }

    @Test("sends what it stores as soon as it is committed, to every collector")
    func exports() async throws {
        let scratch = try Scratch()
        let (first, second) = (ScriptedExporter(), ScriptedExporter())
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()),
            exporters: [.init(first, named: "first"), .init(second, named: "second")], configuration: eager)
        try await exchange(10, recorder.tracer)
        try await eventually { first.taken.count == 30 && second.taken.count == 30 }
        try await exchange(1, recorder.tracer)
        try await eventually { first.taken.count == 33 && second.taken.count == 33 }
        #expect(await recorder.shutdown() == 0)
        #expect(recorder.undeliveredCount == 0)
        #expect(first.isShutDown && second.isShutDown)
        #expect(Set(try allSpans(scratch.path()).map(\.spanID)) == Set(first.taken))
        #expect(try TraceReader(path: scratch.path()).exports().map(\.exported) == [33, 33])
    }

    @Test("tells exporters of one name apart")
    func namesakes() async throws {
        let scratch = try Scratch()
        let exporters = (0..<3).map { _ in ScriptedExporter() }
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()), exporters: exporters.map { .init($0, named: "otlp") },
            configuration: eager)
        try await exchange(1, recorder.tracer)
        #expect(await recorder.shutdown() == 0)
        #expect(exporters.map(\.taken.count) == [3, 3, 3])
        #expect(recorder.exports.keys.sorted() == ["otlp", "otlp-2", "otlp-3"])
    }

    @Test("delivers at its end what was recorded last")
    func drains() async throws {
        let scratch = try Scratch()
        let exporter = ScriptedExporter()
        var configuration = eager
        configuration.forwarding.interval = .seconds(3_600)
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()), exporters: [.init(exporter, named: "otlp")],
            configuration: configuration)
        let running = Task { try await recorder.run() }
        try await exchange(50, recorder.tracer)
        running.cancel()
        try await running.value
        #expect(exporter.taken.count == 150)
    }

    @Test("leaves in the store what nobody took in time, says how much, and delivers it the next time")
    func leaves() async throws {
        let scratch = try Scratch()
        let away = ScriptedExporter { _, _ in .failed("connection refused", retryAfter: nil) }
        let there = ScriptedExporter()
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()),
            exporters: [.init(away, named: "away"), .init(there, named: "there")], configuration: eager)
        try await exchange(20, recorder.tracer)
        try await eventually { there.taken.count == 60 }
        #expect(await recorder.shutdown(within: .milliseconds(500)) == 0)
        #expect(recorder.droppedCount == 0, "nothing is lost")
        #expect(recorder.undeliveredCount == 60)
        #expect(recorder.exports["away"]?.failure == "connection refused")
        #expect(try TraceReader(path: scratch.path()).exports().map(\.holder) == [nil, nil])

        let back = ScriptedExporter()
        let next = try Recorder(
            service: "orders", store: .sqlite(scratch.path()), exporters: [.init(back, named: "away")],
            configuration: eager)
        try await eventually { back.taken.count == 60 }
        await next.shutdown()
    }

    @Test("ends in time although an exporter hangs and hears of nothing")
    func hangs() async throws {
        let scratch = try Scratch()
        let gate = Gate()
        let stuck = ScriptedExporter { _, _ in
            await gate.wait()
            return .accepted(rejected: 0)
        }
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()), exporters: [.init(stuck, named: "otlp")],
            configuration: eager)
        try await exchange(5, recorder.tracer)
        try await eventually { stuck.requests > 0 }
        #expect(await recorder.shutdown(within: .milliseconds(200)) == 0)
        #expect(recorder.undeliveredCount == 15)
        gate.open()
    }
}

@Suite("The recorder's choice of exporters")
struct ExporterSelectionTests {
    private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test(
        "is what OTEL_TRACES_EXPORTER names",
        arguments: [
            (nil, nil), ("", nil), ("otlp", ["otlp"]), ("none", []),
            (" zipkin , otlp,console", ["zipkin", "otlp", "console"]),
            ("jaeger,otlp", ["otlp"]), ("zipkin, otlp,zipkin", ["zipkin", "otlp"]),
        ] as [(String?, [String]?)])
    func variable(value: String?, names: [String]?) {
        var environment: [String: String] = [:]
        environment["OTEL_TRACES_EXPORTER"] = value
        #expect(Recorder.Exporter.selected(by: environment, logger: quiet)?.map(\.name) == names)
    }

    @Test("is what the code names, else the variable, else none for a store")
    func precedence() async throws {
        let scratch = try Scratch()
        var configuration = Recorder.Configuration()
        configuration.logger = quiet
        configuration.forwarding.logger = quiet
        configuration.environment = [
            "OTEL_TRACES_EXPORTER": "otlp,zipkin", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:9/api/v2/spans",
        ]
        func names(_ exporters: [Recorder.Exporter]?) async throws -> [String] {
            let recorder = try Recorder(
                service: "orders", store: .sqlite(scratch.path()), exporters: exporters, configuration: configuration)
            await recorder.shutdown(within: .zero)
            return recorder.exports.keys.sorted()
        }
        #expect(try await names(nil) == ["otlp", "zipkin"])
        #expect(try await names([.init(ScriptedExporter(), named: "own")]) == ["own"])
        #expect(try await names([]) == [])
        configuration.environment["OTEL_TRACES_EXPORTER"] = nil
        #expect(try await names(nil) == [])
    }

    @Test("works without a store, straight from memory; what could not be sent at the end is counted as lost")
    func direct() async throws {
        var configuration = Recorder.Configuration()
        configuration.logger = quiet
        configuration.forwarding.shutdownTimeout = .milliseconds(200)
        let (there, away) = (
            ScriptedExporter(), ScriptedExporter { _, _ in .failed("connection refused", retryAfter: nil) }
        )
        let recorder = try Recorder(
            service: "orders", exporters: [.init(there, named: "there")], configuration: configuration)
        try await exchange(10, recorder.tracer)
        await recorder.shutdown()
        #expect(there.taken.count == 30 && there.isShutDown && recorder.droppedCount == 0)

        let lost = try Recorder(
            service: "orders", exporters: [.init(away, named: "away")], configuration: configuration)
        try await exchange(10, lost.tracer)
        await lost.shutdown()
        #expect(lost.droppedCount == 30)
    }
}
