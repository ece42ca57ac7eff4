import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@Suite("Demo, doctor and prune")
struct UpkeepTests {
    @Test("The demo draws the flow that it recorded and names three commands, each of which works")
    func demo() throws {
        let scratch = try Scratch()
        let outcome = try scratch.run("demo", "--store", "it's a demo.db")
        #expect(outcome.code == 0)
        #expect(outcome.error.isEmpty)
        #expect(!outcome.hasEscapes)
        #expect(outcome.output.contains("orders emits OrderPlaced → orders"))
        #expect(outcome.output.contains("flowchart LR"))
        #expect(outcome.output.contains("it's a demo.db"))

        let commands = outcome.output.split(separator: "\n").filter { $0.hasPrefix("  swift run throughline ") }
        #expect(commands.count == 3)
        for command in commands {
            // As the shell would take it apart.
            let words = command.split(separator: " ").map(String.init)
            let start = try #require(words.firstIndex(of: "--store"))
            #expect(words[(start + 1)...].joined(separator: " ").hasPrefix("'it'\\''s a demo.db'"))
            let rest = command.contains("sequence") ? ["--as", "sequence"] : []
            let run = try scratch.run(words[3..<start] + ["--store", "it's a demo.db"] + rest)
            #expect(run.code == 0)
            #expect(!run.output.isEmpty)
        }
        #expect(try scratch.run("doctor", "--store", "it's a demo.db").output.contains("sound"))

        // The picture and the command beside it are about the same flow, and say the same of it.
        let id = try #require(outcome.output.firstMatch(of: /throughline flow (\S+) --store/)?.1)
        let tree = outcome.output.components(separatedBy: "What happened because of OrderPlaced:\n\n").last ?? ""
        let again = try scratch.run("flow", String(id), "--store", "it's a demo.db").output
        #expect(tree.hasPrefix("OrderPlaced …\(id.suffix(8)) · ") && again.hasPrefix("OrderPlaced …\(id.suffix(8)) · "))
        #expect(tree.contains("still in flight") == again.contains("still in flight"))
        #expect(!(tree + again).contains(/no delivery recorded(?!; perhaps still in flight)/))
    }

