import Foundation
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Trace headers that are wrong in every way that chance finds. THROUGHLINE_FUZZ sets how many inputs.
@Suite("Trace headers, fuzzed")
struct PropagatorFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) } ?? 20_000

    private static let seeds = [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("tracestate", "ot=th:8;rv:1,v=1"),
        ("baggage", "key=value;property,other=%20%C3%A4"),
        ("b3", "4bf92f3577b34da6-00f067aa0ba902b7-d"),
        ("x-b3-traceid", "4bf92f3577b34da6"), ("X-B3-SpanId", "00f067aa0ba902b7"), ("x-b3-sampled", "true"),
        ("x-b3-flags", "1"), ("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736%3A00f067aa0ba902b7:0:3"),
        ("uberctx-tenant", "a%20b"), ("jaeger-baggage", "k1=v1, k2=v2"),
        ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=?"),
        ("AWSTraceHeader", "Parent=463ac35c9f6413ad;Root=1-67891233-abcdef012345678912345678"),
    ]

    private static let propagators: [any Propagator] = [
        W3CTraceContextPropagator(), W3CBaggagePropagator(), B3Propagator(), B3Propagator(writing: .multiple),
        JaegerPropagator(baggageKeys: ["tenant"]), XRayPropagator(),
    ]

    @Test("Whatever is read is valid, and is read again from what is written of it", arguments: 0..<propagators.count)
    func readsValid(index: Int) {
        let random = IDGenerator(seed: UInt64(index))
        let propagator = Self.propagators[index]
        for _ in 0..<Self.count / Self.propagators.count {
            var headers: [String: String] = [:]
            for _ in 0..<(1 + random.randomBits() % 6) {
                let (name, value) = Self.seeds[Int(random.randomBits() % UInt64(Self.seeds.count))]
                headers[name] = random.randomBits() % 3 == 0 ? value : Self.mutated(value, random)
            }
            var context = ServiceContext.topLevel
            propagator.extract(headers, into: &context, using: DictionaryCarrier())
            var written: [String: String] = [:]
            propagator.inject(context, into: &written, using: DictionaryCarrier())
            var again = ServiceContext.topLevel
            propagator.extract(written, into: &again, using: DictionaryCarrier())
            if let span = context.spanContext {
                #expect(span.isValid && span.isRemote)
                #expect(again.spanContext?.traceID == span.traceID && again.spanContext?.spanID == span.spanID)
                #expect(again.spanContext?.isSampled == span.isSampled)
            }
            #expect(written.values.allSatisfy { $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
        }
    }

    private static func mutated(_ text: String, _ random: IDGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<(1 + random.randomBits() % 4) {
            let place = Int(random.randomBits() % UInt64(max(1, bytes.count)))
            switch random.randomBits() % 4 {
            case 0 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: random.randomBits())
            case 1: bytes.removeLast(min(bytes.count, Int(random.randomBits() % 20)))
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.randomBits()), at: min(place, bytes.count))
            default: bytes += bytes.prefix(Int(random.randomBits() % 30))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
