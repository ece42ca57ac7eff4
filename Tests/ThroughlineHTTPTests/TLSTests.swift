import FlowFixtures
import Foundation
import Testing
import ThroughlineHTTP

@Suite("HTTP client, TLS") struct TLSTests {
    let certificates: Certificates
    let peer: WebPeer

    init() throws {
        certificates = try Certificates.made.get()
        peer = try WebPeer("--tls", certificates.path("server.pem"), certificates.path("server.key"))
    }

    private func client(_ change: (inout HTTPClient.Configuration) -> Void) -> HTTPClient {
        var configuration = HTTPClient.Configuration(userAgent: "tests/1")
        change(&configuration)
        return HTTPClient(configuration)
    }

    private func reason(_ client: HTTPClient, _ peer: WebPeer) async -> HTTPError.Reason? {
        do { _ = try await client.send(HTTPRequest(.get, peer.url("echo"))) } catch { return error.reason }
        return nil
    }

    @Test("a CA of one's own is trusted, and no other")
    func ca() async throws {
        #expect(await reason(client { $0.caCertificate = certificates.path("ca.pem") }, peer) == nil)
        #expect(await reason(client { $0.caCertificate = certificates.path("other.pem") }, peer) == .tls)
        #expect(await reason(client { _ in }, peer) == .tls)
        #expect(await reason(client { $0.caCertificate = "/nowhere/ca.pem" }, peer) == .tls)
    }

    @Test("a server may demand a certificate, which is shown when there is one")
    func clientCertificate() async throws {
        let strict = try WebPeer(
            "--tls", certificates.path("server.pem"), certificates.path("server.key"), "--client-ca",
            certificates.path("ca.pem"))
        let known = client {
            $0.caCertificate = certificates.path("ca.pem")
            $0.clientCertificate = certificates.path("client.pem")
            $0.clientKey = certificates.path("client.key")
        }
        #expect(await reason(known, strict) == nil)
        #expect(await reason(client { $0.caCertificate = certificates.path("ca.pem") }, strict) == .tls)
    }

    @Test("HTTP/2 is spoken where the server offers it, many requests over one connection")
    func http2() async throws {
        let peer = try WebPeer("--tls", certificates.path("server.pem"), certificates.path("server.key"), "--http2")
        let client = client { $0.caCertificate = certificates.path("ca.pem") }
        let responses = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await client.send(
                        HTTPRequest(.post, peer.url("echo"), body: [UInt8](repeating: 7, count: 9_000)))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.count == 20)
        #expect(responses.allSatisfy { $0.status == 200 && $0.version == .http2 })
        #expect(Set(responses.map(\.body)).count == 1)
    }

    @Test("HTTP/2 without TLS is spoken when asked for, and HTTP/1.1 when not")
    func priorKnowledge() async throws {
        let plain = try WebPeer("--http2")
        let response = try await client { $0.assumesHTTP2 = true }.send(HTTPRequest(.get, plain.url("echo")))
        #expect(response.version == .http2)
        let old = try WebPeer()
        #expect(try await client { _ in }.send(HTTPRequest(.get, old.url("echo"))).version == .http1)
    }
}
