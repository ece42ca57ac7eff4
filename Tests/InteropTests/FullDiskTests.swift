import FlowFixtures
import Foundation
import Testing
import ThroughlineHTTP
import ThroughlineModel
import ThroughlineOTLP

@Suite("A collector whose disk is full") struct FullDiskTests {
    @Test("says so with 503 and a time to come again, keeps what it had, and goes on when there is room")
    func fullDisk() async throws {
        let serve = try await offPool { try ServeProcess(kilobytesAtMost: 600) }
        let client = HTTPClient(.init(userAgent: "tests"))
        var random = RandomSpans(seed: 7)
        var accepted: Set<SpanID> = []
        var refused: [SpanRecord] = []
        for _ in 0..<100 where refused.isEmpty {
            let batch = random.next(100)
            let answer = try await client.send(Self.request(batch, to: serve))
            if answer.status == 200 {
                accepted.formUnion(batch.map(\.spanID))
            } else {
                refused = batch
                #expect(answer.status == 503)
                #expect(answer.header("Retry-After") == "5")
                #expect(OTLPStatus(reading: answer.body, as: .protobuf).message.contains("the disk is full"))
            }
        }
        #expect(!accepted.isEmpty && !refused.isEmpty)
        try await offPool { [accepted] () throws in
            #expect(try Set(serve.spans.map(\.spanID)) == accepted)
            let process = try Process.run(
                URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(serve.processID)", "--fsize=unlimited"])
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        let answer = try await client.send(Self.request(refused, to: serve))
        #expect(answer.status == 200)
        try await offPool { [accepted, refused] () throws in
            #expect(try Set(serve.spans.map(\.spanID)) == accepted.union(refused.map(\.spanID)))
            #expect(serve.end() == 0)
        }
        client.shutdown()
    }

    private static func request(_ spans: [SpanRecord], to serve: ServeProcess) -> HTTPRequest {
        HTTPRequest(
            .post, serve.otlp + "/v1/traces", headers: [("Content-Type", OTLP.Encoding.protobuf.contentType)],
            body: OTLP.encode(spans), timeout: .seconds(60))
    }
}
