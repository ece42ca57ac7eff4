import FlowFixtures
import Foundation
import Testing
import ThroughlineHTTP

/// What the peer saw of a request.
struct Echo: Decodable {
    let connection: Int
    let method: String
    let encoding: String?
    let length: Int
    let body: String
    let headers: [[String]]

    init(_ response: HTTPResponse) throws {
        self = try JSONDecoder().decode(Echo.self, from: Data(response.body))
    }
}

extension WebPeer {
    struct State: Decodable {
        let connections: Int
        let open: Int
        let most: Int
        let attempts: [String: Int]
    }

    /// The connection that asks is among those that are open.
    func state() async throws -> State {
        let client = HTTPClient(.init(userAgent: "observer"))
        return try JSONDecoder().decode(
            State.self, from: Data(try await client.send(HTTPRequest(.get, url("state"), timeout: .seconds(60))).body))
    }

    func becomes(_ condition: (State) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if condition(try await state()) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the server's state is \(try await state())")
    }
}
