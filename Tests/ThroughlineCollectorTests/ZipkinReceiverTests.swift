import FlowFixtures
import Gzip
import Testing
import ThroughlineModel
import ThroughlineZipkin

@testable import ThroughlineCollector

@Suite("The Zipkin receiver")
struct ZipkinReceiverTests {
    private static let json = ["Content-Type": "application/json"]

    @Test("has stored what it accepts, once", arguments: [false, true])
    func stores(isGzip: Bool) async throws {
        let scratch = try Scratch()
        // To microseconds, which is what Zipkin keeps of a time that OpenTelemetry's tags do not carry.
        let records = GoldenFlow.order.records.filter { $0.end != nil }
        let plain = Zipkin.encode(records)
        let expected = try Zipkin.decode(plain).spans
        let body = isGzip ? try Gzip.compress(plain) : plain
        let headers = isGzip ? Self.json.merging(["Content-Encoding": "gzip"]) { $1 } : Self.json
        try await withCollector(at: scratch.path()) { collector in
            for _ in 1...2 {
                let answer = try await collector.post(body, headers, path: "/api/v2/spans", to: collector.ports.zipkin)
                #expect(answer.status == 202)
            }
            #expect(try Set(collector.spans) == Set(expected))
            #expect(try collector.spans.count == records.count)
        }
    }

    @Test(
        "keeps both sides of a call that have one id and come from two services, each once", arguments: [false, true])
    func halves(isCalledSideFirst: Bool) async throws {
        let scratch = try Scratch()
        let client =
            #"[{"traceId":"5","id":"2","kind":"CLIENT","timestamp":10,"duration":9,"localEndpoint":{"serviceName":"web"}}]"#
        let server =
            #"[{"traceId":"5","id":"2","kind":"SERVER","timestamp":12,"duration":5,"localEndpoint":{"serviceName":"api"}}]"#
        try await withCollector(at: scratch.path()) { collector in
            for body in isCalledSideFirst ? [server, client, server, client] : [client, server, client, server] {
                let answer = try await collector.post(
                    Array(body.utf8), Self.json, path: "/api/v2/spans", to: collector.ports.zipkin)
                #expect(answer.status == 202)
            }
            let spans = try collector.spans
            #expect(spans.count == 2 && Set(spans.map(\.kind)) == [.client, .server])
        }
    }

    @Test(
        "says in plain text what is wrong",
        arguments: [
            ("[]", "application/json", 202, ""), ("", "application/json", 202, ""),
            ("[{", "application/json", 400, "no list of Zipkin spans"),
            ("[{\"id\":\"1\"}]", "application/json", 400, "element 0"),
            ("[]", "text/plain", 415, "application/json"), ("[]", "application/x-thrift", 415, "application/json"),
        ])
    func answers(_ body: String, _ type: String, _ status: Int, _ words: String) async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            let answer = try await collector.post(
                Array(body.utf8), ["Content-Type": type], path: "/api/v2/spans", to: collector.ports.zipkin)
            #expect(answer.status == status)
            #expect(words.isEmpty || answer.text.contains(words))
            #expect(try collector.spans.isEmpty)
        }
    }

    @Test("tells whoever posts elsewhere where spans are taken", arguments: ["/", "/api/v1/spans", "/v1/traces"])
    func otherPaths(_ path: String) async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            let answer = try await collector.post(
                Array("[]".utf8), Self.json, path: path, to: collector.ports.zipkin)
            #expect(answer.status == 404)
            #expect(answer.text.contains("POST /api/v2/spans"))
        }
    }
}
