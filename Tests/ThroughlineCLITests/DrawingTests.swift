import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@Suite("Drawing flows and maps")
struct DrawingTests {
    @Test(
        "Standard output has the diagram and nothing else",
        arguments: [
            ("flowchart", "flowchart "), ("sequence", "sequenceDiagram"), ("causation", "flowchart "), ("json", "{"),
            ("tree", "OrderPlaced"),
        ])
    func onlyTheDiagram(view: String, start: String) throws {
        let outcome = try Scratch.withOrder().run("flow", "--last", "--as", view)
        #expect(outcome.code == 0)
        #expect(outcome.error.isEmpty)
        // Mermaid allows a title in front matter before the diagram.
        var lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") { lines.removeFirst(end + 1) }
        #expect(lines.first?.hasPrefix(start) == true)
        #expect(outcome.output.hasSuffix("\n"))
        if view == "json" { _ = try outcome.json(as: [String: Any].self) }
    }

    @Test("A note goes to standard error, and the diagram stays a diagram")
    func notes() throws {
        let scratch = try Scratch.withOrder()
        let cut = try scratch.run("flow", "--last", "--as", "json", "--limit", "3")
        #expect(cut.code == 0)
        #expect(cut.error.hasPrefix("throughline: ") && cut.error.contains("--limit"))
        let flow = try cut.json(as: [String: Any].self)
        #expect((flow["summary"] as? [String: Any])?["isCut"] as? Bool == true)
        let reasons = (flow["gaps"] as? [[String: Any]])?.map { $0["reason"] as? String } ?? []
        #expect(!reasons.isEmpty && reasons.allSatisfy { $0 == "left out by a limit" })
    }

    @Test("Any id of the flow gives the same flow")
    func anyID() throws {
        let scratch = try Scratch.withOrder()
        let expected = try scratch.run("flow", "--last").output
        let record = try #require(GoldenFlow.order.records.first { $0.kind == .producer })
        let messageID = try #require(record.attributes[MessagingAttribute.messageID]?.stringValue)
        for id in [
            "order-1042", messageID, record.traceID.hex, record.traceID.hex.uppercased(), record.spanID.hex,
            "\(MessagingAttribute.messageID)=\(messageID)",
        ] {
            // What was asked for is marked.
            let output = try scratch.run("flow", id).output.replacing("  ◀ asked for", with: "")
            #expect(output == expected, "by \(id)")
        }
    }

    @Test("--last is the flow that began last")
    func last() throws {
        let scratch = try Scratch.withOrder()
        let before = try #require(GoldenFlow.order.records.map(\.start).max())
        try scratch.record([
            SpanRecord(
                traceID: TraceID(high: 9, low: 9), spanID: SpanID(9), name: "send refunds", kind: .producer,
                start: before.advanced(byNanoseconds: 1_000_000_000),
                end: before.advanced(byNanoseconds: 1_001_000_000),
                attributes: [
                    MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "refunds",
                    MessagingAttribute.messageID: "m-refund", MessagingAttribute.conversationID: "refund-7",
                ])
        ])
        let outcome = try scratch.run("flow", "--last", "--as", "flowchart")
        #expect(outcome.output.contains("refunds"))
        #expect(!outcome.output.contains("OrderPlaced"))
    }

    @Test("A terminal gets colours, unless NO_COLOR is set or the terminal is dumb; a pipe never does")
    func colours() throws {
        let scratch = try Scratch.withOrder()
        #expect(try scratch.runOnTerminal("flow", "--last").hasEscapes)
        #expect(try scratch.runOnTerminal("flow", "--last", environment: ["NO_COLOR": ""]).hasEscapes)
        #expect(try !scratch.runOnTerminal("flow", "--last", environment: ["NO_COLOR": "1"]).hasEscapes)
        #expect(try !scratch.runOnTerminal("flow", "--last", environment: ["TERM": "dumb"]).hasEscapes)
        #expect(try !scratch.runOnTerminal("flow", "--last", "--as", "sequence").hasEscapes)
        #expect(try !scratch.run("flow", "--last").hasEscapes)
        #expect(try !scratch.run("flows").hasEscapes)
    }

    @Test("The map draws every destination, or one with its neighbours, or gives numbers")
    func map() throws {
        let scratch = try Scratch.withOrder()
        let all = try scratch.run("map")
        #expect(all.code == 0 && all.error.isEmpty)
        #expect(all.output.hasPrefix("flowchart"))
        #expect(all.output.contains("payments") && all.output.contains("stock"))
        let one = try scratch.run("map", "--destination", "stock")
        #expect(one.output.contains("stock") && !one.output.contains("[[\"payments"))
        _ = try scratch.run("map", "--as", "json").json(as: [String: Any].self)
        #expect(try scratch.run("map", "--destination", "nowhere").error.contains("payments"), "says what there is")
    }
}
