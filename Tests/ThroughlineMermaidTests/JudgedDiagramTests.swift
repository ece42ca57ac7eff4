import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

@Suite struct JudgedDiagramTests {
    @Test(arguments: GoldenFlow.allCases)
    func `every view of a flow is drawn`(golden: GoldenFlow) throws {
        let flow = Flow(golden.records)
        for view in FlowView.allCases {
            print("=== \(golden) \(view)\n\(view.render(flow))")
        }
    }
}
