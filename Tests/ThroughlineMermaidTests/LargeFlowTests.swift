import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

@Suite struct LargeFlowTests {
    @Test(arguments: LargeFlowShape.allCases)
    func `a flow of many spans is drawn inside Mermaid's limits, and says what it folded`(shape: LargeFlowShape) throws
    {
        // The hardest shape in the size that is promised; the others smaller, because putting them together takes long
        // without optimisation.
        let flow = Flow(shape.records(spans: shape == .tangled ? 100_000 : 10_000))
        for view in FlowView.allCases where view != .json {
            let drawn = view.rendered(flow)
            #expect(drawn.text.utf16.count <= 50_000)
            #expect(
                drawn.text.contains("×") || drawn.text.contains("left out") || drawn.text.contains("more"),
                "\(shape) as \(view)")
            if view != .flowchart, view != .dot { #expect(drawn.folding != nil) }
        }
        try JudgedCase.write(FlowchartView.chart(of: flow).chart, as: "large-\(shape)-flowchart")
        try JudgedCase.write(CausationView.chart(of: flow).chart, as: "large-\(shape)-causation")
        try JudgedCase.write(SequenceView.diagram(of: flow).diagram, as: "large-\(shape)-sequence")
        try JudgedCase.write(TimelineView.chart(of: flow).chart, as: "large-\(shape)-timeline")
    }

    @Test func `everything unfolded still fits Mermaid's limits`() throws {
        var options = ViewOptions()
        options.unfolding = .everything
        let flow = Flow(LargeFlowShape.tangled.records(spans: 4_000))
        for view in [FlowView.flowchart, .sequence, .causation, .timeline] {
            #expect(view.rendered(flow, options: options).text.utf16.count <= 50_000)
        }
        #expect(CausationView.chart(of: flow, options: options).chart.edges.count <= 500)
        try JudgedCase.write(
            FlowchartView.chart(of: flow, options: options).chart, as: "unfolded-flowchart")
        // Text has no limit, so nothing is folded there.
        let tree = FlowView.tree.rendered(flow, options: options)
        #expect(tree.folding == nil && tree.text.split(separator: "\n").count == 2_001)
    }

    @Test func `alike siblings are one, with their number and the spread of their times, and failures apart`() {
        let flow = Flow(LargeFlowShape.wide.records(spans: 4_000))
        let tree = FlowView.tree.render(flow)
        #expect(tree.contains("emits RowRead ×2000 → rows"))
        #expect(tree.contains("loader ×1998  waited 1–17 ms · took 1 ms ✓"))
        #expect(tree.contains("loader ×2  waited 5–8 ms · took 1 ms ✗ BadRow"))
        let sequence = SequenceView.diagram(of: flow).diagram
        #expect(sequence.text.contains("RowRead ×1998 · rows · waited 1–17 ms"))
    }

    @Test func `what is asked for by name or id is shown one by one, the rest stays folded`() {
        let flow = Flow(LargeFlowShape.wide.records(spans: 4_000))
        var options = ViewOptions()
        options.unfolding = .named(["row-500"])
        options.focus = "row-500"
        let one = FlowView.tree.render(flow, options: options)
        #expect(one.contains("emits RowRead ×1999 → rows"))
        #expect(one.contains("emits RowRead → rows ▸ loader  waited 8 ms · took 1 ms ✗ BadRow  ◀ asked for"))
        options.unfolding = .named(["RowRead"])
        let all = FlowView.tree.render(flow, options: options)
        #expect(all.split(separator: "\n").count { $0.contains("emits RowRead → rows") } == 2_000)
    }

    @Test func `the tree has as many lines and columns as the screen`() {
        var options = ViewOptions()
        options.lines = 30
        options.columns = 80
        for shape in LargeFlowShape.allCases {
            let text = FlowView.tree.render(Flow(shape.records(spans: 4_000)), options: options)
            let lines = text.split(separator: "\n")
            #expect(lines.count <= 30)
            #expect(lines.dropFirst().allSatisfy { $0.count <= 80 })
        }
    }
}
