import FlowFixtures
import Foundation
import Testing

/// Traces of other people's tracers give the flows that a person reads from them. The traces in Tests/Interop/traces are
/// ours, written in the forms that Zipkin's tracers and the Collector give theirs; the names in the tests say whose.
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
        #expect(tree.contains { $0.contains("→ archive  no delivery recorded") })
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

    @Test("as in Zipkin's messaging.json: a request publishes to the queue that the other service names")
    func queue() throws {
        let (tree, edges) = try flow("zipkin-queue.json")
        #expect(tree.first?.contains("1 message · 2 services") == true)
        #expect(tree[1].hasPrefix("kiosk · get /badge"))
        #expect(tree[2].contains("→ badges ▸ printer  waited 2.3 ms · took 0.6 ms ✓"))
        // Pulling and handling are one delivery.
        #expect(!tree.contains { $0.contains("next-message") })
        #expect(edges == ["s_kiosk → t_badges", "t_badges → s_printer"])
    }

    @Test(
        "as in Zipkin's messaging2.json: sender and consumer below one span, and a call with its called side alone")
    func siblings() throws {
        let (tree, edges) = try flow("zipkin-siblings.json")
        #expect(tree.first?.contains("1 message · 4 services") == true)
        let message = tree.firstIndex { $0.contains("waited 550 ms") } ?? 0
        #expect(tree[message].contains("emits message → paid-out:notices") && tree[message + 1].hasPrefix("└─ post"))
        #expect(
            edges == [
                "s_gateway → s_sessions", "s_payouts → t_paid_out_notices", "t_paid_out_notices → s_notices",
            ])
    }

    @Test("as in Zipkin's messaging-kafka.json: three records of one poll are three messages, each with what it led to")
    func poll() throws {
        let (tree, edges) = try flow("zipkin-poll.json")
        #expect(tree.first?.contains("12 messages · 2 services") == true)
        let roots = tree.filter { $0.hasPrefix("sender unknown (not instrumented) emits message → entries ▸ ledger") }
        #expect(roots.count == 3 && roots.allSatisfy { $0.contains(" ✓") && !$0.contains("duplicate") })
        #expect(tree.count { $0.contains("audit  waited") && $0.contains("✗") } == 3)
        #expect(tree.count { $0.contains("emits message → orders  no delivery recorded") } == 3)
        #expect(tree.count { $0.contains("emits message → archive  no delivery recorded") } == 3)
        #expect(
            edges == [
                "s_ledger → t_archive", "s_ledger → t_entries", "s_ledger → t_orders", "t_entries → s_audit",
                "t_entries → s_ledger", "u_entries → t_entries",
            ])
    }

    @Test("two sides of a call under one id, each in a file of its own, are both there", arguments: [false, true])
    func halves(isCalledSideFirst: Bool) throws {
        let scratch = try Scratch()
        let client = """
            [{"traceId":"5","id":"2","kind":"CLIENT","name":"post","timestamp":10000,"duration":9000,
              "localEndpoint":{"serviceName":"web"}}]
            """
        let server = """
            [{"traceId":"5","id":"2","kind":"SERVER","name":"post /pay","timestamp":11000,"duration":5000,
              "localEndpoint":{"serviceName":"payments"}},
             {"traceId":"5","id":"3","parentId":"2","kind":"PRODUCER","name":"send","timestamp":12000,"duration":10,
              "localEndpoint":{"serviceName":"payments"},"tags":{"kafka.topic":"charges"}}]
            """
        for text in isCalledSideFirst ? [server, client, server] : [client, server, client] {
            let file = URL(filePath: scratch.path("half.json"))
            try Data(text.utf8).write(to: file)
            #expect(try scratch.run("import", file.path).code == 0)
        }
        let (tree, edges) = try shown(scratch)
        #expect(tree.dropFirst().first == "web · post  9 ms  ◀ critical 100 %")
        #expect(tree.dropFirst(2).first == "└─ payments · post /pay  5 ms")
        #expect(tree.dropFirst(3).first?.contains("emits message → charges") == true)
        #expect(edges == ["s_payments → t_charges", "s_web → s_payments"])
    }

    /// The newest flow's tree, and the edges of its flowchart without their labels.
    private func flow(_ name: String) throws -> (tree: [String], edges: [String]) {
        let scratch = try Scratch()
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Interop/traces/\(name)")
        let imported = try scratch.run("import", file.path)
        #expect(imported.code == 0 && imported.error.isEmpty)
        return try shown(scratch)
    }

    private func shown(_ scratch: Scratch) throws -> (tree: [String], edges: [String]) {
        let tree = try scratch.run("flow", "--last").output.split(separator: "\n").map(String.init)
        let edge = /^ *(\w+) (?:==>|-->|-\.->)(?:\|.*\|)? (\w+)$/
        let edges = try scratch.run("flow", "--last", "--as", "flowchart").output.split(separator: "\n")
            .compactMap { line in (try? edge.wholeMatch(in: line)).map { "\($0.1) → \($0.2)" } }
        return (tree, edges.sorted())
    }
}
