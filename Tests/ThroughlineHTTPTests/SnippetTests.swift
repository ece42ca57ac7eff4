import FlowFixtures
import Testing
import ThroughlineHTTP

@Suite("The page of ThroughlineHTTP") struct SnippetTests {
    @Test("the first example") func first() async throws {
        let peer = try WebPeer()
        let url = peer.url("echo")
        let body = Array("{}".utf8)
        let client = RetryingClient(HTTPClient(.init(userAgent: "Checkout/2.1")))
        switch await client.send(HTTPRequest(.post, url, body: body, compressesBody: true)) {
        case .answered(let response): print(response.status)
        case .unavailable(let response, let retryAfter): print(response.status, retryAfter as Any)
        case .failed(let error): print(error)
        }
    }
}
