import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

@Suite struct LargeFlowTests {
    @Test(arguments: LargeFlowShape.allCases)
    func `a flow of very many spans is drawn in one go, and says what it folded`(shape: LargeFlowShape) throws {
        let clock = ContinuousClock()
        var flow = Flow([])
        let records = shape.records(spans: 100_000)
        print(shape, "assemble", clock.measure { flow = Flow(records) })
        for view in FlowView.allCases where view != .json {
            var text = RenderedFlow(text: "")
            let time = clock.measure { text = view.rendered(flow) }
            print(shape, view, time, text.text.utf16.count, text.folding ?? "-", text.text.split(separator: "\n").count)
        }
    }
}
