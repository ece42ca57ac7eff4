import FlowFixtures
import Foundation
import Testing
import ThroughlineHTTP
import ThroughlineModel
import ThroughlineOTLP

/// What other people's collectors (scripts/collectors) make of what the OTLP exporter sends.
@Suite("OTLP to other people's collectors") struct CollectorTests {
    static let encodings = OTLP.Encoding.allCases
    static let compressions = [OTLPExporter.Configuration.Compression.none, .gzip]

    @Test("Datadog's test agent gives back every generated span as it was", arguments: encodings, compressions)
    func ddapm(encoding: OTLP.Encoding, compression: OTLPExporter.Configuration.Compression) async throws {
        let url = try variable("THROUGHLINE_DDAPM")
        var random = RandomSpans(seed: .random(in: 1...UInt64(UInt32.max)))
        let sent = random.next(200) + [Self.everything]
        #expect(await export(sent, to: url, encoding, compression) == .accepted(rejected: 0))
        let reported = try await Self.agentSpans(url)
        #expect(Set(sent).subtracting(reported).isEmpty)
    }

    @Test("rotel prints every value of a span as it was", arguments: encodings, compressions)
    func rotel(encoding: OTLP.Encoding, compression: OTLPExporter.Configuration.Compression) async throws {
        var span = Self.everything
        span.spanID = SpanID(.random(in: 1...UInt64.max))
        #expect(
            await export([span], to: try variable("THROUGHLINE_ROTEL"), encoding, compression) == .accepted(rejected: 0)
        )
        let log = try variable("THROUGHLINE_ROTEL_LOG")
        let expected = Self.text(span)
        let deadline = ContinuousClock.now + .seconds(60)
        var text = ""
        while !text.contains(expected), ContinuousClock.now < deadline {
            text = try String(contentsOfFile: log, encoding: .utf8)
            try await Task.sleep(for: .milliseconds(50))
        }
        let isPrinted = text.contains(expected)
        #expect(isPrinted, "what is missing in \(log):\n\(expected)")
    }

    /// A span with a value in every field.
    static let everything: SpanRecord = {
        var span = SpanRecord(
            traceID: TraceID(high: 0x0198_B2C4_7D5E_7000, low: 0x8000_0000_0000_0001), spanID: SpanID(0xA1B2),
            parentID: SpanID(0xC3D4), parentIsRemote: true, flags: [.sampled, .random], name: "send \"orders\" 🚚",
            kind: .producer, start: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_001),
            end: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_123_456_789))
        span.traceState = TraceState(header: "vendor=a,other=b") ?? TraceState()
        span.attributes = [
            "text": "one\ttwo", "yes": true, "no": false, "whole": .int(.min), "real": 1.5,
            "list": .array([.int(3), .string("x")]), "map": .map(["k": 2.5]), "raw": .bytes([0, 255]), "empty": "",
        ]
        span.events = [
            SpanEvent(
                name: "exception", time: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_500),
                attributes: ["exception.type": "Late"], droppedAttributes: 2)
        ]
        var linked = SpanContext(traceID: TraceID(high: 5, low: 6), spanID: SpanID(7))
        linked.traceState = TraceState(header: "l=1") ?? TraceState()
        span.links = [SpanLink(context: linked, attributes: ["messaging.message.id": "m-1"], droppedAttributes: 1)]
        span.status = .error("no stock")
        span.dropped = DroppedCounts(attributes: 3, events: 4, links: 5)
        span.resource = Resource(attributes: ["service.name": "checkout"], schemaURL: "https://example.org/1")
        span.scope = InstrumentationScope(
            name: "orders", version: "2.1", attributes: ["a": 1], schemaURL: "https://example.org/2")
        return span
    }()

    /// A span in rotel's words (its debug log at verbosity "detailed").
    private static func text(_ span: SpanRecord) -> String {
        """
        Resource SchemaURL: https://example.org/1
        Resource attributes:
             -> service.name: Str(checkout)
        ScopeSpans #0
        ScopeSpans SchemaURL: https://example.org/2
        InstrumentationScope orders 2.1
        InstrumentationScope attributes:
             -> a: Int(1)
        Span #0
            Trace ID       : \(span.traceID.hex)
            Parent ID      : \(span.parentID?.hex ?? "")
            ID             : \(span.spanID.hex)
            Name           : \(span.name)
            Kind           : SPAN_KIND_PRODUCER
            TraceState     : vendor=a,other=b
        Start time: 1700000000000000001
        End time: 1700000000123456789
            Status code    : STATUS_CODE_ERROR
            Status message : no stock
        Attributes:
             -> text: Str(one\ttwo)
             -> yes: Bool(true)
             -> no: Bool(false)
             -> whole: Int(-9223372036854775808)
             -> real: Double(1.5)
             -> list: Slice(Int(3), Str(x))
             -> map: Map(k:Double(2.5))
             -> raw: Bytes([0, 255])
             -> empty: Str()
        Events:
        SpanEvent #0
             -> Name: exception
             -> Timestamp: 1700000000000000500
             -> DroppedAttributesCount: 2
             -> Attributes::
                  -> exception.type: Str(Late)
        Links:
        SpanLink #0
             -> Trace ID: 00000000000000050000000000000006
             -> ID: 0000000000000007
             -> TraceState: l=1
             -> DroppedAttributesCount: 1
             -> Attributes::
                  -> messaging.message.id: Str(m-1)
        """
    }

    private func export(
        _ spans: [SpanRecord], to url: String, _ encoding: OTLP.Encoding,
        _ compression: OTLPExporter.Configuration.Compression
    ) async -> ExportOutcome {
        var configuration = OTLPExporter.Configuration(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url])
        configuration.encoding = encoding
        configuration.compression = compression
        configuration.timeout = .seconds(60)
        let exporter = OTLPExporter(configuration)
        let outcome = await exporter.export(spans)
        await exporter.shutdown()
        return outcome
    }

    /// What the agent has kept: OTLP/JSON as it came, or protobuf's own JSON with the fields' original names.
    private static func agentSpans(_ url: String) async throws -> [SpanRecord] {
        let response = try await HTTPClient(.init(userAgent: "tests")).send(
            HTTPRequest(.get, url + "/test/session/traces", timeout: .seconds(60), responseLimit: 256 << 20))
        let requests = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [Any])
        return try requests.flatMap { request in
            let data = try JSONSerialization.data(withJSONObject: camelCased(request))
            return try OTLP.decode(Array(data), as: .json)
        }
    }

    private static func camelCased(_ value: Any) -> Any {
        if let list = value as? [Any] { return list.map(camelCased) }
        guard let object = value as? [String: Any] else { return value }
        var result: [String: Any] = [:]
        for (key, value) in object {
            let words = key.split(separator: "_")
            let name = words.dropFirst().reduce(String(words.first ?? "")) {
                $0 + $1.prefix(1).uppercased() + $1.dropFirst()
            }
            result[name] = camelCased(value)
        }
        return result
    }

    private func variable(_ name: String) throws -> String {
        try #require(
            ProcessInfo.processInfo.environment[name],
            "start the collectors first: scripts/collectors start; eval \"$(scripts/collectors env)\"")
    }
}
