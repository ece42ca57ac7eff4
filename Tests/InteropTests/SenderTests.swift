import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

/// What other people's SDKs send to `throughline serve`, and what `throughline flow` makes of it.
@Suite("Spans from other people's senders") struct SenderTests {
    @Test("OpenTelemetry's Python SDK over OTLP: stored as it says it sent them", arguments: ["otlp", "otlp-gzip"])
    func python(way: String) async throws {
        try await offPool {
            let serve = try ServeProcess()
            let sent = try SentSpan.set(InteropPython.run("sender.py", way, serve.otlp + "/v1/traces"))
            #expect(sent.count == 9)
            #expect(try Set(serve.spans.map { SentSpan($0) }) == sent)
            try Self.expectFlow(of: serve, throughLinks: true)
            #expect(serve.end() == 0)
        }
    }

    @Test("OpenTelemetry's Zipkin exporter: stored as far as Zipkin can say it")
    func zipkin() async throws {
        try await offPool {
            let serve = try ServeProcess()
            let sent = try SentSpan.set(InteropPython.run("sender.py", "zipkin", serve.zipkin))
            #expect(try Set(serve.spans.map { SentSpan($0).inZipkin }) == Set(sent.map(\.inZipkin)))
            try Self.expectFlow(of: serve, throughLinks: false)
            #expect(serve.end() == 0)
        }
    }

    /// The batch joins three orders and the payment into one flow. Without links only what has message ids does.
    private static func expectFlow(of serve: ServeProcess, throughLinks: Bool) throws {
        let chart = try serve.run("flow", "pay-1", "--as", "flowchart")
        for name in throughLinks ? ["shop", "orders", "billing", "payments", "shipping"] : ["billing", "payments"] {
            #expect(chart.contains(name), "\(chart)")
        }
        let tree = try serve.run("flow", "pay-1")
        if throughLinks { for name in ["shop", "billing", "shipping"] { #expect(tree.contains(name), "\(tree)") } }
    }
}
