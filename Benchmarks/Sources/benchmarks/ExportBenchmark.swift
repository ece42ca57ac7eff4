import Foundation
import Logging
import OTLPProtobuf
import SwiftProtobuf
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer
import Tracing

/// Spans out of a store: read and decoded alone, encoded too, and sent to a server on this machine that throws them away.
enum ExportBenchmark {
    static func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "throughline-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "traces.db").path
        let count = 200_000
        let batch = try fill(path, count)
        let encoding = nanoseconds(batch.count, runs: 20) { _ = OTLP.encode(batch) }
        let rival = try rivalEncoding(batch)
        report("OTLP encode of 2,048 spans, alone", "\(Int(1e9 / encoding)) spans/s")
        report("swift-protobuf's encode of the same spans, alone", "\(Int(1e9 / rival)) spans/s")
        let reading = try await forward(path, count, "read", Sink { _ in })
        report("out of the store, read and decoded", "\(Int(reading)) spans/s")
        let encoded = try await forward(path, count, "encode", Sink { _ = OTLP.encode($0) })
        report("out of the store, read, decoded and encoded", "\(Int(encoded)) spans/s")
        let collector = try LocalSink()
        var configuration = OTLPExporter.Configuration()
        configuration.endpoint = collector.endpoint
        let sent = try await forward(path, count, "send", OTLPExporter(configuration))
        report("out of the store to a local sink by OTLP/HTTP", "\(Int(sent)) spans/s")
        report("ratio out of the store by OTLP/HTTP / swift-protobuf's encode", (sent * rival / 1e9).rounded(to: 2))
        withExtendedLifetime(collector) {}
        let alone = try await recordAndExport(directory, exports: false)
        report("recorded, nothing exported", "\(Int(alone)) spans/s")
        let both = try await recordAndExport(directory, exports: true)
        report("recorded while as much is exported", "\(Int(both)) spans/s")
    }

    /// Nanoseconds a span that swift-protobuf takes to encode messages that are there already.
    private static func rivalEncoding(_ batch: [SpanRecord]) throws -> Double {
        let bytes = OTLP.encode(batch)
        let message = try Rival_ExportTraceServiceRequest(serializedBytes: bytes)
        guard try (message.serializedBytes() as [UInt8]).count == bytes.count else { throw CodecBenchmark.Differs() }
        return nanoseconds(batch.count, runs: 20) { _ = try? message.serializedBytes() as [UInt8] }
    }

    /// Recording as fast as the store takes it, with and without an exporter beside it.
    private static func recordAndExport(_ directory: URL, exports: Bool) async throws -> Double {
        let count = 200_000
        var best = 0.0
        for round in 1...3 {
            var configuration = Recorder.Configuration()
            configuration.tracer.recordsStarts = false
            configuration.forwarding = quiet
            configuration.forwarding.interval = .milliseconds(50)
            let recorder = try Recorder(
                service: "benchmark", store: .sqlite(directory.appending(path: "both-\(exports)-\(round).db").path),
                exporters: exports ? [.init(Sink { _ = OTLP.encode($0) }, named: "otlp")] : [],
                configuration: configuration)
            let elapsed = await ContinuousClock().measure {
                for number in 0..<count {
                    if number % 4_096 == 0, number > 0 { _ = await recorder.flush(within: .seconds(60)) }
                    let span = recorder.tracer.startSpan("send orders", context: .topLevel, ofKind: .producer)
                    span.attributes[MessagingAttribute.destinationName] = "orders"
                    span.end()
                }
                _ = await recorder.flush(within: .seconds(60))
            }
            await recorder.shutdown(within: .seconds(60))
            guard recorder.droppedCount == 0, recorder.undeliveredCount == 0 else {
                throw StoreBenchmark.Failed(what: "spans were lost or left")
            }
            best = max(best, Double(count) / (elapsed / .seconds(1)))
        }
        return best
    }

    /// The best of several runs, each under a name of its own, so from the first span.
    private static func forward(
        _ path: String, _ count: Int, _ name: String, _ exporter: any SpanExporter
    ) async throws -> Double {
        var best = 0.0
        for round in 1...3 {
            let forwarder = try SpanForwarder(
                store: path, to: exporter, named: "\(name)-\(round)", heldBy: "benchmark",
                configuration: quiet)
            var sent = 0
            let elapsed = await ContinuousClock().measure { sent = await forwarder.forwardAll().exported }
            guard sent == count else { throw StoreBenchmark.Failed(what: "\(sent) of \(count) spans were exported") }
            best = max(best, Double(count) / (elapsed / .seconds(1)))
        }
        return best
    }

    private static var quiet: ForwardingConfiguration {
        var configuration = ForwardingConfiguration()
        configuration.logger = Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() })
        return configuration
    }

    /// Spans of eight attributes, eight a trace.
    ///
    /// - Returns: The first 2,048 of them.
    private static func fill(_ path: String, _ count: Int) throws -> [SpanRecord] {
        let store = try TraceStore(path: path)
        let resource = Resource(attributes: ["service.name": "benchmark", "host.name": "node-7", "process.pid": 42])
        var first: [SpanRecord] = []
        for start in stride(from: 0, to: count, by: 2_048) {
            let batch = (start..<min(start + 2_048, count)).map { span($0, resource) }
            try store.write(batch)
            if start == 0 { first = batch }
        }
        try store.flush()
        store.close()
        return first
    }

    private static func span(_ number: Int, _ resource: Resource) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: 1_790_000_000_000_000_000 + UInt64(number) * 40_000)
        func uuid(_ value: Int) -> AttributeValue {
            .string(String(format: "0198b2c4-%04x-7000-8000-%012x", value >> 16, value &* 7_919))
        }
        return SpanRecord(
            traceID: TraceID(high: 0x0198 << 48 | UInt64(number / 8), low: UInt64(number / 8) &* 0x9E37_79B9_7F4A_7C15),
            spanID: SpanID(UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15),
            parentID: number % 8 == 0 ? nil : SpanID(UInt64(number) &* 0x9E37_79B9_7F4A_7C15),
            name: "send orders", kind: number.isMultiple(of: 2) ? .producer : .consumer, start: start,
            end: start.advanced(byNanoseconds: 1_200_000),
            attributes: [
                MessagingAttribute.system: "kafka", MessagingAttribute.operationName: "send",
                MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "orders",
                MessagingAttribute.messageID: uuid(number),
                MessagingAttribute.conversationID: uuid(number / 8 + 1 << 32),
                MessagingAttribute.partitionID: "3", MessagingAttribute.kafkaOffset: .int(Int64(number)),
            ], resource: resource, scope: InstrumentationScope(name: "Throughline", version: "0.1.0"))
    }
}

/// Takes everything.
private struct Sink: SpanExporter {
    private let send: @Sendable ([SpanRecord]) -> Void

    init(_ send: @escaping @Sendable ([SpanRecord]) -> Void) { self.send = send }

    @concurrent func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        send(batch)
        return .accepted(rejected: 0)
    }

    func shutdown() async {}
}
