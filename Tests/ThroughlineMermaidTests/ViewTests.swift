import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel

@testable import ThroughlineMermaid

@Suite struct ViewTests {
    @Test func `the flowchart of an order is the picture that was drawn by hand`() {
        let text = FlowView.flowchart.render(Flow(GoldenFlow.order.records), title: "order 1042")
        #expect(
            text == """
                ---
                title: "order 1042 · 5 messages · 5 services · 2.31 s · 1 dead letter, replayed"
                ---
                flowchart LR
                  s_orders(["orders"])
                  s_billing(["billing<br/><small>13 % of critical path</small>"])
                  s_inventory(["inventory"])
                  s_notifications(["notifications<br/><small>31 % of critical path</small>"])
                  s_shipping(["shipping"])
                  t_orders[["orders"]]
                  t_stock[["stock"]]
                  t_payments[["payments"]]
                  t_orders_dlq[["orders.dlq ✗"]]
                  t_shipping[["shipping"]]
                  t_mail_commands[["mail.commands"]]
                  s_orders ==>|"emits OrderPlaced"| t_orders
                  t_orders ==>|"delivers · 4 ms"| s_billing
                  t_orders -->|"delivers · 5 ms"| s_inventory
                  t_orders -->|"delivers\u{A0}· 3\u{A0}attempts\u{A0}✗"| s_notifications
                  s_inventory -->|"emits StockReserved"| t_stock
                  t_stock -->|"delivers · 7 ms"| s_shipping
                  s_billing ==>|"emits PaymentCharged"| t_payments
                  t_payments ==>|"waited 1.2 s · 52 %"| s_shipping
                  s_notifications --x|"TemplateError"| t_orders_dlq
                  t_orders_dlq -.->|"replayed after 41 s ✓"| s_notifications
                  s_shipping -->|"emits OrderShipped"| t_shipping
                  s_shipping ==>|"sends SendConfirmationEmail"| t_mail_commands
                  t_mail_commands ==>|"delivers · 2 ms"| s_notifications
                  classDef destination fill:#8b949e33,stroke:#8b949e
                  class t_orders,t_stock,t_payments,t_orders_dlq,t_shipping,t_mail_commands destination
                  classDef failed stroke:#da3633,stroke-width:2px
                  class t_orders_dlq failed

                """)
    }

    @Test(arguments: GoldenFlow.allCases)
    func `a flowchart has what the flow has: its participants, and an edge for each passage`(golden: GoldenFlow) {
        let flow = Flow(golden.records)
        let chart = FlowchartView.chart(of: flow).chart
        #expect(Set(chart.nodes.map(\.id)).count == chart.nodes.count)
        let destinations = Set(flow.publications.map(\.id.destination))
        #expect(chart.nodes.count { $0.shape == .subroutine } == destinations.count)
        let unknown = Set(flow.publications.filter { $0.missingSender != nil }.map(\.id.destination))
        #expect(chart.nodes.count { $0.shape == .stadium } == flow.services.count + unknown.count)
        let known = Set(chart.nodes.map(\.id))
        #expect(chart.edges.allSatisfy { known.contains($0.from) && known.contains($0.to) })
        struct Delivery: Hashable {
            var destination: String
            var consumer: Consumer
            var isReplay: Bool
        }
        let deliveries = Set(
            flow.hops.map { Delivery(destination: $0.destination, consumer: $0.consumer, isReplay: $0.isReplay) })
        let drawn = chart.edges.compactMap(\.text)
            .filter { $0.wholeMatch(of: /(delivers|×|waited|replayed|batch).*/) != nil }
        #expect(drawn.count == deliveries.count)
    }

    @Test func `a critical edge is thick, a replay dashed, a dead letter crossed`() {
        let edges = FlowchartView.chart(of: Flow(GoldenFlow.order.records)).chart.edges
        #expect(edges.count { $0.stroke == .thick } == 6)
        #expect(edges.filter { $0.stroke == .dotted }.map(\.text) == ["replayed after 41 s ✓"])
        #expect(edges.filter { $0.stroke == .cross }.map(\.to) == ["t_orders_dlq"])
    }

    @Test(arguments: [
        (Settlement.rejected, ["×2 · 3 attempts · 1 ✗ · 17 %", "delivers · 1 ms ✗"]),
        (.deadLettered, ["×2 · 3 attempts · 1 dead letter ✗ · 17 %", "delivers · dead letter ✗"]),
    ])
    func `an edge says how often deliveries were tried, and what was given up where no destination shows it`(
        settlement: Settlement, expected: [String]
    ) {
        var script = FlowScript(correlation: "c")
        let good = script.send("shop", "Order", id: "1", to: "orders", at: 0)
        script.process("mail", "Order", id: "1", from: "orders", at: 2, took: 1, of: good)
        let bad = script.send("shop", "Order", id: "2", to: "orders", at: 10)
        script.process(
            "mail", "Order", id: "2", from: "orders", at: 12, took: 1, of: bad, attempt: 1, settled: .requeued,
            error: "E")
        script.process(
            "mail", "Order", id: "2", from: "orders", at: 15, took: 1, of: bad, attempt: 2, settled: settlement,
            error: "E")
        script.process("audit", "Order", id: "2", from: "orders", at: 12, took: 1, of: bad, settled: settlement)
        let labels = FlowchartView.chart(of: Flow(script.records)).chart.edges.compactMap(\.text)
        #expect(labels.filter { !$0.hasPrefix("emits") } == expected)
    }

    @Test func `a request stands before what it led to, whatever the clocks say`() throws {
        var script = FlowScript(correlation: "c")
        script.hosts = ["shop": "a", "billing": "b"]
        let web = script.work("shop", "POST /orders", kind: .server, at: 2_000, took: 10)
        let sent = script.send("shop", "Order", id: "1", to: "orders", at: 2_002, in: web)
        script.process("billing", "Order", id: "1", from: "orders", at: 52, took: 300, of: sent)
        let text = FlowView.sequence.render(Flow(script.records))
        let request = try #require(text.firstRange(of: "Note over s_shop: POST /orders"))
        let delivery = try #require(text.firstRange(of: "s_shop-)s_billing"))
        #expect(request.lowerBound < delivery.lowerBound)
    }

    @Test func `an edge says what was delivered again and what may be`() {
        let chart = FlowchartView.chart(of: Flow(GoldenFlow.duplicates.records)).chart
        let labels = chart.edges.compactMap(\.text)
        #expect(labels.contains("delivers · 2 attempts ✓ · duplicate"))
        #expect(labels.contains("delivers · 4 ms · never settled"))
        #expect(!chart.nodes.contains { $0.shape == .flag })
    }

    @Test func `what the broker set aside by itself comes from whoever gave it up`() {
        let flow = Flow(GoldenFlow.brokerDeadLetter.records)
        let crossed = FlowchartView.chart(of: flow).chart.edges.filter { $0.stroke == .cross }
        #expect(crossed.map { [$0.from, $0.to] } == [["s_ledger", "t_invoices_dead"]])
        let arrows = SequenceView.diagram(of: flow).diagram.lines.compactMap { line -> [String]? in
            if case .arrow(_, let from, let to, _) = line { [from, to] } else { nil }
        }
        #expect(arrows == [["s_shop", "s_ledger"], ["s_ledger", "s_helpdesk"]])
    }

    @Test func `a group shows only where its name says something new`() {
        let order = FlowchartView.chart(of: Flow(GoldenFlow.order.records)).chart
        #expect(!order.nodes.contains { $0.shape == .hexagon })
        let routed = FlowchartView.chart(of: Flow(GoldenFlow.routed.records)).chart
        #expect(routed.nodes.filter { $0.shape == .hexagon }.map(\.text) == ["mail-fast", "mail-archive"])
        let batch = FlowchartView.chart(of: Flow(GoldenFlow.batch.records)).chart
        #expect(batch.nodes.filter { $0.shape == .hexagon }.map(\.text) == ["read-model"])
        #expect(batch.edges.contains { $0.text == "batch of 4 · 45 %" })
    }

    @Test func `the sequence tells attempts, waits and the dead letter in order`() {
        let diagram = SequenceView.diagram(of: Flow(GoldenFlow.order.records)).diagram
        let said = diagram.lines.compactMap { line -> String? in
            switch line {
            case .arrow(let arrow, let from, let to, let text): "\(from)\(arrow.rawValue)\(to) \(text)"
            case .note(_, let text): text
            case .activate, .deactivate, .noteAcross, .par, .and, .alt, .otherwise, .end: nil
            }
        }
        #expect(
            said == [
                "POST /orders · 12 ms",
                "s_orders-)s_billing OrderPlaced · orders · waited 4 ms",
                "s_orders-)s_inventory OrderPlaced · orders · waited 5 ms",
                "s_orders-)s_notifications OrderPlaced · orders · waited 5 ms",
                "attempt 1 ✗ TemplateError",
                "s_inventory-)s_shipping StockReserved · stock · waited 7 ms",
                "attempt 2 ✗ TemplateError",
                "attempt 3 ✗ TemplateError dead letter → orders.dlq",
                "s_billing-)s_shipping PaymentCharged · payments · waited 1.2 s",
                "OrderShipped · shipping · no delivery recorded",
                "s_shipping-)s_notifications SendConfirmationEmail · mail.commands · waited 2 ms",
                "s_notifications--)s_notifications OrderPlaced · orders.dlq · replayed after 41 s ✓",
            ])
    }

    @Test func `alike messages that became different things are told apart, with what came of each`() {
        let lines = SequenceView.diagram(of: Flow(GoldenFlow.mixedOutcomes.records)).diagram.lines
        let told = lines.compactMap { line -> String? in
            switch line {
            case .alt(let text): "alt \(text)"
            case .otherwise(let text): "else \(text)"
            case .arrow(_, let from, let to, let text): "\(from) \(to) \(text)"
            case .note(_, let text): text
            case .end: "end"
            default: nil
            }
        }
        #expect(
            told == [
                "s_portal s_splitter ImportBegan · imports · waited 2 ms",
                "alt 8 of 12 done ✓",
                "s_splitter s_loader RowRead ×8 · rows · waited 1.5 ms",
                "s_loader s_search RowStored ×8 · stored · waited 2.5 ms",
                "else 2 of 12 done after 2 attempts ✓",
                "s_splitter s_loader RowRead ×2 · rows · waited 1.5 ms",
                "s_loader s_search RowStored ×2 · stored · waited 2.5 ms",
                "else 2 of 12 dead-lettered after 3 attempts ✗ BadRow",
                "s_splitter s_loader RowRead ×2 · rows · waited 1.5 ms",
                "dead letters → rows.dlq",
                "end",
            ])
    }

    /// What is inside of a block stays inside, so that every end closes what was opened last.
    @Test(arguments: GoldenFlow.allCases)
    func `every block is closed, and has more than one part`(golden: GoldenFlow) {
        var parts: [Int] = []
        for line in SequenceView.diagram(of: Flow(golden.records)).diagram.lines {
            switch line {
            case .par, .alt: parts.append(1)
            case .and, .otherwise: parts[parts.count - 1] += 1
            case .end: #expect((parts.popLast() ?? 0) > 1)
            default: break
            }
        }
        #expect(parts.isEmpty)
    }

    @Test(arguments: GoldenFlow.allCases)
    func `nobody stops working who has not begun, and everybody stops`(golden: GoldenFlow) {
        var working: [String: Int] = [:]
        for line in SequenceView.diagram(of: Flow(golden.records)).diagram.lines {
            if case .activate(let id) = line { working[id, default: 0] += 1 }
            if case .deactivate(let id) = line { working[id, default: 0] -= 1 }
            #expect(working.values.allSatisfy { $0 >= 0 })
        }
        #expect(working.values.allSatisfy { $0 == 0 })
    }

    @Test(arguments: GoldenFlow.allCases)
    func `the causation view has an arrow for each cause`(golden: GoldenFlow) {
        let flow = Flow(golden.records)
        var options = ViewOptions()
        options.unfolding = .everything
        let chart = CausationView.chart(of: flow, options: options).chart
        let causes = flow.messages.reduce(0) { $0 + $1.causes.count }
        let correlated = flow.edges.count { $0.relation == .correlates }
        let outcomes = chart.nodes.count { $0.id.hasPrefix("o_") }
        let notes = chart.nodes.count { $0.shape == .flag }
        #expect(chart.nodes.count == flow.messages.count + outcomes + notes)
        #expect(notes == ([.skewed, .cycle].contains(golden) ? 1 : 0), "only where times contradict causes")
        #expect(chart.edges.count == causes + correlated + outcomes)
    }

    private func notes(_ flow: Flow) -> [String] {
        SequenceView.diagram(of: flow).diagram.lines.compactMap { line in
            switch line {
            case .note(_, let text), .noteAcross(let text): text
            default: nil
            }
        }
    }

    @Test func `the sequence notes what began by itself and what failed, and counts other work`() {
        let order = notes(Flow(GoldenFlow.order.records))
        #expect(order.last == "not drawn: 1 operation without a message (INSERT payments)")
        #expect(notes(Flow(GoldenFlow.requests.records)).contains("POST /checkout · 90 ms"))
        #expect(!notes(Flow(GoldenFlow.requests.records)).contains { $0.contains("not drawn") }, "a call is an arrow")
        var script = FlowScript(correlation: "c")
        let web = script.work("shop", "POST /orders", kind: .server, at: 0, took: 50)
        for number in 0..<3 {
            script.work("shop", "SELECT stock", kind: .client, at: 3 + Double(number), took: 1, in: web)
        }
        script.work("shop", "INSERT orders", kind: .client, at: 8, took: 2, in: web)
        script.work("shop", "POST /fraud", kind: .client, at: 12, took: 30, in: web, error: "Timeout")
        script.send("shop", "Order", id: "1", to: "orders", at: 45, in: web)
        let told = notes(Flow(script.records))
        #expect(
            told.prefix(3) == [
                "POST /orders · 50 ms", "POST /fraud · 30 ms ✗ Timeout", "Order · orders · no delivery recorded",
            ])
        #expect(told.last == "not drawn: 4 operations without a message (SELECT stock ×3, INSERT orders)")
    }

    @Test func `what handles or sends messages is no other work, however its spans are nested`() {
        for golden in [GoldenFlow.brokerDeadLetter, .batchWithSpans] {
            #expect(!notes(Flow(golden.records)).contains { $0.hasPrefix("process ") }, "\(golden)")
        }
    }

    @Test func `where clocks leave a wait unknown, no share of the path is made of it`() {
        let labels = FlowchartView.chart(of: Flow(GoldenFlow.skewed.records)).chart.edges.compactMap(\.text)
        #expect(labels.filter { $0.hasPrefix("delivers") } == ["delivers · waited ?", "delivers · waited ?"])
    }

    @Test func `a pull that brought nothing is drawn with where from and what for`() {
        for (batch, words) in [(0, "pulled nothing"), (nil, "pulled; which message, if any, was not recorded")] {
            var script = FlowScript(correlation: nil)
            let pull = script.process(
                "billing", nil, id: nil, from: "orders", at: 0, took: 5, settled: nil, operation: .receive)
            if let batch { script.set([MessagingAttribute.batchMessageCount: .int(Int64(batch))], on: pull) }
            let flow = Flow(script.records)
            let chart = FlowchartView.chart(of: flow).chart
            #expect(chart.nodes.map(\.id) == ["s_billing", "t_orders"])
            #expect(chart.edges.map(\.text) == [batch == nil ? "pulled" : words])
            #expect(chart.edges.map(\.stroke) == [.dottedLine])
            #expect(notes(flow).contains("receive orders · \(words)"))
            #expect(bars(flow)["billing"]?[0].hasPrefix("receive orders · \(words)") == true)
        }
    }

    private func bars(_ flow: Flow) -> [String: [String]] {
        TimelineView.chart(of: flow).chart.sections.reduce(into: [:]) { $0[$1.title] = $1.tasks.map(\.text) }
    }

    @Test func `the timeline counts all that lay in an outbox, although most of it was sent at once`() {
        var script = FlowScript(correlation: "c")
        let web = script.work("shop", "POST /orders", at: 0, took: 10)
        for number in 0..<7 {
            let sent = script.send("shop", "Order", id: "\(number)", to: "orders", at: 20 + Double(number), in: web)
            let appended = FlowScript.at(number == 0 ? 5 : 19.9 + Double(number)).nanosecondsSinceEpoch
            script.set([ThroughlineAttribute.appendedTime: .int(Int64(appended))], on: sent)
            script.process("mail", "Order", id: "\(number)", from: "orders", at: 100, took: 1, of: sent)
        }
        #expect(
            bars(Flow(script.records))["shop"] == ["POST /orders ◀", "Order ×7 · in the outbox 0.1–15 ms"])
    }

    @Test func `each stay in an outbox that can be seen at all is a bar, and not only the longest`() {
        var script = FlowScript(correlation: "c")
        for (number, dwell) in [9.7, 9, 7.1, 0.5].enumerated() {
            let sent = script.send("shop", "Order\(number)", id: "\(number)", to: "orders", at: 10 + Double(number))
            let appended = FlowScript.at(10 + Double(number) - dwell).nanosecondsSinceEpoch
            script.set([ThroughlineAttribute.appendedTime: .int(Int64(appended))], on: sent)
            script.process("mail", nil, id: "\(number)", from: "orders", at: 400, took: 1, of: sent)
        }
        let bars = bars(Flow(script.records))["shop"]?.filter { $0.contains("in the outbox") }
        #expect(bars?.map { $0.prefix(6) } == ["Order0", "Order1", "Order2"])
    }

    @Test func `the timeline has rows for what no message led to, and says what is missing`() {
        #expect(bars(Flow(GoldenFlow.requests.records))["pricing"] == ["POST /quote"])
        #expect(bars(Flow(GoldenFlow.missingSender.records))["notes"]?.last == "missing: 1 sender (not recorded)")
        let order = bars(Flow(GoldenFlow.order.records))
        #expect(order["orders"] == ["POST /orders"] && order["billing"]?.count == 1)
    }

    @Test func `repeated siblings are folded, with their number`() {
        var script = FlowScript(correlation: "bulk")
        let job = script.work("importer", "import", at: 0, took: 100)
        let first = script.send("importer", "ImportBegan", id: "b", to: "imports", at: 1, in: job)
        let handler = script.process("splitter", "ImportBegan", id: "b", from: "imports", at: 4, took: 90, of: first)
        for row in 0..<40 {
            let sent = script.send(
                "splitter", "RowRead", id: "r\(row)", to: "rows", at: 5 + Double(row), in: handler, causes: ["b"])
            script.process("loader", "RowRead", id: "r\(row)", from: "rows", at: 8 + Double(row), took: 1, of: sent)
        }
        let flow = Flow(script.records)
        let causation = CausationView.chart(of: flow).chart
        #expect(causation.nodes.map(\.text) == ["ImportBegan", "RowRead ×40"])
        let flowchart = FlowchartView.chart(of: flow).chart
        #expect(flowchart.edges.contains { $0.text == "emits RowRead ×40" })
        #expect(FlowView.tree.render(flow).contains("RowRead ×40 → rows ▸ loader ×40"))
    }

    @Test(arguments: GoldenFlow.allCases)
    func `every view is the same for the same records in any order`(golden: GoldenFlow) {
        let expected = FlowView.allCases.map { $0.render(Flow(golden.records)) }
        for seed in 0..<10 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let flow = Flow(golden.records.shuffled(using: &random))
            #expect(FlowView.allCases.map { $0.render(flow) } == expected)
        }
    }

    @Test(arguments: GoldenFlow.allCases)
    func `no view fails when any one span is missing`(golden: GoldenFlow) {
        for missing in golden.records.indices {
            var records = golden.records
            records.remove(at: missing)
            let flow = Flow(records)
            for view in FlowView.allCases { #expect(view.render(flow).hasSuffix("\n")) }
        }
    }

    @Test func `JSON and the tree leave no control character of a name in their output`() {
        let flow = Flow(GoldenFlow.hostile.records)
        let outputs = [FlowView.json.render(flow), FlowView.tree.render(flow)]
        for output in outputs {
            #expect(output.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        }
    }

    @Test func `the tree has colours only when they are asked for`() {
        let flow = Flow(GoldenFlow.order.records)
        var coloured = ViewOptions()
        coloured.isColoured = true
        let plain = FlowView.tree.render(flow)
        let colourful = FlowView.tree.render(flow, options: coloured)
        #expect(!plain.contains("\u{1B}") && colourful.contains("\u{1B}[31m"))
        #expect(colourful.replacing(/\u{1B}\[[0-9]*m/, with: "") == plain)
    }
}
