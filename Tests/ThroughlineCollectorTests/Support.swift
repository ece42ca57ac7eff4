import FlowFixtures
import Foundation
import Logging
import ServiceLifecycle
import Testing
import ThroughlineCollector
import ThroughlineModel
import ThroughlineStore

/// A collector on free ports, with a store in a directory that is gone afterwards.
struct RunningCollector: Sendable {
    let store: TraceStore
    let ports: ListeningPorts
    let group: ServiceGroup

    var otlp: Int { ports.otlp ?? 0 }

    /// The spans that are in the file.
    var spans: [SpanRecord] {
        get throws {
            var spans: [SpanRecord] = []
            try TraceReader(path: store.path).forEachSpan { spans.append($0) }
            return spans
        }
    }

    func post(
        _ body: [UInt8], _ headers: [String: String] = ["Content-Type": "application/x-protobuf"],
        path: String = "/v1/traces", to port: Int? = nil
    ) async throws -> WireAnswer {
        let port = port ?? otlp
        return try await offPool {
            let wire = try Wire(port: port)
            try wire.send(Wire.head("POST", path, headers.merging(["Content-Length": "\(body.count)"]) { $1 }) + body)
            return try wire.answer()
        }
    }
}

extension RunningCollector {
    /// Sends spans and expects a status.
    @discardableResult
    func expect(
        _ status: Int, _ body: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> WireAnswer {
        let answer = try await post(body)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
        return answer
    }
}

/// Runs a collector for as long as `body` takes, shuts it down, and waits for its end.
func withCollector(
    at path: String, store options: TraceStore.Options = TraceStore.Options(),
    _ configure: (inout CollectorConfiguration) -> Void = { _ in },
    _ body: (RunningCollector) async throws -> Void
) async throws {
    var configuration = CollectorConfiguration()
    configuration.otlp?.port = 0
    configuration.zipkin?.port = 0
    configure(&configuration)
    let store = try TraceStore(path: path, options: options)
    let (opened, open) = AsyncStream.makeStream(of: ListeningPorts.self)
    let collector = try Collector(store: store, configuration: configuration, logger: quiet) { open.yield($0) }
    let group = ServiceGroup(services: [collector], logger: quiet)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { open.finish() }
            try await group.run()
        }
        if let ports = await opened.first(where: { _ in true }) {
            try await body(RunningCollector(store: store, ports: ports, group: group))
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
    store.close()
}

/// Runs what blocks on a thread of its own: the collector under test needs Swift's pool.
func offPool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits until something is so, for as long as a loaded machine may need.
func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<6_000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("it never came to be")
}

/// Spans with nothing but ids and times.
func spans(_ ids: ClosedRange<UInt64>, trace: UInt64 = 1) -> [SpanRecord] {
    ids.map { id in
        SpanRecord(
            traceID: TraceID(high: 1, low: trace), spanID: SpanID(id), name: "span \(id)",
            start: Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000 + id),
            end: Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_001_000 + id))
    }
}
