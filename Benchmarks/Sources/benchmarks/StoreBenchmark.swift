import Foundation
import PlainLoop
import ThroughlineModel
import ThroughlineStore
import ThroughlineTracer
import Tracing

/// Spans through the pipeline into SQLite, against a loop in C that inserts the same rows into the same tables.
enum StoreBenchmark {
    struct Failed: Error {
        let what: String
    }

    static func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "throughline-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let count = 400_000
        var ours = 0.0
        var theirs = 0.0
        var bytes = 0.0
        for round in 1...3 {
            let path = directory.appending(path: "store-\(round).db").path
            ours = max(ours, try await throughPipeline(count, path))
            bytes = Double(try TraceReader(path: path).check().fileBytes) / Double(count)
            let seconds = plain_loop_copy(
                path, directory.appending(path: "plain-\(round).db").path, Int32(count / 4_096))
            guard seconds > 0 else { throw Failed(what: "the loop in C failed: \(seconds)") }
            theirs = max(theirs, Double(count) / seconds)
        }
        report("spans through the pipeline into SQLite", "\(Int(ours)) spans/s")
        report("the same rows by a loop in C", "\(Int(theirs)) spans/s")
        report("ratio pipeline / loop in C", (ours / theirs).rounded(to: 2))
        report("bytes a span on disk, all indexes", bytes.rounded(to: 1))
    }

    /// Spans of eight attributes, eight a trace, recorded by one task as fast as the pipeline has room.
    private static func throughPipeline(_ count: Int, _ path: String) async throws -> Double {
        let store = try TraceStore(path: path)
        let pipeline = SpanPipeline(sink: store)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource(attributes: ["service.name": "benchmark"]))
        let ids = (0..<count + count / 8).map { String(format: "0198b2c4-%04x-7000-8000-%012x", $0 >> 16, $0 &* 7_919) }
        let elapsed = try await ContinuousClock().measure {
            for trace in 0..<count / 8 {
                // A task that is ahead of SQLite waits instead of having spans dropped.
                while 8 * trace - pipeline.writtenCount > 32_768 { try await Task.sleep(for: .microseconds(200)) }
                let correlation = ids[count + trace]
                var context = ServiceContext.topLevel
                for number in 0..<8 {
                    let span = tracer.startSpan(
                        "send orders", context: context, ofKind: number.isMultiple(of: 2) ? .producer : .consumer)
                    span.updateAttributes { attributes in
                        attributes.set(MessagingAttribute.system, value: .string("kafka"))
                        attributes.set(MessagingAttribute.operationName, value: .string("send"))
                        attributes.set(MessagingAttribute.operationType, value: .string("send"))
                        attributes.set(MessagingAttribute.destinationName, value: .string("orders"))
                        attributes.set(MessagingAttribute.messageID, value: .string(ids[8 * trace + number]))
                        attributes.set(MessagingAttribute.conversationID, value: .string(correlation))
                        attributes.set(MessagingAttribute.partitionID, value: .string("3"))
                        attributes.set(MessagingAttribute.kafkaOffset, value: .int64(Int64(trace)))
                    }
                    span.end()
                    context = span.context
                }
            }
            guard await pipeline.flush(within: .seconds(120)) else { throw Failed(what: "the pipeline lost spans") }
        }
        await pipeline.shutdown()
        return Double(count) / (elapsed / .seconds(1))
    }
}
