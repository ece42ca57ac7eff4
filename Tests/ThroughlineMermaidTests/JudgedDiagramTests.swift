import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel

@testable import ThroughlineMermaid

/// Writes every kind of diagram for `scripts/mermaid-check`, which lets real Mermaid judge it.
@Suite struct JudgedDiagramTests {
    @Test(arguments: GoldenFlow.allCases)
    func `every view of every golden flow goes to the judge`(golden: GoldenFlow) throws {
        try writeAll(Flow(golden.records), as: "\(golden)")
        var builder = MapBuilder()
        for record in golden.records { builder.add(record) }
        try JudgedCase.write(MapFlowchart.chart(of: builder.map, destination: nil), as: "\(golden)-map")
    }

    @Test func `names of thousands of characters break nothing`() throws {
        var script = FlowScript(correlation: "long")
        let long = GoldenFlow.hostileNames.joined(separator: "\n")
        let name = String(repeating: long, count: 5_000 / long.count + 1)
        let sent = script.send(name, name, id: "l-1", to: name, at: 0)
        let handler = script.process(
            "reader \(name)", name, id: "l-1", from: name, at: 5, took: 4, of: sent, settled: .rejected, error: name)
        script.work("reader \(name)", name, at: 6, took: 1, in: handler)
        let flow = Flow(script.records.map { $0.spanID == handler.spanID ? Self.step(name, false, of: name, $0) : $0 })
        #expect(FlowView.allCases.allSatisfy { $0 == .json || $0 == .tree || $0.render(flow).utf16.count < 8_000 })
        try writeAll(flow, as: "long")
    }

    /// A saga, and a name of every kind in its type, run, step and state.
    @Test(arguments: GoldenFlow.hostileNames.indices)
    func `a saga of hostile names goes to the judge`(place: Int) throws {
        let name = GoldenFlow.hostileNames[place]
        var script = FlowScript(correlation: "hostile-saga")
        var steps: [SpanID: Bool] = [:]
        for (number, failed) in [false, true].enumerated() {
            let id = "h-\(number)"
            let sent = script.send(name, name, id: id, to: name, at: Double(number) * 10)
            let handler = script.process(name, name, id: id, from: name, at: Double(number) * 10 + 2, took: 3, of: sent)
            steps[handler.spanID] = failed
        }
        let records = script.records.map { record in
            steps[record.spanID].map { Self.step(name, $0, of: "run", record) } ?? record
        }
        try JudgedCase.write(SagaView.diagram(of: Flow(records)).diagram, as: "hostile-saga-\(place)")
    }

    private static func step(_ name: String, _ failed: Bool, of run: String, _ record: SpanRecord) -> SpanRecord {
        var record = record
        record.attributes[ThroughlineAttribute.sagaID] = .string(run)
        record.attributes[ThroughlineAttribute.sagaType] = .string(name)
        record.attributes[ThroughlineAttribute.sagaStep] = .string(name)
        record.attributes[ThroughlineAttribute.sagaState] = .string(name)
        record.attributes[ThroughlineAttribute.sagaStepFailed] = .bool(failed)
        return record
    }

