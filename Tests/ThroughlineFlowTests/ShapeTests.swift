import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Shapes in which looking at everything for each would never end.
@Suite struct ShapeTests {
    @Test func `one message to very many consumers is one publication and a hop for each`() {
        var script = FlowScript(correlation: "wide", seed: 1)
        let sent = script.send("news", "Published", id: "m-1", to: "news", at: 0, in: nil, causes: [])
        let records = script.records
        let handled = (0..<10_000).map { number in
            var record = SpanRecord(
                traceID: sent.traceID, spanID: SpanID(UInt64(number) + 1), parentID: sent.spanID, name: "process news",
                kind: .consumer, start: Timestamp(nanosecondsSinceEpoch: 2_000_000_000_000_000_000 + UInt64(number)),
                end: Timestamp(nanosecondsSinceEpoch: 2_000_000_000_000_001_000 + UInt64(number)))
            record.attributes = [
                MessagingAttribute.operationType: "process", MessagingAttribute.destinationName: "news",
                MessagingAttribute.messageID: "m-1", MessagingAttribute.consumerGroup: .string("reader-\(number)"),
            ]
            return record
        }
        let flow = Flow(records + handled)
        #expect(flow.publications.count == 1)
        #expect(flow.hops.count == 10_000)
        #expect(Set(flow.hops.map(\.consumer)).count == 10_000)
    }

    @Test func `a chain of very many messages is its own critical path`() {
        let flow = Flow(LargeFlowShape.deep.records(spans: 10_000))
        #expect(flow.criticalPaths.count == 1)
        #expect(flow.criticalPath.count == flow.messages.count)
    }

    @Test func `attempts deep in a chain of one trace are told from what is above them without climbing it`() {
        var script = FlowScript(correlation: nil)
        var handler: SpanContext?
        for step in 0..<7_000 {
            let at = Double(step) * 10
            let sent = script.send("a", nil, id: "m-\(step)", to: "x", at: at, in: handler)
            script.process("b", nil, id: "m-\(step)", from: "x", at: at + 2, took: 1, of: sent, settled: .requeued)
            handler = script.process("b", nil, id: "m-\(step)", from: "x", at: at + 5, took: 4, of: sent, attempt: 2)
        }
        let retries = Flow(script.records).edges.filter { $0.relation == .retries }
        #expect(retries.count == 7_000 && retries.allSatisfy { $0.evidence == .messageID })
    }

    @Test func `very many senders beside very many handlers leave open who sent to whom`() {
        var script = FlowScript(correlation: nil)
        let request = script.work("gateway", "GET /", kind: .server, at: 0, took: 100_000)
        for number in 0..<10_000 {
            script.send("a", nil, id: nil, to: "x", at: Double(number), in: request)
            script.process("b", nil, id: nil, from: "x", at: Double(number) + 0.5, took: 1, of: nil)
        }
        var records = script.records
        for place in records.indices where records[place].kind == .consumer {
            records[place].traceID = request.traceID
            records[place].parentID = request.spanID
        }
        let flow = Flow(records)
        #expect(flow.messages.count == 20_000 && flow.hops.count == 10_000)
        #expect(flow.hops.allSatisfy { $0.evidence == .messageID })
    }
}