    @Test("What the README and the help tell to type works as it is written on the store of the demo")
    func examples() throws {
        let scratch = try Scratch()
        #expect(try scratch.run("demo").code == 0)
        let flows: [[String: Any]] = try scratch.run("flows", "--json").json()
        let id = try #require(flows.first { $0["correlationID"] is String }?["id"] as? String)
        let readme = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../README.md")
        let pages =
            [try String(contentsOf: readme, encoding: .utf8)]
            + ["flow", "tail"].map { command in
                (try? scratch.run(command, "--help").output) ?? ""
            }
        var commands: [String] = []
        for line in pages.joined(separator: "\n").split(separator: "\n") {
            let line = line.trimmingPrefix { $0 == " " }.trimmingPrefix("swift run ")
            guard let words = line.wholeMatch(of: /throughline ((flow|flows|map|tail|doctor)( .*)?)/)?.1 else {
                continue
            }
            commands.append(words.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces))
        }
        #expect(commands.count >= 10)
        for command in commands {
            var words = command.replacing("<any id>", with: id).split(separator: " ").map(String.init)
            // It goes on until there is something to show.
            if words[0] == "tail" { words += ["--count", "1"] + (words.contains("--since") ? [] : ["--since", "1h"]) }
            let outcome = try scratch.run(words)
            #expect(outcome.code == 0, "throughline \(command): \(outcome.error)")
            #expect(!outcome.output.isEmpty || words.contains("-o"), "throughline \(command)")
        }
    }

    @Test("The demo records into traces.db here, again and again, and shows the newest run")
    func demoAgain() throws {
        let scratch = try Scratch()
        let first = try scratch.run("demo")
        #expect(first.code == 0)
        #expect(!first.output.contains("--store"), "the default needs no option")
        let spans = try spanCount(scratch)
        let second = try scratch.run("demo")
        #expect(second.code == 0)
        #expect(try spanCount(scratch) > spans)
        func id(_ outcome: Outcome) -> Substring? {
            outcome.output.firstMatch(of: /throughline flow (\S+) --as/)?.1
        }
        #expect(id(first) != nil && id(first) != id(second))
    }

    @Test("doctor says what is in the store, for people and as JSON")
    func doctor() throws {
        let scratch = try Scratch.withOrder()
        let words = try scratch.run("doctor")
        #expect(words.code == 0 && words.error.isEmpty)
        #expect(words.output.contains("sound"))
        let report: [String: Any] = try scratch.run("doctor", "--json").json()
        #expect(report["store"] as? String == "traces.db")
        #expect(report["spans"] as? Int == GoldenFlow.order.records.count { $0.end != nil })
        #expect(report["unfinished"] as? Int == GoldenFlow.order.records.count { $0.end == nil })
        #expect(report["problems"] as? [String] == [])
        for key in ["schemaVersion", "traces", "links", "fileBytes", "freeBytes", "walBytes"] {
            #expect(report[key] is Int, "\(key)")
        }
    }

    @Test("prune deletes by age or size what is asked for, and nothing else")
    func prune() throws {
        let scratch = try Scratch.withOrder()
        let before = try spanCount(scratch)
        // Golden flows lie in the past or future of the machine's clock: a limit of a hundred years deletes none.
        let none = try scratch.run("prune", "--older-than", "36500d")
        #expect(none.code == 0 && none.output == "Nothing to delete.\n")
        #expect(try scratch.run("prune", "--max-size", "1GB").output == "Nothing to delete.\n")
        #expect(try spanCount(scratch) == before)
        let tiny = try scratch.run("prune", "--max-size", "1B")
        #expect(tiny.code == 2 && tiny.error.contains("Even without any span traces.db takes about "))
        #expect(try spanCount(scratch) == before, "it would not fit, so nothing is deleted for it")
        let all = try scratch.run("prune", "--older-than", "0s")
        #expect(all.code == 0 && all.output.hasPrefix("Deleted "))
        #expect(try spanCount(scratch) == 0)
    }

    @Test("prune --thin wants a share and an age, and keeps everything when the share is all")
    func thin() throws {
        let scratch = try Scratch.withOrder()
        let before = try spanCount(scratch)
        #expect(try scratch.run("prune", "--thin", "0.1").code == 2)
        #expect(try scratch.run("prune", "--thin", "2", "--older-than", "1d").code == 2)
        let all = try scratch.run("prune", "--thin", "1", "--older-than", "0s")
        #expect(all.code == 0 && all.output == "Nothing to delete.\n")
        #expect(try spanCount(scratch) == before)
    }

    @Test("prune --thin keeps what an exporter has still to deliver and says so, unless it is told not to")
    func thinUndelivered() throws {
        let scratch = try Scratch()
        var script = FlowScript(correlation: "order-1")
        script.send("shop", "OrderPlaced", id: "m-1", to: "orders", at: 0)
        try scratch.record(script.records)
        #expect(try scratch.run("export", "--otlp", "http://127.0.0.1:9", "--patience", "0s").code == 6)
        let spared = try scratch.run("prune", "--thin", "0", "--older-than", "0s")
        #expect(spared.code == 6 && spared.error.contains("1 span stays although past the limit, because otlp has"))
        #expect(try spanCount(scratch) == 1)
        let thinned = try scratch.run("prune", "--thin", "0", "--older-than", "0s", "--undelivered")
        #expect(thinned.code == 0 && thinned.error.contains("1 span of them had not been exported yet"))
        #expect(try spanCount(scratch) == 0)
    }

    private func spanCount(_ scratch: Scratch) throws -> Int {
        let report: [String: Any] = try scratch.run("doctor", "--json").json()
        return try #require(report["spans"] as? Int) + #require(report["unfinished"] as? Int)
    }
}