    private func writeAll(_ flow: Flow, as name: String) throws {
        try JudgedCase.write(FlowchartView.chart(of: flow).chart, as: "\(name)-flowchart")
        try JudgedCase.write(graphviz: FlowchartView.chart(of: flow).chart, as: "\(name)-graphviz")
        try JudgedCase.write(CausationView.chart(of: flow).chart, as: "\(name)-causation")
        // Every name, although so many participants are more than are drawn otherwise.
        var options = ViewOptions()
        options.unfolding = name == "hostile" ? .everything : .nothing
        try JudgedCase.write(SequenceView.diagram(of: flow, options: options).diagram, as: "\(name)-sequence")
        try JudgedCase.write(TimelineView.chart(of: flow).chart, as: "\(name)-timeline")
        try JudgedCase.write(SagaView.diagram(of: flow).diagram, as: "\(name)-saga")
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
        #expect(sequence.text.contains("Shortened") || sequence.text.contains("not shown"))
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

    @Test func `a map has one edge for a consumer of which some spans name the group and some do not`() throws {
        var script = FlowScript(correlation: nil)
        for (number, group) in ["readers", nil, "readers", nil].enumerated() {
            let sent = script.send("shop", "Order", id: "\(number)", to: "orders", at: 0)
            script.process(
                "mail", "Order", id: "\(number)", from: "orders", at: [5, 9, 5, 9][number], took: 1, of: sent,
                group: group)
        }
        var builder = MapBuilder()
        for record in script.records { builder.add(record) }
        for destination in [nil, "orders"] {
            let map = destination.map(builder.map.around) ?? builder.map
            let delivering = MapFlowchart.chart(of: map, destination: destination).edges.filter {
                $0.from == "t_orders"
            }
            #expect(delivering.map(\.text) == ["delivers ×4 · waits 4–8 ms"])
            #expect(delivering.map(\.to) == ["g_readers"])
        }
    }

    @Test func `dead letters are in the picture of a map, and in that of the destination that they come from`() throws {
        var builder = MapBuilder()
        for record in GoldenFlow.order.records { builder.add(record) }
        let whole = MapFlowchart.chart(of: builder.map, destination: nil)
        #expect(whole.nodes.filter { $0.styles.contains(.failed) }.map(\.text) == ["orders.dlq ✗"])
        let one = MapFlowchart.chart(of: builder.map.around("orders"), destination: "orders")
        let crossed = one.edges.filter { $0.stroke == .cross }
        #expect(crossed.map { [$0.from, $0.to] } == [["g_notifications", "t_orders_dlq"]])
        #expect(one.nodes.first { $0.id == "t_orders_dlq" }?.group == nil)
        #expect(one.groups.map(\.id) == ["producers", "broker", "consumers"])
        try JudgedCase.write(one, as: "map-dead-letters")
        let letters = MapFlowchart.chart(of: builder.map.around("orders.dlq"), destination: "orders.dlq")
        #expect(letters.edges.filter { $0.stroke == .cross }.map(\.from) == ["s_notifications"])
        try JudgedCase.write(letters, as: "map-of-dead-letters")
    }

    @Test func `a map tells deliveries from attempts, replays from sends, and what the broker moves`() {
        func edges(_ golden: GoldenFlow) -> [Flowchart.Edge] {
            var builder = MapBuilder()
            for record in golden.records { builder.add(record) }
            return MapFlowchart.chart(of: builder.map, destination: nil).edges
        }
        let order = edges(.order)
        #expect(order.contains { $0.text == "delivers · waits 5 ms · 2 retries · 100 % dead-lettered ✗" })
        #expect(order.contains { $0.text == "replayed · waits 41 s" && $0.stroke == .dotted })
        #expect(edges(.retryTopics).contains { $0.text == "replays ParcelScanned" && $0.stroke == .dotted })
        #expect(edges(.routed).count { $0.text == "routes" } == 2)
        #expect(edges(.brokerDeadLetter).contains { $0.text == "sets aside" && $0.stroke == .cross })
        #expect(edges(.batchWithSpans).contains { $0.text?.hasSuffix("33 % ✗") == true })
        #expect(edges(.unfinished).contains { $0.text?.contains("1 unfinished") == true })
    }

    @Test func `flows and maps of nothing are drawn too`() throws {
        let flow = Flow([])
        try JudgedCase.write(FlowchartView.chart(of: flow).chart, as: "empty-flowchart")
        try JudgedCase.write(CausationView.chart(of: flow).chart, as: "empty-causation")
        try JudgedCase.write(SequenceView.diagram(of: flow).diagram, as: "empty-sequence")
        try JudgedCase.write(TimelineView.chart(of: flow).chart, as: "empty-timeline")
        try JudgedCase.write(SagaView.diagram(of: flow).diagram, as: "empty-saga")
        try JudgedCase.write(MapFlowchart.chart(of: MapBuilder().map, destination: nil), as: "empty-map")
        try JudgedCase.write(MapFlowchart.chart(of: MapBuilder().map, destination: "x"), as: "empty-destination")
    }
}
