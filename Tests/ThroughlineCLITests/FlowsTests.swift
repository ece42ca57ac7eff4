import FlowFixtures
import Foundation
import Testing
import ThroughlineFlow
import ThroughlineModel

@Suite("Listing flows, and choosing the store")
struct FlowsTests {
    @Test("flows --json has the keys and types that scripts rely on")
    func json() throws {
        let flows: [[String: Any]] = try Scratch.withOrder().run("flows", "--json").json()
        let flow = try #require(flows.first)
        #expect(flows.count == 1)
        #expect(flow["correlationID"] as? String == "order-1042" && flow["id"] as? String == "order-1042")
        #expect(flow["title"] as? String == "OrderPlaced order-1042")
        let traceIDs = try #require(flow["traceIDs"] as? [String])
        #expect(!traceIDs.isEmpty && traceIDs.allSatisfy { TraceID(hex: $0) != nil })
        let startedAt = try #require(flow["startedAt"] as? String)
        #expect(startedAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let records = GoldenFlow.order.records
        let start = try #require(records.map(\.start).min())
        #expect(startedAt == start.iso8601)
        #expect(flow["durationMs"] as? Double == 2310, "as flow tells it: without the replay of the next day")
        let ids = records.compactMap { $0.attributes[MessagingAttribute.messageID]?.stringValue }
        #expect(flow["messages"] as? Int == Set(ids).count)
        #expect(flow["errors"] as? Int == records.count { $0.status.code == .error })
        #expect(flow["services"] as? [String] == Set(records.compactMap(\.resource.serviceName)).sorted())
    }

    @Test("A flow without a correlation id has null for it, and is listed by its trace")
    func withoutCorrelation() throws {
        let scratch = try Scratch()
        try scratch.record([work(1, at: 0)])
        let flows: [[String: Any]] = try scratch.run("flows", "--json").json()
        #expect(flows.first?["correlationID"] is NSNull)
        let id = try #require(flows.first?["id"] as? String)
        #expect(id == TraceID(high: 7, low: 1).hex)
        #expect(try scratch.run("flows").output.contains("work …00000001"))
        for shown in [id, "…00000001", "00000001"] {
            #expect(try scratch.run("flow", shown).output.hasPrefix("work …00000001 · "))
        }
        #expect(try scratch.run("flow", "--last").code == 0)
    }

