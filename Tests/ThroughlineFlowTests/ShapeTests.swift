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
}
