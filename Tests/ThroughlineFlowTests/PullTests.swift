import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Asking a broker for messages is a message where something shows one, and else what it is: a question.
@Suite struct PullTests {
    /// A poll that says nothing of a message.
    static func vain(batch: Int?) -> [SpanRecord] {
        var script = FlowScript(correlation: nil, seed: 41)
        let pull = script.process(
            "billing", nil, id: nil, from: "orders", at: 0, took: 5, settled: nil, operation: .receive)
        if let batch { script.set([MessagingAttribute.batchMessageCount: .int(Int64(batch))], on: pull) }
        return script.records
    }

    private func pull(
        _ change: (inout SpanRecord) -> Void, and more: (inout FlowScript, SpanContext) -> Void = { _, _ in }
    ) -> Flow {
        var script = FlowScript(correlation: nil, seed: 42)
        let pull = script.process(
            "billing", nil, id: nil, from: "orders", at: 0, took: 5, settled: nil, operation: .receive)
        script.change(pull, change)
        more(&script, pull)
        return Flow(script.records)
    }

    @Test func `a pull that shows no message is drawn as what it is`() {
        for (batch, words) in [(nil, "pulled; which message, if any, was not recorded"), (0, "pulled nothing")] {
            let flow = Flow(Self.vain(batch: batch))
            #expect(flow.messages.isEmpty && flow.hops.isEmpty && flow.gaps.isEmpty && flow.messageCount == 0)
            let lines = FlowTree.text(of: flow).split(separator: "\n")
            #expect(lines[1] == "billing · receive orders  5 ms  \(words)")
        }
    }

    /// As Java's Kafka client records it: only the listener names the sender, in a link.
    @Test(arguments: [nil, 1, 2])
    func `a pull that says nothing of what it brought is the frame of what is handled in it`(batch: Int?) {
        var script = FlowScript(correlation: nil, seed: 43)
        let sent = script.send("checkout", nil, id: nil, to: "orders", at: 0, in: nil)
        let pull = script.process(
            "billing", nil, id: nil, from: "orders", at: 20, took: 1, settled: nil, operation: .receive)
        if let batch { script.set([MessagingAttribute.batchMessageCount: .int(Int64(batch))], on: pull) }
        let handled = script.process("billing", nil, id: nil, from: "orders", at: 22, took: 30, of: nil, settled: nil)
        script.change(handled) { record in
            record.traceID = pull.traceID
            record.parentID = pull.spanID
            record.links = [SpanLink(context: sent)]
        }
        let flow = Flow(script.records)
        #expect(flow.messageCount == 1 && flow.hops.count == 1 && flow.gaps.isEmpty)
        #expect(flow.hops.first?.queueTime == 21_000_000)
    }

    @Test func `a pull that failed brought nothing, and says what failed`() {
        let flow = pull { $0.status = .error("Timeout") }
        #expect(flow.messages.isEmpty && flow.errorCount == 1)
        let line = FlowTree.text(of: flow).split(separator: "\n")[1]
        #expect(line == "billing · receive orders  5 ms ✗ Timeout")
    }

    @Test func `requests of the client inside a pull are no evidence of a message`() {
        let flow = pull({ _ in }) { script, pull in
            script.work("billing", "POST", kind: .client, at: 1, took: 3, in: pull)
        }
        #expect(flow.messages.isEmpty && flow.operations.count == 2)
        #expect(FlowTree.text(of: flow).contains("└─ POST  3 ms"))
    }

    @Test func `what only a message has is evidence of one`() {
        for (name, value) in [
            ("messaging.message.id", "1"), ("messaging.batch.message_count", 2), ("message.size", 120),
            ("messaging.kafka.offset", 7), ("messaging.kafka.partition", 0), ("throughline.delivery.attempt", 1),
        ] as [(String, AttributeValue)] {
            let flow = pull { $0.attributes[name] = value }
            #expect(flow.hops.count == 1 && flow.messages.count == 1, "\(name)")
        }
        let sender = SpanContext(traceID: TraceID(high: 3, low: 3), spanID: SpanID(3), flags: [.sampled])
        #expect(pull { $0.links = [SpanLink(context: sender)] }.hops.count == 1)
    }

    @Test func `a pull in the context of a sender, or of another service, was given that message`() {
        var script = FlowScript(correlation: nil)
        let sent = script.send("shop", nil, id: nil, to: "orders", at: 0)
        script.process(
            "billing", nil, id: nil, from: "orders", at: 5, took: 5, of: sent, settled: nil, operation: .receive)
        let flow = Flow(script.records)
        #expect(flow.hops.count == 1 && flow.gaps.isEmpty)
        let request = FlowScript.at(0)
        let other = pull { record in
            record.parentID = SpanID(9)
            record.parentIsRemote = true
            record.kind = .client
            record.start = request
        }
        #expect(other.hops.count == 1)
        #expect(pull { ($0.parentID, $0.kind) = (SpanID(9), .client) }.hops.isEmpty)
    }

    @Test(arguments: [("shop", 1), ("billing", 0), ("billing-rabbitmq", 0)])
    func `a pull below a plain span is given a message only by another service`(service: String, deliveries: Int) {
        var script = FlowScript(correlation: nil)
        let around = script.work("billing", "run", at: 0, took: 20)
        let pull = script.process(
            service, nil, id: nil, from: "orders", at: 5, took: 5, of: around, settled: nil, operation: .receive)
        script.change(pull) { $0.links = [] }
        #expect(Flow(script.records).hops.count == deliveries)
    }

    @Test func `what is handled or sent inside a pull shows that it brought a message`() {
        let handled = pull({ _ in }) { script, pull in
            let handler = script.process("billing", nil, id: nil, from: "orders", at: 1, took: 2, settled: nil)
            script.change(handler) { ($0.traceID, $0.parentID) = (pull.traceID, pull.spanID) }
        }
        #expect(handled.hops.count == 1 && handled.hops.first?.attempts.count == 1)
        let sent = pull({ _ in }) { script, pull in
            script.send("billing", "Charged", id: "2", to: "charges", at: 1, in: pull)
        }
        #expect(sent.hops.count == 1 && sent.message(.named("2"))?.causes.count == 1)
    }

    @Test func `thousands of pulls in one trace are told apart as deliveries are`() {
        var script = FlowScript(correlation: nil)
        let loop = script.work("billing", "consume", at: 0, took: 10_000)
        for number in 0..<300 {
            let pull = script.process(
                "billing", nil, id: nil, from: "orders", at: Double(number), took: 0.5, settled: nil,
                operation: .receive)
            script.change(pull) { ($0.traceID, $0.parentID) = (loop.traceID, loop.spanID) }
        }
        let flows = Flow.split(script.records, guarding: HubGuard(maximumParts: 100, maximumDeliveries: 100))
        #expect(flows.count == 301 && flows.allSatisfy { $0.gaps.isEmpty && $0.messages.isEmpty })
    }
}
