import FlowFixtures
import Foundation
import Gzip
import Testing
import ThroughlineHTTP

@Suite("HTTP client") struct ClientTests {
    let client = HTTPClient(.init(userAgent: "tests/1"))

    @Test("a request arrives as it was made, and two share one connection")
    func reuse() async throws {
        let peer = try WebPeer()
        var request = HTTPRequest(
            .post, peer.url("echo"), headers: [("X-One", "1"), ("X-Empty", "")], body: Array("hej".utf8))
        let first = try await Echo(client.send(request))
        #expect(first.method == "POST")
        #expect(first.body == "hej")
        #expect(first.headers.contains(["x-one", "1"]))
        #expect(first.headers.contains(["x-empty", ""]))
        #expect(first.headers.contains(["user-agent", "tests/1"]))
        #expect(!first.headers.contains { $0[0] == "expect" })
        request.method = .get
        request.body = []
        let second = try await Echo(client.send(request))
        #expect(second.method == "GET")
        #expect(second.connection == first.connection)
    }

    @Test("bodies travel as gzip when asked, empty ones and large ones alike", arguments: [0, 1, 300_000])
    func compressedRequest(size: Int) async throws {
        let peer = try WebPeer()
        let body = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 7) }
        let echo = try await Echo(client.send(HTTPRequest(.post, peer.url("echo"), body: body, compressesBody: true)))
        #expect(echo.encoding == "gzip")
        #expect(echo.body == String(decoding: body, as: UTF8.self))
        if size > 1_000 { #expect(echo.length < size / 10) }
    }

    @Test("answers in gzip are unpacked; what only claims to be gzip is an error")
    func compressedResponse() async throws {
        let peer = try WebPeer()
        let response = try await client.send(HTTPRequest(.get, peer.url("gzip/100000")))
        #expect(response.body == [UInt8](repeating: UInt8(ascii: "x"), count: 100_000))
        await expect(.invalidResponse, HTTPRequest(.get, peer.url("badgzip")))
    }

    @Test(
        "an answer may be as long as the limit and not a byte longer, after decompression",
        arguments: ["plain", "gzip"])
    func responseLimit(kind: String) async throws {
        let peer = try WebPeer()
        let response = try await client.send(HTTPRequest(.get, peer.url("\(kind)/50000"), responseLimit: 50_000))
        #expect(response.body.count == 50_000)
        await expect(.responseTooLarge, HTTPRequest(.get, peer.url("\(kind)/50001"), responseLimit: 50_000))
    }

    @Test("endless headers end") func headerLimit() async throws {
        let peer = try WebPeer()
        await expect(.responseTooLarge, HTTPRequest(.get, peer.url("headers")))
    }

    @Test("statuses are answers, with their headers; redirects are not followed")
    func statuses() async throws {
        let peer = try WebPeer()
        let busy = try await client.send(HTTPRequest(.post, peer.url("status/503/7")))
        #expect(busy.status == 503)
        #expect(busy.header("retry-after") == "7")
        #expect(busy.body == Array("no".utf8))
        let moved = try await client.send(HTTPRequest(.post, peer.url("redirect")))
        #expect(moved.status == 302)
    }

    @Test("a server that does not answer, or drips, runs into the timeout", arguments: ["hang", "drip"])
    func timeout(path: String) async throws {
        let peer = try WebPeer()
        await expect(.timedOut, HTTPRequest(.get, peer.url(path), timeout: .milliseconds(300)))
    }

    @Test("waiting for a connection counts towards the timeout")
    func timeoutWhileWaiting() async throws {
        let peer = try WebPeer()
        var configuration = HTTPClient.Configuration(userAgent: "tests/1")
        configuration.maximumConnections = 1
        let client = HTTPClient(configuration)
        let busy = Task {
            await expect(.cancelled, HTTPRequest(.get, peer.url("hang"), timeout: .seconds(90)), of: client)
        }
        try await peer.becomes { $0.open == 2 }
        await expect(.timedOut, HTTPRequest(.get, peer.url("echo"), timeout: .milliseconds(200)), of: client)
        busy.cancel()
        await busy.value
    }

    @Test("a connection that is reset in the middle is told from nonsense")
    func broken() async throws {
        let peer = try WebPeer()
        await expect(.connectionLost, HTTPRequest(.get, peer.url("reset")))
        await expect(.invalidResponse, HTTPRequest(.get, peer.url("nonsense")))
    }

    @Test("nobody there is an error that says so, without the password")
    func nobody() async throws {
        let free = try WebPeer().port
        do {
            _ = try await client.send(HTTPRequest(.get, "http://me:secret@127.0.0.1:\(free)/v1/traces"))
            Issue.record("somebody answered")
        } catch {
            #expect(error.reason == .cannotConnect)
            #expect(error.description.contains("http://…@127.0.0.1:\(free)/v1/traces"))
            #expect(!error.description.contains("secret"))
        }
        await expect(.cannotResolve, HTTPRequest(.get, "http://no-such-host.invalid/"))
    }

    @Test("what is no request is refused before anything is sent")
    func invalid() async {
        await expect(.invalidRequest, HTTPRequest(.get, "ftp://127.0.0.1/"))
        await expect(.invalidRequest, HTTPRequest(.get, "http://"))
        await expect(.invalidRequest, HTTPRequest(.get, "http://127.0.0.1/\r\nX: y"))
        await expect(.invalidRequest, HTTPRequest(.get, "http://127.0.0.1/", headers: [("X", "a\r\nY: b")]))
        await expect(.invalidRequest, HTTPRequest(.get, "http://127.0.0.1/", headers: [("X y", "a")]))
    }

    @Test("cancelling the task ends the request and frees its connection")
    func cancellation() async throws {
        let peer = try WebPeer()
        let task = Task { () -> HTTPError? in
            do {
                _ = try await client.send(HTTPRequest(.get, peer.url("hang"), timeout: .seconds(90)))
                return nil
            } catch { return error as? HTTPError }
        }
        try await peer.becomes { $0.open == 2 }
        task.cancel()
        #expect(await task.value?.reason == .cancelled)
        // The one that asks is left.
        try await peer.becomes { $0.open == 1 }
        let late = Task { () -> HTTPError? in
            while !Task.isCancelled { await Task.yield() }
            do { _ = try await client.send(HTTPRequest(.get, peer.url("echo"))) } catch { return error as? HTTPError }
            return nil
        }
        late.cancel()
        #expect(await late.value?.reason == .cancelled)
    }

    @Test("a hundred requests at once stay within the connections that they may have")
    func concurrency() async throws {
        let peer = try WebPeer()
        var configuration = HTTPClient.Configuration(userAgent: "tests/1")
        configuration.maximumConnections = 4
        let client = HTTPClient(configuration)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await client.send(HTTPRequest(.post, peer.url("slow/5"), timeout: .seconds(60))).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 100))
        #expect(try await peer.state().most <= 5)
    }

    @Test("shutting down fails what is on its way, and everything after")
    func shutdown() async throws {
        let peer = try WebPeer()
        async let running: Void = expect(.shutDown, HTTPRequest(.get, peer.url("hang"), timeout: .seconds(60)))
        try await peer.becomes { $0.open == 2 }
        client.shutdown()
        await running
        await expect(.shutDown, HTTPRequest(.get, peer.url("echo")))
    }

    @Test("IPv6") func ipv6() async throws {
        let peer = try WebPeer(host: "::1")
        #expect(try await client.send(HTTPRequest(.get, peer.url("echo"))).status == 200)
    }

    private func expect(_ reason: HTTPError.Reason, _ request: HTTPRequest, of client: HTTPClient? = nil) async {
        do {
            let response = try await (client ?? self.client).send(request)
            Issue.record("\(request.url) answered \(response.status)")
        } catch {
            #expect(error.reason == reason, "\(error)")
        }
    }
}
