import FlowFixtures
import Foundation
import Testing

/// Traces of other people's tracers, written by hand in the forms of Zipkin's and the Collector's published samples
/// (Tests/Interop/traces), give the flows that a person reads from them.
@Suite("Foreign traces") struct ForeignTracesTests {
    @Test("Brave on RabbitMQ: a request publishes, the other service's listener fails")
    func zipkinRabbitMQ() throws {
        let (tree, edges) = try flow("zipkin-rabbitmq.json")
        #expect(tree.first?.contains("1 message · 2 services") == true)
        #expect(tree.contains { $0.contains("→ orders ▸ billing") && $0.contains("waited 1.6 ms · took 0.9 ms ✗") })
        #expect(edges == ["s_shop → t_orders", "t_orders → s_billing"])
    }

    @Test("Brave on Kafka: a handler sends to two topics, one of which is handled")
    func zipkinKafka() throws {
        let (tree, edges) = try flow("zipkin-kafka.json")
        #expect(tree.first?.contains("3 messages · 2 services") == true)
        #expect(tree.contains { $0.contains("→ events ▸ mailer  waited 9 ms · took 8 ms ✓") })
        #expect(tree.contains { $0.contains("→ archive  nobody handled it") })
        #expect(
            edges == [
                "s_projector → t_archive", "s_projector → t_events", "t_commands → s_projector", "t_events → s_mailer",
                "u_commands → t_commands",
            ])
    }

    @Test("B3's shared spans: the callee's work hangs below its side of the call")
    func zipkinShared() throws {
        let (tree, edges) = try flow("zipkin-shared.json")
        let names = ["web · get /checkout", "post  60 ms", "payments · post /pay", "→ payments ▸ ledger"]
        #expect(names.enumerated().allSatisfy { tree[$0.offset + 1].contains($0.element) })
        #expect(edges == ["s_payments → t_payments", "s_web → s_payments", "t_payments → s_ledger"])
    }

    @Test("OpenTelemetry's older conventions on Kafka: one group is a child, the other links from a trace of its own")
    func otlpKafka() throws {
        let (tree, edges) = try flow("otlp-kafka.json")
        #expect(tree.first?.contains("1 message · 3 services") == true)
        #expect(tree.contains { $0.contains("accounting  waited 8 ms · took 5 ms ✓") })
        #expect(tree.contains { $0.contains("fraud-detection  waited 18 ms · took 15 ms ✓") })
        #expect(edges == ["s_checkout → t_orders", "t_orders → s_accounting", "t_orders → s_fraud_detection"])
    }

    /// The newest flow's tree, and the edges of its flowchart without their labels.
    private func flow(_ name: String) throws -> (tree: [String], edges: [String]) {
        let scratch = try Scratch()
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Interop/traces/\(name)")
        let imported = try scratch.run("import", file.path)
        #expect(imported.code == 0 && imported.error.isEmpty)
        let tree = try scratch.run("flow", "--last").output.split(separator: "\n").map(String.init)
        let edge = /^ *(\w+) (?:==>|-->|-\.->)(?:\|.*\|)? (\w+)$/
        let edges = try scratch.run("flow", "--last", "--as", "flowchart").output.split(separator: "\n")
            .compactMap { line in (try? edge.wholeMatch(in: line)).map { "\($0.1) → \($0.2)" } }
        return (tree, edges.sorted())
    }
}
