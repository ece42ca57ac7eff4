import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Messages that have the same id: one where they can be one, and several where they cannot.
@Suite struct NamesakeTests {
    /// Everything about the id 42, each span in a trace of its own.
    private struct Spans {
        private(set) var records: [SpanRecord] = []
        private var seed: UInt64 = 0

        private mutating func add(_ system: String?, _ write: (inout FlowScript) -> Void) {
            seed += 1
            var script = FlowScript(correlation: nil, seed: seed)
            script.system = system ?? ""
            write(&script)
            records += script.records.map { record in
                var record = record
                if system == nil { record.attributes[MessagingAttribute.system] = nil }
                return record
            }
        }

        mutating func send(
            _ service: String, to destination: String, id: String = "42", on system: String? = "kafka", at: Double = 0,
            links: [SpanLink] = [], mark: Attributes = [:]
        ) {
            add(system) { script in
                let sent = script.send(service, nil, id: id, to: destination, at: at, links: links)
                script.set(mark, on: sent)
            }
        }

        mutating func handle(
            _ service: String, from destination: String, id: String = "42", on system: String? = "kafka",
            at: Double = 10, failing: Bool = false, sending next: String? = nil
        ) {
            add(system) { script in
                script.process(
                    service, nil, id: id, from: destination, at: at, took: 1,
                    settled: failing ? .rejected : .acknowledged)
                guard let next else { return }
                // In a trace of its own: only the causation id tells.
                script.send(service, nil, id: next, to: "effects", at: at, causes: [id])
            }
        }
    }

    private func split(_ write: (inout Spans) -> Void) -> [Flow] {
        var spans = Spans()
        write(&spans)
        var random = SeededGenerator(seed: UInt64(spans.records.count))
        let flows = Flow.split(spans.records)
        for _ in 0..<8 {
            let shuffled = Flow.split(spans.records.shuffled(using: &random))
            #expect(shuffled.map { FlowJSON.text(of: $0) } == flows.map { FlowJSON.text(of: $0) })
        }
        return flows
    }

    @Test func `two brokers have two messages, days apart`() {
        let flows = split { spans in
            spans.send("sensor", to: "meters", on: "mqtt")
            spans.handle("gateway", from: "meters", on: "mqtt")
            spans.send("billing", to: "bills", on: "rabbitmq", at: 518_400_000)
            spans.handle("mail", from: "bills", on: "rabbitmq", at: 518_400_050)
        }
        #expect(flows.map { $0.messages.map(\.id) } == [[.named("42")], [.named("42")]])
        #expect(flows.map { $0.hops.map(\.consumer.service) } == [["gateway"], ["mail"]])
        #expect(flows.allSatisfy { $0.gaps.isEmpty && $0.conflicts.isEmpty && $0.message(.named("42")) != nil })
    }

    @Test func `two that meet in one flow are told apart by number`() throws {
        let flow = Flow(GoldenFlow.namesakes.records)
        #expect(flow.messages.map(\.id) == [.named("42"), .namesake("42", 2)])
        #expect(flow.messages.map(\.id.description) == ["42", "42 (2)"])
        #expect(flow.messages.map(\.type) == ["MeterRead", "BillMade"])
        #expect(flow.hops.map(\.message) == flow.messages.map(\.id))
        #expect(flow.message(.named("42"))?.type == "MeterRead")
        #expect(flow.message(.namesake("42", 2))?.type == "BillMade")
        #expect(flow.edges.filter { $0.relation == .correlates }.count == 1)
        #expect(flow.gaps.isEmpty && flow.conflicts.isEmpty)
        #expect(Flow.split(GoldenFlow.namesakes.records).map { FlowJSON.text(of: $0) } == [FlowJSON.text(of: flow)])
    }

    @Test func `two senders that have nothing to do with each other have two messages on one broker`() {
        let flows = split { spans in
            spans.send("orders", to: "orders")
            spans.handle("billing", from: "orders")
            spans.send("sensor", to: "meters", at: 1)
            spans.handle("gateway", from: "meters")
        }
        #expect(flows.map { $0.hops.map(\.consumer.service) } == [["billing"], ["gateway"]])
    }

    @Test(arguments: [
        "orders-retry", "orders.retry.2", "orders-retry-5000", "orders_error", "dlq.orders", "orders/dead-letters",
    ])
    func `what is sent on to a place of retries or dead letters is the message, whoever did it`(destination: String) {
        let flows = split { spans in
            spans.send("orders", to: "orders")
            spans.send("mover", to: destination, at: 5)
            spans.handle("billing", from: destination, at: 9)
        }
        #expect(flows.count == 1 && flows.first?.messages.count == 1)
    }

    @Test func `one service that sends it twice, or two to one place, have one message`() {
        let same = split { spans in
            spans.send("orders", to: "orders")
            spans.send("orders", to: "audit", at: 5)
        }
        let place = split { spans in
            spans.send("orders", to: "orders")
            spans.send("mover", to: "orders", at: 5)
        }
        #expect(same.count == 1 && place.count == 1)
    }

