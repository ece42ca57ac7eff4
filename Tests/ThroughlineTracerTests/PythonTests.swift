import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// OpenTelemetry's propagators for Python are the judges of what is written and read in the headers of Zipkin and Jaeger.
///
/// Python knows no "debug": it reads it as sampled, and Jaeger's flags are 3 whenever it writes a sampled span.
@Suite("B3 and Jaeger, beside Python")
struct PythonTests {
    /// What a span's headers say.
    private struct Said: Codable, Hashable {
        var trace: String
        var span: String
        var sampled: Bool
        var baggage: [String: String] = [:]
    }

    private struct Case: Encodable {
        let format: String
        let headers: [String: String]
        let trace: String
        let span: String
        let sampled: Bool
        let baggage: [String: String]
    }

    private struct Answer: Decodable {
        let read: Said
        let written: [String: String]
    }

    private static let baggageKeys = ["tenant", "customer-name", "note"]

    private static let propagators: [(format: String, propagator: any Propagator)] = [
        ("b3", B3Propagator()), ("b3multi", B3Propagator(writing: .multiple)),
        ("jaeger", JaegerPropagator(baggageKeys: baggageKeys)),
    ]

    /// Ids of 64 and 128 bits, with zeros in front and at the end, sampled, not sampled, and to be debugged.
    private static let spans: [(said: Said, isDebug: Bool)] = {
        let random = IDGenerator(seed: 2_032)
        var spans: [(Said, Bool)] = []
        for number in 0..<300 {
            let low = max(1, random.randomBits() >> (random.randomBits() % 64))
            let high = number.isMultiple(of: 3) ? 0 : random.randomBits()
            let span = max(1, random.randomBits() << (random.randomBits() % 64))
            let said = Said(
                trace: TraceID(high: high, low: low).hex, span: SpanID(span).hex, sampled: number % 4 != 0)
            spans.append((said, number % 4 == 1))
        }
        return spans
    }()

    private static let baggage = [
        "tenant": "acme", "customer-name": "Ana Ångström, 東京; a=b \"c\" \\ 100 %41", "note": "/~*()&?:@",
    ]

    @Test("Python reads what is written here as the same span, and what Python writes is read here as the same")
    func bothWays() throws {
        for (format, propagator) in Self.propagators {
            var expected: [Said] = []
            var cases: [Case] = []
            for (said, isDebug) in Self.spans {
                var said = said
                if format == "jaeger" { said.baggage = Self.baggage }
                expected.append(said)
                cases.append(
                    Case(
                        format: format, headers: written(propagator, said, isDebug: isDebug), trace: said.trace,
                        span: said.span, sampled: said.sampled, baggage: said.baggage))
            }
            let answers = try ask(cases)
            #expect(answers.map(\.read) == expected, "\(format), written here")
            #expect(answers.map { read(propagator, $0.written) } == expected, "\(format), written by Python")
        }
    }

    @Test("headers of other senders say the same to both")
    func others() throws {
        let trace = "80f198ee56343ba864fe8b2a57d3eff7"
        let span = "e457b5a2e4d86bd1"
        let headers: [(format: String, headers: [String: String])] = [
            ("b3", ["b3": "64fe8b2a57d3eff7-\(span)-1"]), ("b3", ["b3": "\(trace)-\(span)-d"]),
            ("b3", ["b3": "\(trace)-\(span)-0-05e3ac9a4f6e3b90"]),
            ("b3", ["b3": "\(trace)-\(span)-1-05e3ac9a4f6e3b90"]),
            ("b3multi", ["x-b3-traceid": "64fe8b2a57d3eff7", "x-b3-spanid": span, "x-b3-sampled": "0"]),
            ("b3multi", ["x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-sampled": "true"]),
            ("b3multi", ["x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-flags": "1"]),
            ("b3multi", ["x-b3-traceid": trace, "x-b3-spanid": span]),
            ("jaeger", ["uber-trace-id": "1:2:0:1"]), ("jaeger", ["uber-trace-id": "64fe8b2a57d3eff7:\(span):5:0"]),
            ("jaeger", ["uber-trace-id": "\(trace):\(span):0:3", "uberctx-tenant": "a%20b%2Cc"]),
        ]
        let answers = try ask(
            headers.map { Case(format: $0, headers: $1, trace: trace, span: span, sampled: true, baggage: [:]) })
        for ((format, headers), answer) in zip(headers, answers) {
            let propagator = try #require(Self.propagators.first { $0.format == format }).propagator
            #expect(read(propagator, headers) == answer.read, "\(headers)")
        }
    }

    private func ask(_ cases: [Case]) throws -> [Answer] {
        try withTemporaryFile(Array(try JSONEncoder().encode(cases))) { path in
            let answers = try JSONDecoder().decode(
                [Answer].self, from: Data(InteropPython.run("propagation.py", path).utf8))
            try #require(answers.count == cases.count)
            return answers
        }
    }

    private func written(_ propagator: any Propagator, _ said: Said, isDebug: Bool) -> [String: String] {
        var context = ServiceContext.topLevel
        let state = isDebug ? "d" : said.sampled ? "1" : "0"
        B3Propagator().extract(
            ["b3": "\(said.trace)-\(said.span)-\(state)"], into: &context, using: DictionaryCarrier())
        for (key, value) in said.baggage { context.baggage[key] = value }
        var headers: [String: String] = [:]
        propagator.inject(context, into: &headers, using: DictionaryCarrier())
        return headers
    }

    private func read(_ propagator: any Propagator, _ headers: [String: String]) -> Said? {
        var context = ServiceContext.topLevel
        propagator.extract(headers, into: &context, using: DictionaryCarrier())
        guard let span = context.spanContext else { return nil }
        let baggage = context.baggage.members.map { ($0.key, $0.value) }
        return Said(
            trace: span.traceID.hex, span: span.spanID.hex, sampled: span.isSampled,
            baggage: Dictionary(uniqueKeysWithValues: baggage))
    }
}
