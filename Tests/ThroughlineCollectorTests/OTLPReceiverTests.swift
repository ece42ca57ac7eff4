import FlowFixtures
import Gzip
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineStore

@testable import ThroughlineCollector

@Suite("The OTLP receiver")
struct OTLPReceiverTests {
    private static let records = GoldenFlow.order.records.filter { $0.end != nil }

    @Test("has stored what it answers with success", arguments: OTLP.Encoding.allCases, [false, true])
    func stores(encoding: OTLP.Encoding, isGzip: Bool) async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            let plain = OTLP.encode(Self.records, as: encoding)
            var headers = ["Content-Type": encoding.contentType + "; charset=utf-8"]
            if isGzip { headers["Content-Encoding"] = "gzip" }
            let answer = try await collector.post(isGzip ? Gzip.compress(plain) : plain, headers)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == encoding.contentType)
            #expect(answer.text == (encoding == .json ? "{}" : ""))
            #expect(try Set(collector.spans) == Set(Self.records))
        }
    }

    @Test("takes what a sender sends as sampled, as some do not say")
    func sampled() async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            var record = try #require(Self.records.first)
            record.flags = []
            let headers = ["Content-Type": OTLP.Encoding.protobuf.contentType]
            let answer = try await collector.post(OTLP.encode([record], as: .protobuf), headers)
            #expect(answer.status == 200)
            #expect(try collector.spans.map(\.flags) == [.sampled])
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var method = "POST"
        var path = "/v1/traces"
        var type: String? = "application/json"
        var encoding: String?
        var body = "{}"
        let status: Int
        var answerType: String?

        var testDescription: String { "\(method) \(path) \(type ?? "-") \(encoding ?? "-") \(body)" }
    }

    static let cases = [
        Case(status: 200, answerType: "application/json"),
        Case(type: "application/x-protobuf", body: "", status: 200, answerType: "application/x-protobuf"),
        Case(body: "", status: 200, answerType: "application/json"),
        Case(encoding: "gzip", body: "", status: 200),
        Case(encoding: "identity", status: 200),
        Case(type: "APPLICATION/JSON;charset=utf-8", status: 200),
        Case(body: "{\"resourceSpans\":[}", status: 400, answerType: "application/json"),
        Case(body: "[]", status: 400, answerType: "application/json"),
        Case(type: "application/x-protobuf", body: "\u{0A}\u{7F}", status: 400, answerType: "application/x-protobuf"),
        Case(encoding: "gzip", body: "{}", status: 400, answerType: "application/json"),
        Case(type: "text/plain", status: 415),
        Case(type: nil, status: 415),
        Case(encoding: "br", status: 415, answerType: "application/json"),
        Case(method: "GET", status: 405),
        Case(method: "OPTIONS", status: 405),
        Case(method: "PUT", status: 405),
        Case(path: "/", status: 404),
        Case(path: "/v1/metrics", status: 404),
    ]

    @Test("says what is wrong, in the sender's encoding", arguments: cases)
    func answers(_ test: Case) async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            var headers = ["Content-Length": "\(test.body.utf8.count)"]
            headers["Content-Type"] = test.type
            headers["Content-Encoding"] = test.encoding
            let request = Wire.head(test.method, test.path, headers) + Array(test.body.utf8)
            let answer = try await offPool { [otlp = collector.otlp] in
                let wire = try Wire(port: otlp)
                try wire.send(request)
                return try wire.answer()
            }
            #expect(answer.status == test.status)
            if let type = test.answerType { #expect(answer.headers["content-type"] == type) }
            if test.status == 405 { #expect(answer.headers["allow"] == "POST") }
            if test.status == 404 { #expect(answer.text.contains("POST /v1/traces")) }
            if test.status == 400,
                let encoding = OTLP.Encoding.allCases.first(where: { $0.contentType == test.answerType })
            {
                #expect(!OTLPStatus(reading: answer.body, as: encoding).message.isEmpty)
            }
            #expect(try collector.spans.isEmpty)
        }
    }

    @Test("keeps what is valid of a request, and says how much was not", arguments: OTLP.Encoding.allCases)
    func partialSuccess(encoding: OTLP.Encoding) async throws {
        let scratch = try Scratch()
        var batch = spans(1...3)
        batch[0].spanID = SpanID(0)
        batch[2].traceID = TraceID(high: 0, low: 0)
        try await withCollector(at: scratch.path()) { collector in
            let answer = try await collector.post(
                OTLP.encode(batch, as: encoding), ["Content-Type": encoding.contentType])
            #expect(answer.status == 200)
            let response = try OTLPResponse(answer.body, as: encoding)
            #expect(response.rejectedSpans == 2)
            #expect(response.message.hasPrefix("a span has no valid trace id and span id"))
            #expect(try collector.spans == [batch[1]])
        }
    }

    @Test("stores once what is sent twice: one after the other, at once, and after a restart")
    func duplicates() async throws {
        let scratch = try Scratch()
        let body = OTLP.encode(Self.records)
        try await withCollector(at: scratch.path()) { collector in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await collector.post(body).status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try collector.spans.count == Self.records.count)
        }
        try await withCollector(at: scratch.path()) { collector in
            try await collector.expect(200, body)
            try await collector.expect(200, OTLP.encode(Self.records + spans(1...2)))
            #expect(try Set(collector.spans) == Set(Self.records + spans(1...2)))
        }
    }

    @Test("takes an end of zero as no end yet, and the end when it comes")
    func unfinished() async throws {
        let scratch = try Scratch()
        let ended = spans(1...1)
        var begun = ended
        begun[0].end = Timestamp(nanosecondsSinceEpoch: 0)
        try await withCollector(at: scratch.path()) { collector in
            try await collector.expect(200, OTLP.encode(begun))
            #expect(try collector.spans.map(\.end) == [nil])
            try await collector.expect(200, OTLP.encode(ended))
            try await collector.expect(200, OTLP.encode(begun))
            #expect(try collector.spans == ended)
        }
    }
}
