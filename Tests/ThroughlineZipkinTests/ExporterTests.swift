import FlowFixtures
import Foundation
import Testing
import ThroughlineHTTP
import ThroughlineModel
import ThroughlineZipkin

/// Against a web server in Python that does what its path says.
@Suite struct ExporterTests {
    private struct Kept: Decodable {
        let body: Data
        let length: Int
        let headers: [String: String]

        var spans: [SpanRecord] {
            get throws { try Zipkin.decode(Array(body)).spans }
        }
    }

    private let records = GoldenFlow.order.records

    @Test(arguments: [ZipkinConfiguration.Compression.none, .gzip])
    func `a batch is posted, plain or compressed`(_ compression: ZipkinConfiguration.Compression) async throws {
        let peer = try WebPeer()
        var configuration = ZipkinConfiguration()
        configuration.endpoint = peer.url("take/10000000")
        configuration.compression = compression
        configuration.headers = [("X-Tenant", "shop")]
        let exporter = ZipkinExporter(configuration)
        #expect(await exporter.export(records) == .accepted(rejected: 0))
        await exporter.shutdown()
        let kept = try await kept(peer)
        #expect(kept.count == 1)
        #expect(try kept[0].spans == records)
        #expect(kept[0].headers["content-type"] == "application/json" && kept[0].headers["x-tenant"] == "shop")
        #expect(kept[0].headers["content-encoding"] == (compression == .gzip ? "gzip" : nil))
    }

    @Test func `202, which Zipkin answers, is taken`() async throws {
        let peer = try WebPeer()
        #expect(await export(to: peer.url("status/202")) == .accepted(rejected: 0))
    }

    @Test func `a batch that is too large goes in several requests, and a span that is too large not at all`()
        async throws
    {
        let peer = try WebPeer()
        var large = records[0]
        large.attributes["payload"] = .string(String(repeating: "x", count: 100_000))
        let batch = records + [large] + records
        var configuration = ZipkinConfiguration()
        // Once by our own limit, once by the server's.
        for (endpoint, limit) in [("take/10000000", 20_000), ("take/20000", 1 << 30)] {
            configuration.endpoint = peer.url(endpoint)
            configuration.maximumRequestBytes = limit
            let exporter = ZipkinExporter(configuration)
            #expect(await exporter.export(batch) == .accepted(rejected: 1))
            await exporter.shutdown()
        }
        let kept = try await kept(peer)
        #expect(kept.count > 2 && kept.allSatisfy { $0.length <= 20_000 })
        #expect(try kept.flatMap { try $0.spans } == records + records + records + records)
    }

    @Test func `what a server refuses is refused, with its words`() async throws {
        let peer = try WebPeer()
        guard case .refused(let reason) = await export(to: peer.url("status/400")) else {
            Issue.record("400 is no refusal")
            return
        }
        #expect(reason.contains("answered 400 Bad Request: no"))
    }

    @Test(arguments: [301, 401, 403, 404, 405, 407, 415])
    func `an answer about the exporter says what to look at, and nothing about the spans`(_ status: Int) async throws {
        let peer = try WebPeer()
        guard case .misconfigured(let reason) = await export(to: peer.url("status/\(status)")) else {
            Issue.record("\(status) is about the spans")
            return
        }
        #expect(reason.contains("answered \(status)") && reason.contains(peer.url("status")))
    }

    @Test func `a server that is away, or wants it later, may be tried again`() async throws {
        let peer = try WebPeer()
        let later = await export(to: peer.url("status/503/7"), timeout: .milliseconds(300))
        guard case .failed(let reason, let retryAfter) = later else {
            Issue.record("503 is \(later)")
            return
        }
        #expect(reason.contains("answered 503") && retryAfter == .seconds(7))
        let away = await export(to: "http://127.0.0.1:1/api/v2/spans", timeout: .milliseconds(300))
        guard case .failed(let why, nil) = away else {
            Issue.record("nobody there is \(away)")
            return
        }
        #expect(why.contains("127.0.0.1:1"))
    }

    @Test func `nothing is sent for spans that have not ended`() async throws {
        var open = records[0]
        open.end = nil
        let exporter = ZipkinExporter(ZipkinConfiguration())
        #expect(await exporter.export([open]) == .accepted(rejected: 0))
        #expect(await exporter.export([]) == .accepted(rejected: 0))
        await exporter.shutdown()
    }

    private func export(to endpoint: String, timeout: Duration = .seconds(10)) async -> ExportOutcome {
        var configuration = ZipkinConfiguration()
        configuration.endpoint = endpoint
        configuration.timeout = timeout
        let exporter = ZipkinExporter(configuration)
        let outcome = await exporter.export(records)
        await exporter.shutdown()
        return outcome
    }

    private func kept(_ peer: WebPeer) async throws -> [Kept] {
        let client = HTTPClient(.init(userAgent: "observer"))
        let response = try await client.send(HTTPRequest(.get, peer.url("requests")))
        return try JSONDecoder().decode([Kept].self, from: Data(response.body))
    }
}
