import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

@Suite struct LargeFlowTests {
    @Test(arguments: LargeFlowShape.allCases)
    func `a flow of many spans is drawn inside Mermaid's limits, and says what it folded`(shape: LargeFlowShape) throws
    {
        try check(Flow(shape.records(spans: 4_000)), as: "large-\(shape)")
    }

    /// The size that is promised.
    @Test func `a flow of a hundred thousand spans is drawn in one go`() throws {
        try check(Flow(LargeFlowShape.wide.records(spans: 100_000)), as: "largest")
    }

    private func check(_ flow: Flow, as name: String) throws {
        let tree = FlowView.tree.rendered(flow)
        #expect(tree.folding != nil && tree.text.split(separator: "\n").count <= 200)
        let (flowchart, _) = FlowchartView.chart(of: flow)
        #expect(flowchart.edges.count <= 500 && flowchart.text.utf16.count <= 50_000)
        #expect(flowchart.text.contains("×"))
        try JudgedCase.write(flowchart, as: "\(name)-flowchart")
        let causation = CausationView.chart(of: flow)
        #expect(causation.chart.edges.count <= 500 && causation.chart.text.utf16.count <= 50_000)
        #expect(causation.folding != nil)
        #expect(causation.chart.text.contains("×") || causation.chart.text.contains("left out"))
        try JudgedCase.write(causation.chart, as: "\(name)-causation")
        let sequence = SequenceView.diagram(of: flow)
        #expect(sequence.diagram.text.utf16.count <= 50_000 && sequence.diagram.text.contains("Shortened"))
        try JudgedCase.write(sequence.diagram, as: "\(name)-sequence")
        let timeline = TimelineView.chart(of: flow)
        #expect(timeline.chart.text.utf16.count <= 50_000 && timeline.chart.text.contains("Shortened"))
        try JudgedCase.write(timeline.chart, as: "\(name)-timeline")
    }

    @Test func `everything unfolded still fits Mermaid's limits`() throws {
        var options = ViewOptions()
        options.unfolding = .everything
        let flow = Flow(LargeFlowShape.tangled.records(spans: 2_000))
        for view in [FlowView.flowchart, .sequence, .causation, .timeline] {
            #expect(view.rendered(flow, options: options).text.utf16.count <= 50_000)
        }
        #expect(CausationView.chart(of: flow, options: options).chart.edges.count <= 500)
        try JudgedCase.write(
            FlowchartView.chart(of: flow, options: options).chart, as: "unfolded-flowchart")
        // Text has no limit, so nothing is folded there.
        let tree = FlowView.tree.rendered(flow, options: options)
        #expect(tree.folding == nil && tree.text.split(separator: "\n").count { $0.contains("emits ") } == 1_000)
    }

    @Test func `alike siblings are one, with their number and the spread of their times, and failures apart`() {
        let flow = Flow(LargeFlowShape.wide.records(spans: 4_000))
        let tree = FlowView.tree.render(flow)
        #expect(tree.contains("emits RowRead ×2,000 → rows"))
        #expect(tree.contains("loader ×1,998  waited 1–17 ms · took 1 ms ✓"))
        #expect(tree.contains("loader ×2  waited 5–8 ms · took 1 ms ✗ BadRow"))
        let sequence = SequenceView.diagram(of: flow).diagram
        #expect(sequence.text.contains("RowRead ×1,998 · rows · waited 1–17 ms"))
        #expect(sequence.lines.contains(.alt("1,998 of 2,000 done ✓")))
        #expect(sequence.lines.contains(.otherwise("2 of 2,000 failed ✗ BadRow")))
    }

    /// Two thousand messages of forty services are not two thousand of the first.
    @Test func `what is folded although its names differ in numbers has a name for all of them`() {
        let flow = Flow(LargeFlowShape.loose.records(spans: 4_000))
        let sequence = SequenceView.diagram(of: flow).diagram
        #expect(sequence.participants.map(\.name) == ["service-* ×40", "sink"])
        #expect(sequence.text.contains("Noticed#42; ×2,000 · replies.#42;"))
    }

    @Test func `a sequence has no more participants than a person can follow`() {
        let flow = Flow(LargeFlowShape.tangled.records(spans: 4_000))
        let sequence = SequenceView.diagram(of: flow)
        #expect(sequence.diagram.participants.count <= 20 && sequence.folding?.contains("left out") == true)
    }

    @Test func `what is asked for by name or id is shown one by one, the rest stays folded`() {
        let flow = Flow(LargeFlowShape.wide.records(spans: 4_000))
        var options = ViewOptions()
        options.unfolding = .named(["row-500"])
        options.focus = "row-500"
        let one = FlowView.tree.render(flow, options: options)
        #expect(one.contains("emits RowRead ×1,999 → rows"))
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
