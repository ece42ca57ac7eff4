import OTLPProtobuf
import SwiftProtobuf
import ThroughlineModel
import ThroughlineOTLP

/// Spans of eight attributes to OTLP and back, against swift-protobuf on the same spans.
enum CodecBenchmark {
    static func run() async throws {
        let records = spans(2_048)
        let bytes = OTLP.encode(records)
        let json = OTLP.encode(records, as: .json)
        // Nothing in them to remember from one span to the next, but the keys.
        let restless = OTLP.encode(records.map(Self.withoutRepetition))
        let message = try Rival_ExportTraceServiceRequest(serializedBytes: bytes)
        guard try (message.serializedBytes() as [UInt8]).count == bytes.count else { throw Differs() }

        var times: [String: Double] = [:]
        func measure(_ name: String, _ body: () throws -> Void) rethrows {
            var thrown: (any Error)?
            let time = nanoseconds(records.count, runs: 8) { do { try body() } catch { thrown = error } }
            if let thrown { preconditionFailure("\(name): \(thrown)") }
            times[name] = min(times[name] ?? .infinity, time)
        }
        var sum = 0
        // In turns, so that a slow moment of the machine does not fall on one of them only.
        for _ in 0..<8 {
            measure("encode") { sum &+= OTLP.encode(records).count }
            try measure("swift-protobuf encode") { sum &+= try (message.serializedBytes() as [UInt8]).count }
            try measure("decode") { sum &+= try OTLP.decode(bytes).count }
            try measure("swift-protobuf decode") {
                sum &+= try Rival_ExportTraceServiceRequest(serializedBytes: bytes).resourceSpans.count
            }
            try measure("decode, no value twice") { sum &+= try OTLP.decode(restless).count }
            try measure("swift-protobuf decode, no value twice") {
                sum &+= try Rival_ExportTraceServiceRequest(serializedBytes: restless).resourceSpans.count
            }
            measure("JSON encode") { sum &+= OTLP.encode(records, as: .json).count }
            try measure("JSON decode") { sum &+= try OTLP.decode(json, as: .json).count }
        }
        let names = [
            "encode", "swift-protobuf encode", "decode", "swift-protobuf decode", "decode, no value twice",
            "swift-protobuf decode, no value twice", "JSON encode", "JSON decode",
        ]
        report("OTLP, bytes a span of 8 attributes", "\(bytes.count / records.count)")
        for name in names { report("OTLP \(name)", "\((times[name] ?? 0).rounded(to: 0)) ns a span") }
        for name in ["encode", "decode", "decode, no value twice"] {
            let ratio = (times["swift-protobuf \(name)"] ?? 0) / (times[name] ?? 1)
            report("ratio swift-protobuf / ours, \(name)", ratio.rounded(to: 2))
        }
        guard sum != 0 else { throw Differs() }
    }

    /// The two encoders disagree, and their times say nothing.
    struct Differs: Error {}

    private static func withoutRepetition(_ record: SpanRecord) -> SpanRecord {
        var record = record
        record.name += " \(record.start.nanosecondsSinceEpoch)"
        for attribute in record.attributes {
            guard let text = attribute.value.stringValue else { continue }
            record.attributes[attribute.key] = .string("\(text) \(record.start.nanosecondsSinceEpoch)")
        }
        return record
    }

    static func spans(_ count: Int) -> [SpanRecord] {
        let resource = Resource(attributes: ["service.name": "benchmark", "service.version": "1.0", "host.name": "a"])
        let scope = InstrumentationScope(name: "throughline", version: "0.1.0")
        var records: [SpanRecord] = []
        for index in 0..<count {
            let number = UInt64(index)
            let id = number &* 0x9E37_79B9_7F4A_7C15 | 1
            let start: UInt64 = 1_700_000_000_000_000_000 + number
            let traceID = TraceID(high: 0x0198_B2C4_7D5E_0000 + number / 8, low: id)
            var record = SpanRecord(
                traceID: traceID, spanID: SpanID(id), parentID: SpanID(number + 1), name: "send orders",
                kind: .producer, start: Timestamp(nanosecondsSinceEpoch: start),
                end: Timestamp(nanosecondsSinceEpoch: start + 1_000), resource: resource, scope: scope)
            record.attributes = [
                "messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send",
                "messaging.destination.name": "orders", "messaging.destination.partition.id": "3",
            ]
            record.attributes["messaging.message.id"] = .string("0198b2c4-7d5e-7000-8000-\(100_000_000_000 + index)")
            record.attributes["messaging.message.conversation_id"] = .string(
                "0198b2c4-7d5e-7000-8000-\(200_000_000_000 + index)")
            record.attributes["messaging.kafka.offset"] = .int(Int64(index))
            records.append(record)
        }
        return records
    }
}
