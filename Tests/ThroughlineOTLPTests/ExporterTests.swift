import FlowFixtures
import Foundation
import Logging
import Testing
import ThroughlineModel

@testable import ThroughlineHTTP
@testable import ThroughlineOTLP

@Suite("OTLP exporter") struct ExporterTests {
    let peer: WebPeer
    let spans: [SpanRecord]
    let log = LogList()

    init() throws {
        peer = try WebPeer()
        var random = RandomSpans(seed: 5)
        spans = random.next(100)
    }

    private func exporter(
        _ path: String, _ change: (inout OTLPExporter.Configuration) -> Void = { _ in }
    ) -> OTLPExporter {
        var configuration = OTLPExporter.Configuration()
        configuration.endpoint = peer.url(path)
        configuration.timeout = .seconds(60)
        configuration.logger = log.logger
        change(&configuration)
        var schedule = RetrySchedule.Configuration()
        schedule.firstPause = .milliseconds(1)
        schedule.longestPause = .milliseconds(2)
        return OTLPExporter(configuration, schedule, surroundings: .real)
    }

    @Test(
        "every span arrives as it was, in either encoding, compressed or not", arguments: OTLP.Encoding.allCases,
        [OTLPExporter.Configuration.Compression.none, .gzip])
    func everything(encoding: OTLP.Encoding, compression: OTLPExporter.Configuration.Compression) async throws {
        let exporter = exporter("take/10000000") {
            $0.encoding = encoding
            $0.compression = compression
            $0.headers = ["x-api-key": "k"]
            $0.product = "Checkout/2"
        }
        #expect(await exporter.export(spans) == .accepted(rejected: 0))
        let request = try #require(try await Received.all(peer).first)
        #expect(Set(try OTLP.decode(request.body, as: encoding)) == Set(spans))
        #expect(request.headers["content-type"] == encoding.contentType)
        #expect(request.headers["content-encoding"] == (compression == .gzip ? "gzip" : nil))
        #expect((request.length < request.body.count) == (compression == .gzip))
        #expect(request.headers["x-api-key"] == "k")
        #expect(request.headers["user-agent"] == "Checkout/2 OTel-OTLP-Exporter-Swift/0.1.0")
    }

    @Test("spans that have not ended are left out, and a batch of those alone is not sent")
    func unfinished() async throws {
        var open = spans[0]
        open.end = nil
        let exporter = exporter("take/10000000")
        #expect(await exporter.export([open]) == .accepted(rejected: 0))
        #expect(await exporter.export([open, spans[1]]) == .accepted(rejected: 0))
        let requests = try await Received.all(peer)
        #expect(requests.count == 1)
        #expect(try OTLP.decode(requests[0].body) == [spans[1]])
    }

    @Test("a partial success is logged and never sent again", arguments: OTLP.Encoding.allCases)
    func partialSuccess(encoding: OTLP.Encoding) async throws {
        let answer = OTLPResponse(rejectedSpans: 3, message: "three too old").encoded(as: encoding)
        let outcome = await exporter(answering(200, answer, encoding)) { $0.encoding = encoding }.export(spans)
        #expect(outcome == .accepted(rejected: 3))
        #expect(log.lines.count == 1)
        #expect(log.lines[0].contains("three too old"))
        #expect(try await Received.all(peer).count == 1)
    }

    @Test("a warning without rejected spans is logged")
    func warning() async throws {
        let answer = OTLPResponse(message: "slow down a little").encoded(as: .protobuf)
        #expect(await exporter(answering(200, answer, .protobuf)).export(spans) == .accepted(rejected: 0))
        #expect(log.lines.first?.contains("slow down a little") == true)
    }

