import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@Suite("Watching deliveries")
struct TailTests {
    @Test("One line a delivery, in the order in which they were recorded")
    func lines() throws {
        let scratch = try Scratch.withOrder()
        let deliveries = GoldenFlow.order.records.count {
            $0.end != nil && $0.attributes[MessagingAttribute.operationType]?.stringValue == "process"
        }
        let outcome = try scratch.run("tail", "--since", "36500d", "--count", "\(deliveries)")
        #expect(outcome.code == 0)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == deliveries)
        #expect(lines.allSatisfy { $0.contains("er-1042  ") && $0.contains(" → ") && $0.contains("took ") })
        #expect(lines.contains { $0.contains("orders → billing  OrderPlaced  waited ") })
        #expect(lines.contains { $0.contains("✗ TemplateError dead letter") })
        #expect(!outcome.output.contains("\u{1B}"))
        // Where spans were written in the order of their ends, the times go up.
        let ends = GoldenFlow.order.records.filter { $0.end != nil }.sorted {
            ($0.end ?? $0.start) < ($1.end ?? $1.start)
        }
        try scratch.record(ends, in: "ends.db")
        let inOrder = try scratch.run("tail", "--store", "ends.db", "--since", "36500d", "--count", "\(deliveries)")
        let times = inOrder.output.split(separator: "\n").map { $0.prefix(12) }
        #expect(times.count == deliveries && times == times.sorted())
    }

    @Test("Only those that failed, of one destination, of one service; the flow has a colour on a terminal")
    func chosen() throws {
        let scratch = try Scratch.withOrder()
        let failed = try scratch.run("tail", "--since", "36500d", "--failed", "--destination", "orders", "--count", "2")
        #expect(failed.output.split(separator: "\n").allSatisfy { $0.contains("orders → notifications") })
        let coloured = try scratch.runOnTerminal("tail", "--since", "36500d", "--service", "shipping", "--count", "1")
        #expect(coloured.output.contains("\u{1B}[38;5;"))
        let red = try scratch.runOnTerminal("tail", "--since", "36500d", "--failed", "--count", "1")
        #expect(red.output.contains("\u{1B}[38;5;160m✗"))
        #expect(try scratch.run("tail", "--count", "0").code == 2)
        #expect(try scratch.run("tail", "--store", "missing.db").code == 3)
    }

    @Test("A line stays a line on a narrow terminal; a pipe has all of it")
    func fitting() throws {
        let scratch = try Scratch.withOrder()
        let arguments = ["tail", "--since", "36500d", "--count", "8"]
        let whole = try scratch.run(arguments).output.split(separator: "\n")
        #expect(whole.contains { $0.count > 80 })
        for columns in [60, 80] {
            let lines = try scratch.run(arguments, environment: ["COLUMNS": "\(columns)"]).output.split(separator: "\n")
            #expect(lines.count == 8 && lines.allSatisfy { $0.count <= columns }, "\(lines)")
            #expect(lines.allSatisfy { $0.contains("er-1042  ") && $0.contains(" → ") && $0.contains(/[✓✗]/) })
        }
        let terminal = try scratch.runOnTerminal("tail", "--since", "36500d", "--count", "8", columns: 60)
        let seen = terminal.output.replacing(/\u{1B}\[[0-9;]*m/, with: "").split(whereSeparator: \.isNewline)
        #expect(seen.count == 8 && seen.allSatisfy { $0.count <= 60 }, "\(seen)")
    }

    @Test("Retries and replays are told in the words and with the numbers of the flow")
    func later() throws {
        let scratch = try Scratch.withOrder()
        let flow = try scratch.run("flow", "m-placed").output
        let tail = try scratch.run("tail", "--since", "36500d", "--service", "notifications", "--count", "5").output
        for words in [
            "attempt 2 · after 93 ms · took 9 ms ✗ TemplateError",
            "attempt 3 · after 281 ms · took 9 ms ✗ TemplateError",
            "replayed after 41 s · took 14 ms ✓",
        ] {
            #expect(flow.contains(words), "\(flow)")
            #expect(tail.contains(words), "\(tail)")
        }
    }

    @Test("What others recorded is told as the flow tells it: waits, dead letters, and messages that were only pulled")
    func foreign() throws {
        func tail(_ records: [SpanRecord], _ options: String...) throws -> [String] {
            let scratch = try Scratch()
            try scratch.record(records)
            let count = try scratch.run(["tail", "--since", "36500d", "--count", "1"] + options)
            return count.output.split(separator: "\n").map(String.init)
        }
        let azure = ForeignFlow.azure.records.map { record in
            var record = record
            record.name = record.name.replacing("Receiver.Complete", with: "Receiver.DeadLetter")
            return record
        }
        let id = try #require(azure.first?.traceID.hex.suffix(8))
        let dead = try tail(azure, "--failed")
        #expect(dead.count == 1 && dead[0].hasSuffix("ms ✗ dead letter") && dead[0].contains("waited "), "\(dead)")
        #expect(dead[0].contains("\(id)  orders → billing"), "the id that the flow is listed by")
        let pulled = azure.filter { !$0.name.contains("Process") && !$0.name.contains("DeadLetter") }
        let line = try tail(pulled, "--service", "billing")
        #expect(line.count == 1 && line[0].contains("orders → billing  message  waited 1 ms · took 13 ms ✓"), "\(line)")
        let both = try tail(azure, "--service", "mail")
        #expect(both.count == 1 && both[0].contains("took 4 ms"), "who handles it tells it: \(both)")
    }

    @Test("A batch says how many other correlation ids its messages have")
    func batch() throws {
        let scratch = try Scratch()
        var script = FlowScript(correlation: nil)
        let links = (1...4).map { number in
            script.correlation = "order-\(number / 2)"
            let sent = script.send("shop", "Placed", id: "m-\(number)", to: "orders", at: Double(number))
            var link = FlowScript.link(sent, .batchMember, id: "m-\(number)")
            link.attributes[MessagingAttribute.conversationID] = script.correlation.map { .string($0) }
            return link
        }
        script.correlation = nil
        script.process("billing", nil, id: nil, from: "orders", at: 9, took: 1, links: links)
        try scratch.record(script.records)
        let output = try scratch.run("tail", "--since", "36500d", "--count", "1").output
        #expect(output.contains("  order-0 +2 ids  orders → billing  batch of 4"), "\(output)")
    }

    @Test("What is recorded while it runs appears")
    func live() throws {
        let scratch = try Scratch()
        try scratch.record([])
        let process = try scratch.start("tail", "--count", "3", "--since", "1s")
        try scratch.record(GoldenFlow.order.records.map(Self.now))
        let deadline = Date(timeIntervalSinceNow: 60)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        #expect(!process.isRunning)
        if process.isRunning { process.terminate() } else { #expect(process.terminationStatus == 0) }
    }

    private static func now(_ record: SpanRecord) -> SpanRecord {
        var record = record
        let now = Timestamp(nanosecondsSinceEpoch: UInt64(Date().timeIntervalSince1970 * 1e9))
        record.end = record.end.map { now.advanced(byNanoseconds: record.start.nanoseconds(until: $0)) }
        record.start = now
        return record
    }
}