    @Test("Names from outside neither break the table nor reach the terminal")
    func hostileNames() throws {
        let scratch = try Scratch()
        var span = work(1, at: 0)
        span.resource = Resource(attributes: [ResourceAttribute.serviceName: "shop\n\u{1B}[2J店"])
        span.attributes[MessagingAttribute.system] = "kafka"
        span.attributes[MessagingAttribute.conversationID] = "order\r\n42"
        try scratch.record([span, work(2, at: 5)])
        let lines = try scratch.run("flows").output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.contains { $0.contains("shop  [2J店      work order  42") }, "\(lines)")
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") && !$0.contains("\r") })
    }

    @Test("The list fits the terminal; a pipe has all of it", arguments: [118, 100, 80, 60, 40])
    func narrow(columns: Int) throws {
        let scratch = try Scratch.withOrder()
        let ids = [1, 2].map { "0198b2c4-7d5e-7000-8000-9a3f0000000\($0)" }
        for (number, id) in ids.enumerated() {
            var script = FlowScript(correlation: id, seed: UInt64(number + 7))
            let type = number == 0 ? "com.example.ordering.OrderPlacedByWholesaleCustomer" : "店舗の注文が確定されました"
            let sent = script.send("storefront-of-the-shop", type, id: id, to: "orders", at: Double(number))
            for service in ["billing", "analytics-of-the-shop", "warehouse"] {
                script.process(service, type, id: id, from: "orders", at: 9, took: nil, of: sent)
            }
            try scratch.record(script.records)
        }
        let piped = try scratch.run("flows").output.split(separator: "\n")
        #expect(piped[0].split(separator: " ").count == 7)
        #expect(piped.contains { $0.contains("  analytics-of-the-shop,billing,storefront-of-the-shop,warehouse  ") })
        let terminal = try scratch.runOnTerminal("flows", columns: columns).output.split(whereSeparator: \.isNewline)
        let named = try scratch.run("flows", environment: ["COLUMNS": "\(columns)"])
        #expect(terminal == named.output.split(whereSeparator: \.isNewline))
        #expect(terminal.count == 4 && terminal.allSatisfy { OneLine.columns(String($0)) <= columns })
        for end in ["…\(ids[0].suffix(8))", "…\(ids[1].suffix(8))", "order-1042"] {
            #expect(terminal.contains { $0.hasSuffix(" \(end)") } && piped.contains { $0.hasSuffix(" \(end)") })
        }
        #expect(terminal[0].hasPrefix("STARTED") && terminal[0].contains("SERVICES") == (columns >= 80))
    }

    @Test("Messages without ids count as flow counts them, and a flow too large for that has at least so many")
    func unnamedMessages() throws {
        let scratch = try Scratch()
        var script = FlowScript(correlation: nil)
        script.process("billing", nil, id: nil, from: "orders", at: 0, took: 1)
        try scratch.record(script.records)
        func row() throws -> [Substring] {
            try #require(try scratch.run("flows").output.split(separator: "\n").last).split(separator: " ")
        }
        #expect(try row()[3] == "1" && scratch.run("flow", "--last").output.contains("1 message "))
        let trace = script.records[0].traceID
        try scratch.record(
            (1...25_000 as ClosedRange<UInt64>).map { number in
                var record = script.records[0]
                (record.traceID, record.spanID, record.kind) = (trace, SpanID(number), .producer)
                record.attributes[MessagingAttribute.operationType] = "send"
                return record
            })
        #expect(try row()[3] == "≥")
        let flows: [[String: Any]] = try scratch.run("flows", "--json").json()
        #expect(flows.count == 1 && flows.first?["messagesMayBeMore"] as? Bool == true)
        #expect((flows.first?["messages"] as? Int).map { $0 > 24_000 } == true)
    }

    @Test("The first row is what flow --last shows, whatever joins its traces", arguments: GoldenFlow.allCases)
    func last(golden: GoldenFlow) throws {
        let scratch = try Scratch()
        try scratch.record(golden.records)
        let rows: [[String: Any]] = try scratch.run("flows", "--json").json()
        let shown = try scratch.run("flow", "--last").output
        let title = try #require(rows.first?["title"] as? String)
        #expect(shown.hasPrefix("\(title) · "))
        let id = try #require(rows.first?["id"] as? String)
        #expect(
            try scratch.run("flow", id, "--as", "json").output == scratch.run("flow", "--last", "--as", "json").output)
    }

    @Test("Traces without a message are left out of both, as long as there are others and nobody asks for them")
    func withoutMessages() throws {
        let scratch = try Scratch.withOrder()
        let end = try #require(GoldenFlow.order.records.compactMap(\.end).max())
        let later = work(1, at: end.nanosecondsSinceEpoch / 1_000_000_000 + 1, .error("late"))
        try scratch.record([later])
        #expect(try scratch.run("flow", "--last").output.hasPrefix("OrderPlaced order-1042 · "))
        let listed = try scratch.run("flows")
        #expect(listed.output.contains("order-1042") && !listed.output.contains("work"))
        #expect(listed.error == "throughline: Newer traces without a message are left out; --all lists them.\n")
        for options in [["--all"], ["--failed"]] {
            let rows = try scratch.run(["flows"] + options).output.split(separator: "\n")
            #expect(rows.count == 3 && rows[1].contains("work …00000001"), "\(options)")
        }
        try scratch.record([later], in: "other.db")
        #expect(try scratch.run("flows", "--store", "other.db").output.contains("work …00000001"))
        #expect(try scratch.run("flow", "--last", "--store", "other.db").output.hasPrefix("work …00000001"))
    }

    @Test("--since and --until are told alike by all that have them")
    func window() throws {
        let scratch = try Scratch()
        func help(_ command: String) throws -> Substring? {
            try scratch.run(command, "--help").output.firstMatch(of: /--since <time>  (?s).*--until[^-]*/)?.output
        }
        #expect(try help("flows") != nil && help("flows") == help("map"))
        for command in ["flows", "map"] {
            let outcome = try scratch.run(command, "--since", "1h", "--until", "2h")
            #expect(outcome.code == 2 && outcome.error.contains("must be before --until"))
        }
    }

    @Test("Newest first, as many as asked for, only the failed, only the recent")
    func chosen() throws {
        let scratch = try Scratch()
        let now = UInt64(Date().timeIntervalSince1970)
        try scratch.record([
            work(1, at: now - 7_200), work(2, at: now - 60, .error("refused")), work(3, at: now - 10),
        ])
        func listed(_ options: String...) throws -> [String] {
            let flows: [[String: Any]] = try scratch.run(["flows", "--json"] + options).json()
            return flows.compactMap { ($0["traceIDs"] as? [String])?.first?.last.map(String.init) }
        }
        #expect(try listed() == ["3", "2", "1"])
        #expect(try listed("--limit", "2") == ["3", "2"])
        #expect(try listed("--failed") == ["2"])
        #expect(try listed("--since", "1h") == ["3", "2"])
        #expect(try listed("--since", "30s") == ["3"])
        #expect(try listed("--since", "1h59m30s") == ["3", "2"])
        let time = Timestamp(nanosecondsSinceEpoch: (now - 60) * 1_000_000_000).iso8601
        for since in [time, String(time.dropLast()), String(time.dropLast(5)) + "+00:00"] {
            #expect(try listed("--since", since) == ["3", "2"], "\(since)")
            #expect(try listed("--until", since) == ["1"], "\(since)")
        }
        let late = try scratch.run("flows", "--since", "5s", "--failed")
        let newest = Timestamp(nanosecondsSinceEpoch: (now - 10) * 1_000_000_000).iso8601
        #expect(late.code == 0 && late.output == "No such flows: the newest in traces.db began at \(newest).\n")
        #expect(try listed("--since", "2020-01-31", "--until", "2020-02-01T10:00+01:00") == [])
        let table = try scratch.run("flows").output.split(separator: "\n")
        #expect(table.count == 4)
        #expect(table[0].hasPrefix("STARTED"))
        #expect(table[2].contains("1 ✗"))
    }

    @Test("By service, destination, type, dead letters, time, what is unfinished and what is incomplete")
    func filtered() throws {
        let scratch = try Scratch.withOrder()
        for (number, flow) in [GoldenFlow.fanIn, .unfinished, .missingSender].enumerated() {
            try scratch.record(flow.records.map { Self.apart($0, UInt64(number) + 1) })
        }
        func count(_ options: String...) throws -> Int {
            let flows: [[String: Any]] = try scratch.run(["flows", "--json"] + options).json()
            return flows.count
        }
        let all = try count()
        #expect(all >= 4)
        #expect(try count("--dead-lettered") == 1)
        #expect(try count("--destination", "mail.commands") == 1)
        #expect(try count("--type", "SendConfirmationEmail", "--service", "shipping", "--failed") == 1)
        #expect(try count("--type", "SendConfirmationEmail", "--service", "thumbnails") == 0)
        #expect(try count("--slower-than", "2s", "--service", "shipping") == 1)
        #expect(try count("--slower-than", "10d") == 0)
        #expect(try count("--unfinished") == 1)
        #expect(try scratch.run("flows", "--unfinished").output.contains(" unfinished "))
        #expect(try count("--until", "1h") == all)
        #expect(
            try scratch.run("flows", "--type", "SendConfirmationEmail", "--until", "2020-01-01").output
                == "No such flows.\n")
        #expect(try scratch.run("flows", "--slower-than", "10d", "--json").output == "[]\n")
        #expect(try scratch.run("flows", "--slower-than", "fast").code == 2)
    }

    @Test("A name that no span has is said to be none, with the nearest ones")
    func unknownNames() throws {
        let scratch = try Scratch.withOrder()
        func error(_ arguments: String...) throws -> String {
            let outcome = try scratch.run(arguments)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            return outcome.error
        }
        #expect(
            try error("flows", "--service", "biling").contains("names the service 'biling'. Did you mean 'billing'?"))
        #expect(try error("flows", "--json", "--destination", "Stok").contains("Did you mean 'stock'?"))
        #expect(
            try error("flows", "--type", "Email").contains(
                "message type 'Email'. Did you mean 'SendConfirmationEmail'?"))
        #expect(try error("flows", "--service", "kitchen").contains("There are billing, inventory, notifications,"))
        #expect(try error("map", "--destination", "order").contains("Did you mean 'orders' or 'orders.dlq'?"))
        #expect(try error("map", "--since", "1h").contains("in that time"))
    }

    @Test("Flows that are alike are told apart by their names, which flow takes and says again")
    func names() throws {
        let scratch = try Scratch()
        let ids = [1, 2].map { "0198b2c4-7d5e-7000-8000-9a3f0000000\($0)" }
        for (number, id) in ids.enumerated() {
            var script = FlowScript(correlation: id, seed: UInt64(number + 1))
            script.send("shop", "OrderPlaced", id: id, to: "orders", at: Double(number))
            try scratch.record(script.records)
        }
        let table = try scratch.run("flows").output
        for id in ids {
            let name = "OrderPlaced …\(id.suffix(8))"
            #expect(table.contains(name))
            for part in [id, "…\(id.suffix(8))", String(id.suffix(9)), "...\(id.suffix(5))"] {
                #expect(try scratch.run("flow", part).output.hasPrefix(name + " · "), "\(part)")
            }
        }
        let ambiguous = try scratch.run("flow", "0198b2c4-7d")
        #expect(ambiguous.code == 5 && ids.allSatisfy { ambiguous.error.contains("  \($0)\n") })
    }

    @Test("flows and flow give a batch's summary one name, that of its own first message")
    func batchName() throws {
        let scratch = try Scratch()
        try scratch.record(
            GoldenFlow.batch.records.map { record in
                // What a batch sends begins a flow of its own.
                var record = record
                let isBatch = record.attributes[MessagingAttribute.messageID] == nil
                if isBatch { record.attributes[MessagingAttribute.conversationID] = nil }
                return record
            })
        let flows: [[String: Any]] = try scratch.run("flows", "--json").json()
        #expect(!flows.isEmpty)
        for flow in flows {
            let (id, title) = (try #require(flow["id"] as? String), try #require(flow["title"] as? String))
            #expect(try scratch.run("flow", id).output.hasPrefix("\(title) · "), "\(id)")
        }
    }

    @Test("Incomplete is what lacks a sender, and nothing else")
    func incomplete() throws {
        let whole = try Scratch.withOrder().run("flows", "--incomplete")
        #expect(whole.output == "No such flows.\n")
        let scratch = try Scratch()
        try scratch.record(GoldenFlow.missingSender.records)
        let flows: [[String: Any]] = try scratch.run("flows", "--incomplete", "--json").json()
        #expect(!flows.isEmpty)
    }

    @Test("--store beats THROUGHLINE_STORE, which beats traces.db here")
    func whichStore() throws {
        let scratch = try Scratch()
        for (number, name) in [(1, "traces.db"), (2, "named by variable.db"), (3, "option.db")] as [(UInt64, String)] {
            try scratch.record([work(number, at: 0)], in: name)
        }
        let variable = ["THROUGHLINE_STORE": scratch.path("named by variable.db")]
        func trace(_ outcome: Outcome) throws -> Character? {
            let flows: [[String: Any]] = try outcome.json()
            return (flows.first?["traceIDs"] as? [String])?.first?.last
        }
        #expect(try trace(scratch.run("flows", "--json")) == "1")
        #expect(try trace(scratch.run("flows", "--json", environment: ["THROUGHLINE_STORE": ""])) == "1")
        #expect(try trace(scratch.run("flows", "--json", environment: variable)) == "2")
        #expect(try trace(scratch.run("flows", "--json", "--store", "option.db", environment: variable)) == "3")
    }

    /// The same with ids that no other flow has.
    private static func apart(_ record: SpanRecord, _ number: UInt64) -> SpanRecord {
        func other(_ trace: TraceID) -> TraceID { TraceID(high: trace.high &+ number, low: trace.low &+ number) }
        func other(_ attributes: Attributes) -> Attributes {
            var attributes = attributes
            for key in [MessagingAttribute.messageID, ThroughlineAttribute.causationID] {
                if let id = attributes[key]?.stringValue { attributes[key] = .string("\(id) of \(number)") }
            }
            if let ids = attributes[ThroughlineAttribute.causationIDs]?.stringArrayValue {
                attributes[ThroughlineAttribute.causationIDs] = .array(ids.map { .string("\($0) of \(number)") })
            }
            return attributes
        }
        var record = record
        record.traceID = other(record.traceID)
        record.attributes = other(record.attributes)
        for place in record.links.indices {
            record.links[place].context.traceID = other(record.links[place].context.traceID)
            record.links[place].attributes = other(record.links[place].attributes)
        }
        return record
    }

    private func work(_ number: UInt64, at seconds: UInt64, _ status: SpanStatus = .unset) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: seconds * 1_000_000_000)
        return SpanRecord(
            traceID: TraceID(high: 7, low: number), spanID: SpanID(number), name: "work", start: start,
            end: start.advanced(byNanoseconds: 1_000_000), status: status)
    }
}
