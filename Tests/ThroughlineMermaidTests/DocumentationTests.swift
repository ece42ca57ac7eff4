import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineMermaid
import ThroughlineModel

/// The examples of the modules' front pages.
@Suite struct DocumentationTests {
    private let records = GoldenFlow.order.records

    @Test func `the first example of ThroughlineFlow finds the hop that failed`() {
        var failed: [String] = []
        for flow in Flow.split(records) {
            for hop in flow.hops where hop.failed {
                failed.append("\(hop.consumer.service) \(hop.settlement?.rawValue ?? "")")
            }
        }
        #expect(failed == ["notifications dead-lettered"])
    }

    @Test func `the first example of ThroughlineMermaid draws a flowchart`() {
        let flow = Flow(records)
        let text = FlowView.flowchart.render(flow, title: "order 1042")
        #expect(text.contains("flowchart LR\n  s_orders([\"orders\"])"))
    }
}