    @Test("a refusal is final and tells what the collector said", arguments: [400, 408, 422, 500])
    func refused(status: Int) async throws {
        let body = OTLPStatus(message: "no such tenant").encoded(as: .protobuf)
        guard case .refused(let reason) = await exporter(answering(status, body, .protobuf)).export(spans) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains("\(status)"))
        #expect(reason.contains("no such tenant"))
        #expect(try await Received.all(peer).count == 1)
    }

    @Test(
        "an answer about the exporter, whatever the spans, says what to look at",
        arguments: [
            (401, "credentials"), (403, "credentials"), (404, "path"), (405, "path"), (407, "proxy"),
            (302, "redirects"),
            (308, "redirects"), (415, "encoding"), (501, "path"),
        ])
    func misconfigured(status: Int, advice: String) async throws {
        let body = OTLPStatus(message: "no such tenant").encoded(as: .protobuf)
        guard case .misconfigured(let reason) = await exporter(answering(status, body, .protobuf)).export(spans) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains("answered \(status)") && reason.contains("no such tenant") && reason.contains(advice))
        #expect(try await Received.all(peer).count == 1)
    }

    @Test("a server that wanted TLS has not refused the spans; nor has one that speaks none")
    func scheme() async throws {
        let wanting = "Client sent an HTTP request to an HTTPS server."
        guard case .misconfigured(let reason) = await exporter(answering(400, Array(wanting.utf8), .json)).export(spans)
        else { return #expect(Bool(false)) }
        #expect(reason.contains("must begin with https://"))
        let plain = exporter("") { $0.endpoint = "https://127.0.0.1:\(self.peer.port)/v1/traces" }
        guard case .misconfigured(let detail) = await plain.export(spans) else { return #expect(Bool(false)) }
        #expect(detail.contains("http:// instead of https://"), "\(detail)")
    }

    @Test("an answer that is no OTLP changes nothing") func nonsense() async {
        #expect(await exporter(answering(200, [0xFF, 0xFF], .protobuf)).export(spans) == .accepted(rejected: 0))
        #expect(await exporter(answering(200, Array("<html>".utf8), .json)).export(spans) == .accepted(rejected: 0))
        guard case .refused(let reason) = await exporter(answering(400, Array("<b>no</b>".utf8), .json)).export(spans)
        else { return #expect(Bool(false)) }
        #expect(reason.contains("<b>no</b>"))
    }

    @Test(
        "a website's page is no collector, whatever its status",
        arguments: [(200, "website's page"), (403, "credentials")])
    func page(status: Int, advice: String) async throws {
        let page = Array("\n<!DOCTYPE html><title>Sign in</title>".utf8).map { String(format: "%02x", $0) }.joined()
        guard case .misconfigured(let reason) = await exporter("answer/\(status)/html/\(page)").export(spans) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains(advice) && !reason.contains("Sign in"), "a page says less than the status")
        #expect(await exporter("answer/200/html/4f4b").export(spans) == .accepted(rejected: 0), "many answer so")
    }

    @Test("gRPC's port is named as what it is")
    func grpcPort() async {
        let exporter = exporter("") {
            $0.endpoint = "http://127.0.0.2:4317/v1/traces"
            $0.timeout = .milliseconds(100)
        }
        guard case .failed(let reason, _) = await exporter.export(spans) else { return #expect(Bool(false)) }
        #expect(reason.hasSuffix("Port 4317 is gRPC's; OTLP over HTTP has 4318."))
    }

    @Test("a collector that is busy is asked again, then left for later")
    func busy() async throws {
        #expect(await exporter("flaky/a/2").export(spans) == .accepted(rejected: 0))
        guard case .failed(let reason, .some(.seconds(77))) = await exporter("status/429/77").export(spans) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains("429"))
        let port = try WebPeer().port
        let nobody = exporter("") {
            $0.endpoint = "http://127.0.0.1:\(port)/v1/traces"
            $0.timeout = .milliseconds(200)
        }
        guard case .failed(let gone, nil) = await nobody.export(spans) else { return #expect(Bool(false)) }
        #expect(gone.contains("Is the server running"))
    }

    @Test("a batch that the collector finds too large is halved until it fits, and what never fits is dropped")
    func tooLarge() async throws {
        var large = spans[50]
        large.attributes["blob"] = .string(String(repeating: "x", count: 30_000))
        var batch = spans
        batch[50] = large
        #expect(await exporter("take/20000").export(batch) == .accepted(rejected: 1))
        let arrived = try await Received.all(peer).flatMap { try OTLP.decode($0.body) }
        #expect(arrived.count == 99)
        #expect(Set(arrived) == Set(batch).subtracting([large]))
        #expect(log.lines.contains { $0.contains("too large") && $0.contains(large.traceID.hex) })
    }

    @Test("the limit for requests is kept without asking the collector")
    func ownLimit() async throws {
        let exporter = exporter("take/10000000") { $0.maximumRequestSize = 20_000 }
        #expect(await exporter.export(spans) == .accepted(rejected: 0))
        let requests = try await Received.all(peer)
        #expect(requests.count > 1)
        #expect(requests.allSatisfy { $0.body.count <= 20_000 })
        #expect(Set(try requests.flatMap { try OTLP.decode($0.body) }) == Set(spans))
    }

    @Test("an answer beyond the limit is not asked for again")
    func responseLimit() async throws {
        let long = OTLPResponse(message: String(repeating: "x", count: 2_000)).encoded(as: .protobuf)
        let exporter = exporter(answering(200, long, .protobuf)) { $0.maximumResponseSize = 1_000 }
        guard case .refused(let reason) = await exporter.export(spans) else { return #expect(Bool(false)) }
        #expect(reason.contains("1000 bytes"))
        #expect(try await Received.all(peer).count == 1)
    }

    @Test("several batches are on their way at once, and not more than allowed")
    func concurrency() async throws {
        let exporter = exporter("slow/100") {
            $0.maximumConcurrentRequests = 3
            $0.timeout = .seconds(60)
        }
        let batch = spans
        await withTaskGroup(of: ExportOutcome.self) { group in
            for _ in 0..<9 { group.addTask { await exporter.export(batch) } }
            for await outcome in group { #expect(outcome == .accepted(rejected: 0)) }
        }
        let client = HTTPClient(.init(userAgent: "tests"))
        let state = try await client.send(HTTPRequest(.get, peer.url("state")))
        let most =
            try #require(
                JSONSerialization.jsonObject(with: Data(state.body)) as? [String: Any])["most"] as? Int
        // Ours and the one that asks.
        #expect(most == 3 || most == 4)
    }

    @Test("nothing is sent after shutdown") func shutdown() async {
        let exporter = exporter("take/10000000")
        await exporter.shutdown()
        guard case .failed = await exporter.export(spans) else { return #expect(Bool(false)) }
    }

    private func answering(_ status: Int, _ body: [UInt8], _ encoding: OTLP.Encoding) -> String {
        let hex = body.map { String(format: "%02x", $0) }.joined()
        return "answer/\(status)/\(encoding == .json ? "json" : "x-protobuf")/\(hex)"
    }
}

/// What the peer got.
struct Received {
    let body: [UInt8]
    let length: Int
    let headers: [String: String]

    static func all(_ peer: WebPeer) async throws -> [Received] {
        struct Line: Decodable {
            let body: Data
            let length: Int
            let headers: [String: String]
        }
        let client = HTTPClient(.init(userAgent: "tests"))
        let response = try await client.send(
            HTTPRequest(.get, peer.url("requests"), responseLimit: 100 << 20))
        return try JSONDecoder().decode([Line].self, from: Data(response.body)).map {
            Received(body: Array($0.body), length: $0.length, headers: $0.headers)
        }
    }
}
