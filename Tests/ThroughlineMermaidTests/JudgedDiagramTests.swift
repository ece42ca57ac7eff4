import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

/// Writes every kind of diagram for `scripts/mermaid-check`, which lets real Mermaid judge it.
@Suite struct JudgedDiagramTests {
    @Test(arguments: GoldenFlow.allCases)
    func `every view of every golden flow goes to the judge`(golden: GoldenFlow) throws {
        let flow = Flow(golden.records)
        try JudgedCase.write(FlowchartView.chart(of: flow).chart, as: "\(golden)-flowchart")
        try JudgedCase.write(CausationView.chart(of: flow).chart, as: "\(golden)-causation")
        try JudgedCase.write(SequenceView.diagram(of: flow).diagram, as: "\(golden)-sequence")
        try JudgedCase.write(TimelineView.chart(of: flow).chart, as: "\(golden)-timeline")
        var builder = MapBuilder()
        for record in golden.records { builder.add(record) }
        try JudgedCase.write(MapFlowchart.chart(of: builder.map, destination: nil), as: "\(golden)-map")
    }

    @Test func `a flow too large for Mermaid is folded until it fits, and says so`() throws {
        let flow = Flow(LargeFlow.records(services: 60, types: 14, messages: 3_000))
        let flowchart = FlowchartView.chart(of: flow).chart
        #expect(flowchart.edges.count <= 500 && flowchart.text.utf16.count <= 50_000)
        #expect(flowchart.nodes.contains { $0.text.contains("olded") || $0.text.contains("not shown") })
        try JudgedCase.write(flowchart, as: "large-flowchart")
        let causation = CausationView.chart(of: flow).chart
        #expect(causation.edges.count <= 500 && causation.text.utf16.count <= 50_000)
        #expect(causation.nodes.contains { $0.text.contains("×") })
        try JudgedCase.write(causation, as: "large-causation")
        let sequence = SequenceView.diagram(of: flow).diagram
        #expect(sequence.text.utf16.count <= 50_000)
        #expect(sequence.text.contains("olded") || sequence.text.contains("not shown"))
        try JudgedCase.write(sequence, as: "large-sequence")
    }

    @Test func `one destination of a map stands between its producers and its consumers`() throws {
        var builder = MapBuilder()
        for record in LargeFlow.orders(count: 1_000) { builder.add(record) }
        let chart = MapFlowchart.chart(of: builder.map.around("orders"), destination: "orders")
        #expect(chart.groups.map(\.id) == ["producers", "broker", "consumers"])
        #expect(chart.nodes.map(\.id) == ["s_orders", "t_orders", "g_billing", "g_inventory", "g_notifications"])
        try JudgedCase.write(chart, as: "map-orders")
        try JudgedCase.write(MapFlowchart.chart(of: builder.map, destination: nil), as: "map-whole")
    }

    @Test func `flows and maps of nothing are drawn too`() throws {
        let flow = Flow([])
        try JudgedCase.write(FlowchartView.chart(of: flow).chart, as: "empty-flowchart")
        try JudgedCase.write(CausationView.chart(of: flow).chart, as: "empty-causation")
        try JudgedCase.write(MapFlowchart.chart(of: MapBuilder().map, destination: nil), as: "empty-map")
        try JudgedCase.write(MapFlowchart.chart(of: MapBuilder().map, destination: "x"), as: "empty-destination")
    }
}
