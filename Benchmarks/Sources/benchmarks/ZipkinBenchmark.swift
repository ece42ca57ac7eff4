import Foundation
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineZipkin

/// Encoding and decoding of messaging spans as Zipkin's JSON, beside Foundation's JSON and OTLP's.
enum ZipkinBenchmark {
    static func run() {
        let count = 10_000
        let records = spans(count)
        let bytes = Zipkin.encode(records)
        let otlp = OTLP.encode(records, as: .json)
        let object = try? JSONSerialization.jsonObject(with: Data(bytes))

        let encode = nanoseconds(count) { _ = Zipkin.encode(records) }
        let decode = nanoseconds(count) { _ = try? Zipkin.decode(bytes) }
        let otlpEncode = nanoseconds(count) { _ = OTLP.encode(records, as: .json) }
        let otlpDecode = nanoseconds(count) { _ = try? OTLP.decode(otlp, as: .json) }
        let foundationDecode = nanoseconds(count) { _ = try? JSONSerialization.jsonObject(with: Data(bytes)) }
        let foundationEncode = nanoseconds(count) {
            _ = object.flatMap { try? JSONSerialization.data(withJSONObject: $0) }
        }
        report("Zipkin encode, 8 attributes, a link", "\(encode.rounded(to: 0)) ns a span")
        report("Zipkin decode", "\(decode.rounded(to: 0)) ns a span")
        report("Zipkin bytes a span", "\(bytes.count / count)")
        report("ratio OTLP JSON encode / Zipkin encode", (otlpEncode / encode).rounded(to: 2))
        report("ratio OTLP JSON decode / Zipkin decode", (otlpDecode / decode).rounded(to: 2))
        report("ratio JSONSerialization write / Zipkin encode", (foundationEncode / encode).rounded(to: 2))
        report("ratio JSONSerialization parse / Zipkin decode", (foundationDecode / decode).rounded(to: 2))
    }

    private static func spans(_ count: Int) -> [SpanRecord] {
        let resource = Resource(attributes: ["service.name": "checkout", "host.name": "node-7", "process.pid": 4_242])
        let scope = InstrumentationScope(name: "Throughline", version: "0.1.0")
        return (0..<UInt64(count)).map { number in
            let traceID = TraceID(high: 0x0198_B2C4_7D5E_7000 + number / 8, low: 0x8000_0000_0000_0001 &+ number / 8)
            let start = 1_760_000_000_000_000_123 + number * 1_000_003
            return SpanRecord(
                traceID: traceID, spanID: SpanID(number + 1), parentID: SpanID(number + 2),
                flags: [.sampled, .random], name: "process orders", kind: .consumer,
                start: Timestamp(nanosecondsSinceEpoch: start),
                end: Timestamp(nanosecondsSinceEpoch: start + 1_234_567),
                attributes: [
                    "messaging.system": "kafka", "messaging.operation.name": "process",
                    "messaging.operation.type": "process", "messaging.destination.name": "orders",
                    "messaging.message.id": .string("0198b2c4-7d5e-7000-8000-\(1_000_000_000_000 + number)"),
                    "messaging.message.conversation_id": "0198b2c4-7d5e-7000-8000-000000000001",
                    "messaging.kafka.offset": .int(Int64(number)), "messaging.consumer.group.name": "billing",
                ],
                links: [
                    SpanLink(
                        context: SpanContext(traceID: traceID, spanID: SpanID(number + 2), flags: .sampled),
                        attributes: ["throughline.link.type": "creation"])
                ], resource: resource, scope: scope)
        }
    }
}