    @Test func `whoever gave a message up may have sent it on, wherever to`() {
        let flows = split { spans in
            spans.send("orders", to: "orders")
            spans.handle("billing", from: "orders", failing: true)
            spans.send("billing", to: "parked", at: 20)
            spans.send("sensor", to: "meters")
        }
        #expect(flows.map(\.operations.count).sorted() == [1, 3])
    }

    @Test func `a replay is the message that was set aside in its place`() {
        let flows = split { spans in
            spans.send("orders", to: "orders")
            spans.send("sensor", to: "meters", at: 1)
            spans.send(
                "operator", to: "orders-again", at: 60,
                mark: [
                    ThroughlineAttribute.replay: true, ThroughlineAttribute.deadLetterOrigin: "orders",
                ])
        }
        #expect(flows.map(\.services) == [["orders", "operator"], ["sensor"]])
    }

    @Test func `an id that is unique by its form is one message on every broker`() {
        let id = "0198b2c4-7d5e-7000-8000-0000000000FF"
        let flows = split { spans in
            spans.send("orders", to: "orders", id: id, on: "mqtt")
            spans.handle("billing", from: "queue", id: id, on: "rabbitmq")
        }
        #expect(flows.count == 1 && flows.first?.hops.count == 1)
        #expect(Namesakes.isUnique("{\(id)}") && Namesakes.isUnique("0198b2c47d5e700080000000000000ff"))
        #expect(!Namesakes.isUnique("42") && !Namesakes.isUnique("order-1042"))
    }

    @Test func `what a bridge moves within one trace, or links to, is one message`() {
        var script = FlowScript(correlation: nil)
        script.system = "mqtt"
        let sent = script.send("sensor", nil, id: "42", to: "meters", at: 0)
        let bridged = script.process("bridge", nil, id: "42", from: "meters", at: 5, took: 4, of: sent, child: false)
        script.system = "kafka"
        script.send("bridge", nil, id: "42", to: "readings", at: 6, in: bridged)
        // By the id alone, and still the same broker as the bridge's sending.
        script.process("billing", nil, id: "42", from: "readings", at: 12, took: 3)
        let flows = Flow.split(script.records)
        #expect(flows.count == 1 && flows.first?.messages.count == 1)
        #expect(flows.first?.hops.map(\.consumer.service) == ["bridge", "billing"])
    }

    @Test func `a span that does not name its broker joins the only message that it can mean`() {
        let one = split { spans in
            spans.send("orders", to: "orders")
            spans.handle("billing", from: "queue", on: nil)
        }
        #expect(one.count == 1)
        let placed = split { spans in
            spans.send("sensor", to: "meters", on: "mqtt")
            spans.send("billing", to: "bills", on: "rabbitmq", at: 1)
            spans.handle("mail", from: "bills", on: nil)
        }
        #expect(placed.map(\.services) == [["sensor"], ["billing", "mail"]])
        let open = split { spans in
            spans.send("sensor", to: "meters", on: "mqtt")
            spans.send("billing", to: "bills", on: "rabbitmq", at: 1)
            spans.handle("audit", from: "queue", on: nil)
        }
        #expect(open.map(\.services) == [["sensor"], ["billing"], ["audit"]])
        let gap = open.last?.gaps.first
        #expect(
            gap?.reason == .unknown && gap?.evidence == "several messages have its id, and nothing tells which it is")
    }

    @Test func `of two messages with the id, the cause is the one that the sender handled`() throws {
        let flows = split { spans in
            spans.send("orders", to: "orders")
            spans.handle("billing", from: "orders", sending: "50")
            spans.send("sensor", to: "meters", on: "mqtt", at: 1)
            spans.handle("gateway", from: "meters", on: "mqtt", sending: "51")
        }
        #expect(flows.map(\.services) == [["orders", "billing"], ["sensor", "gateway"]])
        #expect(flows.map { $0.message(.named("50"))?.causes } == [[.named("42")], nil])
        #expect(flows.map { $0.message(.named("51"))?.causes } == [nil, [.named("42")]])
    }

    @Test func `members of batches are told apart like messages by themselves`() {
        var script = FlowScript(correlation: nil)
        script.system = "mqtt"
        let one = script.send("sensor", nil, id: "42", to: "meters", at: 0)
        script.processBatch("gateway", nil, of: [("42", one), ("43", one)], from: "meters", at: 5, took: 2)
        script.system = "rabbitmq"
        let other = script.send("billing", nil, id: "42", to: "bills", at: 50)
        script.processBatch("mail", nil, of: [("42", other), ("44", other)], from: "bills", at: 55, took: 2)
        let flows = Flow.split(script.records)
        #expect(flows.map(\.services) == [["sensor", "gateway"], ["billing", "mail"]])
    }

    @Test func `an id that thousands of senders have come to takes no longer than as many ids`() {
        var spans = Spans()
        for number in 0..<3_000 {
            spans.send("device-\(number)", to: "readings/\(number)", on: "mqtt", at: Double(number))
            spans.handle("gateway-\(number)", from: "readings/\(number)", on: "mqtt", at: Double(number) + 5)
        }
        let flows = Flow.split(spans.records)
        #expect(flows.count == 3_000 && flows.allSatisfy { $0.hops.count == 1 })
    }
}
