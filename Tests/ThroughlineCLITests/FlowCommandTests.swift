import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@Suite("One flow, however it is asked for")
struct FlowCommandTests {
    @Test("prints JSON in pieces, the same text that a file gets, and JSON to its end")
    func json() throws {
        let name = "a \"name\" \\ with\ttabs, \u{7F} and 東京"
        let scratch = try Scratch()
        let records = (1...1_000 as ClosedRange<UInt64>).map { number in
            let start = Timestamp(nanosecondsSinceEpoch: 1_790_000_000_000_000_000 + number)
            return SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(number), parentID: number > 1 ? SpanID(1) : nil,
                name: name, start: start, end: start.advanced(byNanoseconds: 1))
        }
        try scratch.record(records)
        let printed = try scratch.run("flow", TraceID(high: 1, low: 1).hex, "--as", "json")
        #expect(try scratch.run("flow", TraceID(high: 1, low: 1).hex, "--as", "json", "-o", "flow.json").code == 0)
        #expect(try Data(contentsOf: scratch.directory.appending(path: "flow.json")) == Data(printed.output.utf8))
        let flow: [String: Any] = try printed.json()
        let operations = try #require(flow["operations"] as? [[String: Any]])
        #expect(operations.count == records.count && operations.allSatisfy { $0["name"] as? String == name })
        #expect((flow["gaps"] as? [Any])?.isEmpty == true, "an empty list is one, too")
    }

    @Test("An attribute that several flows have lists them, the newest first, and exits with 5")
    func several() throws {
        let scratch = try Scratch()
        try scratch.record(Self.two)
        let outcome = try scratch.run("flow", "tenant=acme")
        #expect(outcome.code == 5)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("'tenant=acme' belongs to 2 flows"))
        let rows = outcome.error.split(separator: "\n").filter { $0.hasPrefix("  2026-") }
        #expect(rows.count == 2 && rows[0].hasSuffix("  second") && rows[1].hasSuffix("  first"))
        #expect(outcome.error.contains("\n  throughline flow 'second'\n"))
        #expect(try scratch.run("flow", "first").code == 0)
    }

    @Test("Operations, and messages without ids, are found by the ids that --as json gives them")
    func printedIDs() throws {
        let scratch = try Scratch()
        var script = FlowScript(correlation: nil)
        let sent = script.send("shop", "OrderPlaced", id: nil, to: "orders", at: 0)
        script.process("billing", "OrderPlaced", id: nil, from: "orders", at: 2, took: 1, of: sent)
        try scratch.record(script.records)
        let flow: [String: Any] = try scratch.run("flow", "--last", "--as", "json").json()
        let messages = try #require(flow["messages"] as? [[String: Any]])
        let operations = try #require(flow["operations"] as? [[String: Any]])
        let ids = messages.compactMap { $0["id"] as? String }
        let spans = operations.compactMap { $0["spanID"] as? String }
        #expect(ids.count == 1 && spans.count == 2)
        let tree = try scratch.run("flow", "--last").output
        for id in ids + spans.map({ "\(sent.traceID.hex)-\($0)" }) {
            let shown = try scratch.run("flow", id)
            #expect(shown.code == 0, "\(id): \(shown.error)")
            // The whole flow, and what was asked about is marked in it.
            #expect(shown.output.split(separator: "\n").count == tree.split(separator: "\n").count, "\(shown.output)")
            #expect(shown.output.contains("◀ asked") && shown.output.contains("billing"), "\(shown.output)")
        }
        #expect(try scratch.run("flow", "\(TraceID(high: 9, low: 9).hex)-\(spans[0])").code == 1)
    }

    @Test("An id that messages of several brokers have lists their flows, and each is shown by itself")
    func namesakes() throws {
        let scratch = try Scratch()
        let two = GoldenFlow.namesakes.records.map { record in
            var record = record
            record.attributes[MessagingAttribute.conversationID] = nil
            return record
        }
        try scratch.record(two)
        let outcome = try scratch.run("flow", "42")
        #expect(outcome.code == 5 && outcome.output.isEmpty)
        #expect(outcome.error.contains("'42' belongs to 2 flows"))
        let shown = try two.map { try scratch.run("flow", $0.traceID.hex, "--as", "json").json(as: [String: Any].self) }
        let sent = ["MeterRead", "MeterRead", "BillMade", "BillMade"]
        for (flow, type) in zip(shown, sent) {
            let messages = flow["messages"] as? [[String: Any]]
            #expect(messages?.map { $0["type"] as? String } == [type])
            #expect(messages?.map { $0["id"] as? String } == ["42"])
        }
        for (place, record) in two.enumerated() where place % 2 == 0 {
            #expect(outcome.error.contains("  \(record.traceID.hex)\n"))
        }
    }

    @Test("What is no id is told what it is, and how to get on")
    func noID() throws {
        let scratch = try Scratch.withOrder()
        func error(_ id: String) throws -> String {
            let outcome = try scratch.run("flow", id)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            return outcome.error
        }
        for (name, kind, option) in [
            ("billing", "service", "--service"), ("mail.commands", "destination", "--destination"),
            ("PaymentCharged", "message type", "--type"),
        ] {
            #expect(
                try error(name)
                    == "throughline: '\(name)' is no id but a \(kind). Its flows: throughline flows \(option) '\(name)'\n"
            )
            #expect(try scratch.run("flows", option, name).output.contains("OrderPlaced"))
        }
        #expect(try error("order.id=77").contains("has an attribute order.id with the value '77'."))
        #expect(try error("104").contains("must have four characters"))
    }

    @Test("An id that very many flows have says how many, and lists some")
    func many() throws {
        let scratch = try Scratch()
        try scratch.record(
            (1...600).flatMap { number in
                var script = FlowScript(correlation: "meter-\(number)", seed: UInt64(number))
                let sent = script.send("meter-\(number)", "Read", id: "42", to: "readings-\(number)", at: 0)
                script.process("hub-\(number)", "Read", id: "42", from: "readings-\(number)", at: 2, took: 1, of: sent)
                return script.records
            })
        let outcome = try scratch.run("flow", "42")
        #expect(outcome.code == 5 && outcome.error.contains("'42' belongs to 600 flows. Ask for one of them:"))
        #expect(outcome.error.contains("… and 580 more"))
        let part = try scratch.run("flow", "meter-")
        #expect(part.code == 5 && part.error.contains("'meter-' belongs to 20 flows or more. Ask for one of them:"))
    }

    @Test("The title names what was asked for, and the flow's first message where that is another one")
    func titles() throws {
        let scratch = try Scratch.withOrder()
        func title(_ id: String) throws -> Substring? {
            try scratch.run("flow", id).output.split(separator: " · ").first
        }
        #expect(try title("order-1042") == "OrderPlaced order-1042")
        #expect(try title("m-placed") == "OrderPlaced order-1042")
        #expect(try title("m-charged") == "PaymentCharged m-charged of OrderPlaced order-1042")
        let json: [String: Any] = try scratch.run("flow", "m-mail", "--as", "json").json()
        let headline = (json["summary"] as? [String: Any])?["headline"] as? String
        #expect(headline?.hasPrefix("SendConfirmationEmail m-mail of OrderPlaced order-1042 · ") == true)
        #expect(
            try scratch.run("flow", "m-mail", "--as", "sequence").output.contains("SendConfirmationEmail m-mail of"))
    }

    @Test("A headline or a note that is too long for the screen goes on in the next line, with all that it says")
    func headline() throws {
        let scratch = try Scratch.withOrder()
        func lines(_ columns: String) throws -> [Substring] {
            try scratch.run("flow", "m-charged", environment: ["COLUMNS": columns]).output.split(separator: "\n")
        }
        let (whole, narrow) = (try lines("200"), try lines("60"))
        #expect(narrow[0].count <= 60 && narrow[1].hasPrefix("  ") && narrow[1].count <= 60)
        #expect(narrow[0] + " · " + narrow[1].dropFirst(2) == whole[0])
        let note = try #require(whole.first { $0.hasPrefix("critical path") })
        let place = try #require(narrow.firstIndex { $0.hasPrefix("critical path") })
        #expect(note.count > 60 && narrow[place].count <= 60)
        #expect(narrow[place] + narrow[place + 1].dropFirst() == note)
    }

    @Test("--expand of what is not there says so and what is, and shows the flow as without it")
    func expandNothing() throws {
        let scratch = try Scratch.withOrder()
        let outcome = try scratch.run("flow", "--last", "--expand", "Nope", "--expand", "PaymentCharged")
        #expect(outcome.code == 0 && outcome.output.hasPrefix("OrderPlaced order-1042"))
        #expect(outcome.error.contains("Nothing in the flow is named 'Nope'"))
        #expect(outcome.error.contains("There is: OrderPlaced, "))
        let many = (1...30).flatMap { number in
            var script = FlowScript(correlation: "c", seed: UInt64(number))
            script.send("shop", "Read", id: "m-\(number)", to: "readings", at: Double(number))
            return script.records
        }
        try scratch.record(many, in: "many.db")
        let (folded, open) = (
            try scratch.run("flow", "c", "--store", "many.db"),
            try scratch.run("flow", "c", "--store", "many.db", "--expand", "Nope")
        )
        #expect(folded.output.contains("×30") && open.output == folded.output)
    }

    @Test("A limit that leaves hardly anything of the flow shows that, and what is left out")
    func limit() throws {
        let outcome = try Scratch.withOrder().run("flow", "--last", "--limit", "1")
        #expect(outcome.code == 0 && outcome.error.contains("more than 1 span; the rest is left out"))
        #expect(outcome.output.split(separator: "\n").count > 1, "\(outcome.output)")
    }

    @Test("The flows to choose from fit the terminal, with start, title and the whole id", arguments: [70, 90, 120])
    func choice(columns: Int) throws {
        let scratch = try Scratch()
        let ids = [1, 2].map { "0198b2c4-7d5e-7000-8000-9a3f0000000\($0)" }
        for id in ids {
            var script = FlowScript(correlation: id, seed: UInt64(id.utf8.last ?? 0))
            script.send("storefront", "com.example.ordering.OrderPlaced", id: id, to: "orders", at: 0)
            try scratch.record(
                script.records.map { record in
                    var record = record
                    record.attributes["tenant"] = "acme"
                    return record
                })
        }
        let outcome = try scratch.run("flow", "tenant=acme", environment: ["COLUMNS": "\(columns)"])
        let rows = outcome.error.split(separator: "\n").filter { line in ids.contains { line.hasSuffix("  \($0)") } }
        #expect(rows.count == 2 && rows.allSatisfy { $0.count <= columns && $0.contains("08-20") }, "\(rows)")
        #expect(rows.allSatisfy { $0.contains("Placed") }, "\(rows)")
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
        let outcome = try scratch.run("flow", "import-1")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("RowRead ×200 → rows"))
        #expect(outcome.error.contains("--expand"))
        #expect(outcome.output.split(separator: "\n").count <= 48)
        let named = try scratch.run("flow", "import-1", "--expand", "row-7")
        #expect(named.output.contains("RowRead ×199 → rows") && named.output.contains("RowRead → rows ▸ loader"))
        let all = try scratch.run("flow", "row-7", "--expand", "all")
        #expect(all.output.split(separator: "\n").count > 200)
        #expect(all.error.isEmpty)
    }

    @Test("What was asked about stands by itself among what is like it", arguments: ["row-7", "row.number=7"])
    func askedFor(id: String) throws {
        let scratch = try Scratch()
        try scratch.record(
            LargeFlowShape.wide.records(spans: 400).map { record in
                var record = record
                if record.attributes[MessagingAttribute.messageID] == "row-7" { record.attributes["row.number"] = 7 }
                return record
            })
        let outcome = try scratch.run("flow", id)
        #expect(outcome.output.contains("RowRead ×199 → rows"))
        #expect(outcome.output.split(separator: "\n").count { $0.contains("◀ asked for") } == 1)
        #expect(outcome.output.contains("RowRead → rows ▸ loader"))
    }

    @Test("A trace that is a consumer's life shows the one delivery, and says that it left out the others")
    func lifelongTrace() throws {
        let scratch = try Scratch()
        try scratch.record(Self.life)
        let trace = Self.life[0].traceID.hex
        let outcome = try scratch.run("flow", "job-7")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("1 message") && outcome.output.contains("◀ asked for"))
        #expect(outcome.error.contains("More than 1000 deliveries begin in trace \(trace)"))
        #expect(!outcome.output.contains("sender unknown") && !outcome.output.contains("not recorded"))
        let alone = try scratch.run("flow", "job-8")
        #expect(alone.output.contains("sender unknown (not instrumented)"))
        let all = try scratch.run("flow", trace)
        #expect(all.code == 5 && all.error.contains("belongs to 1002 flows. Ask for one of them"))
        #expect(all.error.contains(/\s\sjob-\d+\n/))
    }

    /// A loop that handles 1,001 messages in the trace that it began; whoever sent the seventh recorded it.
    private static var life: [SpanRecord] {
        let trace = TraceID(high: 1, low: 1)
        let start = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000)
        let loop = SpanRecord(traceID: trace, spanID: SpanID(1), name: "loop", start: start)
        let sender = SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(5_000), name: "send jobs", kind: .producer,
            start: start, end: start.advanced(byNanoseconds: 1_000),
            attributes: [
                MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "jobs",
                MessagingAttribute.messageID: "job-7",
            ])
        return [loop, sender]
            + (1...1_001).map { number in
                SpanRecord(
                    traceID: trace, spanID: SpanID(UInt64(number) + 1), parentID: loop.spanID, name: "process jobs",
                    kind: .consumer, start: start.advanced(byNanoseconds: UInt64(number) * 1_000_000),
                    end: start.advanced(byNanoseconds: UInt64(number) * 1_000_000 + 500_000),
                    attributes: [
                        MessagingAttribute.operationType: "process", MessagingAttribute.destinationName: "jobs",
                        MessagingAttribute.messageID: "job-\(number)",
                    ])
            }
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
