import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@Suite("One flow, however it is asked for")
struct FlowCommandTests {
    @Test("An attribute that several flows have lists them, and exits with 5")
    func several() throws {
        let scratch = try Scratch()
        try scratch.record(Self.two)
        let outcome = try scratch.run("flow", "tenant=acme")
        #expect(outcome.code == 5)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("'tenant=acme' belongs to 2 flows"))
        #expect(
            outcome.error.contains("throughline flow 'first'") && outcome.error.contains("throughline flow 'second'"))
        #expect(try scratch.run("flow", "first").code == 0)
    }

    @Test("A file named with -o has the picture, and standard output nothing")
    func file() throws {
        let scratch = try Scratch.withOrder()
        let outcome = try scratch.run("flow", "--last", "--as", "timeline", "-o", scratch.path("flow.mmd"))
        #expect(outcome.code == 0 && outcome.output.isEmpty)
        let text = try String(contentsOf: URL(filePath: scratch.path("flow.mmd")), encoding: .utf8)
        #expect(text == (try scratch.run("flow", "--last", "--as", "timeline").output))
        #expect(text.contains("gantt"))
        let nowhere = try scratch.run("flow", "--last", "-o", scratch.path("no/such/flow.mmd"))
        #expect(nowhere.code == 2 && nowhere.error.contains("no/such/flow.mmd"))
    }

    @Test("What is folded is said beside the picture, with the way to unfold it")
    func folding() throws {
        let scratch = try Scratch()
        try scratch.record(LargeFlowShape.wide.records(spans: 400))
        let outcome = try scratch.run("flow", "row-7")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("RowRead ×200 → rows"))
        #expect(outcome.error.contains("--expand"))
        #expect(outcome.output.split(separator: "\n").count <= 48)
        let named = try scratch.run("flow", "row-7", "--expand", "row-7")
        #expect(named.output.contains("RowRead → rows ▸ loader") && named.output.contains("◀ asked for"))
        let all = try scratch.run("flow", "row-7", "--expand", "all")
        #expect(all.output.split(separator: "\n").count > 200)
        #expect(all.error.isEmpty)
    }

    private static var two: [SpanRecord] {
        ["first", "second"].enumerated().flatMap { number, correlation in
            var script = FlowScript(correlation: correlation, seed: UInt64(number + 1))
            let sent = script.send("shop", "OrderPlaced", id: "m-\(correlation)", to: "orders", at: Double(number))
            script.process(
                "billing", "OrderPlaced", id: "m-\(correlation)", from: "orders", at: Double(number) + 2, took: 1,
                of: sent)
            return script.records.map { record in
                var record = record
                record.attributes["tenant"] = "acme"
                return record
            }
        }
    }
}
