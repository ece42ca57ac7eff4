import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel

@testable import ThroughlineStore

@Suite("A trace reader")
struct TraceReaderTests {
    private func reader(_ records: [SpanRecord]) throws -> (TraceReader, Scratch) {
        let scratch = try Scratch()
        try store(records, at: scratch.path())
        return (try TraceReader(path: scratch.path()), scratch)
    }

    private func ids(_ references: [SpanReference]) -> [UInt64] { references.map(\.spanID.rawValue).sorted() }
    private func ids(_ spans: [SpanRecord]) -> [UInt64] { spans.map(\.spanID.rawValue).sorted() }

    private func sent(_ message: String, causedBy cause: String? = nil, in flow: String? = nil) -> Attributes {
        var attributes: Attributes = [
            MessagingAttribute.operationType: "send", MessagingAttribute.messageID: .string(message),
        ]
        if let cause { attributes[ThroughlineAttribute.causationID] = .string(cause) }
        if let flow { attributes[MessagingAttribute.conversationID] = .string(flow) }
        return attributes
    }

    @Test(
        "finds spans by any id",
        arguments: [
            ("00000000000001980000000000000001", [1, 2]), ("0000000000000003", [3]), ("m1", [1, 3]),
            ("01990000-0000-7000-8000-00000000abcd", [2]), ("01990000-0000-7000-8000-00000000ABCD", [2]),
            ("member", [3]), ("order-42", [1]), ("order.id=42", [2]), ("paid=true", [2]), ("price=9.5", [3]),
            ("tags=blue", [3]), ("messaging.destination.name=orders", [1, 4]), ("throughline.delivery.attempt=2", [3]),
            ("messaging.message.id=m1", [1, 3]), ("order.id=43", []), ("order.id=", []), ("nothing", []), ("", []),
            ("name=42", []), ("=", []),
        ] as [(String, [UInt64])])
    func find(id: String, expected: [UInt64]) throws {
        let link = SpanLink(
            context: SpanContext(traceID: trace(7), spanID: SpanID(7)),
            attributes: [MessagingAttribute.messageID: "member"])
        let (reader, scratch) = try reader([
            span(1, [MessagingAttribute.destinationName: "orders"] + sent("m1", in: "order-42")),
            span(
                2,
                sent("01990000-0000-7000-8000-00000000abcd")
                    + ["order.id": "42", "paid": true, "note": #""order.id":43"#]),
            span(
                3, trace: 2,
                [
                    ThroughlineAttribute.causationID: "m1", "price": 9.5, "tags": ["red", "blue"],
                    ThroughlineAttribute.attempt: 2,
                ], links: [link]),
            span(4, trace: 3, takes: nil, [MessagingAttribute.destinationName: "orders"]),
        ])
        #expect(ids(try reader.find(id)) == expected)
        withExtendedLifetime(scratch) {}
    }

    @Test("finds a span id in whichever segment of the index it lies")
    func findAcrossSegments() throws {
        let (reader, scratch) = try reader((1...70_000).map { span($0, trace: $0 / 8 + 1) })
        for id in [1, 65_535, 65_536, 65_537, 70_000] as [UInt64] {
            #expect(ids(try reader.find(SpanID(id).hex)) == [id])
        }
        #expect(try reader.find(SpanID(70_001).hex).isEmpty)
        withExtendedLifetime(scratch) {}
    }

    @Test("puts a flow together over every relation, and leaves other flows out")
    func flowOverEveryRelation() throws {
        func link(to number: UInt64, _ id: UInt64, _ message: String? = nil) -> SpanLink {
            var attributes: Attributes = [ThroughlineAttribute.linkType: "creation"]
            if let message { attributes[MessagingAttribute.messageID] = .string(message) }
            return SpanLink(context: SpanContext(traceID: trace(number), spanID: SpanID(id)), attributes: attributes)
        }
        let (reader, scratch) = try reader([
            span(1, trace: 1, sent("m1")),
            span(2, trace: 2, links: [link(to: 1, 1)]),
            span(3, trace: 2, sent("m2")),
            span(4, trace: 3, sent("m3", causedBy: "m2")),
            span(5, trace: 4, [ThroughlineAttribute.causationIDs: ["m3", "m-other"]]),
            span(6, trace: 4, sent("m6", in: "c1")),
            span(7, trace: 5, takes: nil, sent("m7", in: "c1")),
            span(8, trace: 6, links: [link(to: 99, 99, "m7")]),
            span(9, trace: 7, sent("stranger", in: "c2")),
        ])
        for seed in 1...8 as ClosedRange<UInt64> {
            let flow = try reader.flowSpans(from: reader.find(SpanID(seed).hex))
            #expect(ids(flow.spans) == [1, 2, 3, 4, 5, 6, 7, 8], "from span \(seed)")
            #expect(!flow.isCut)
        }
        #expect(ids(try reader.flowSpans(from: reader.find("stranger")).spans) == [9])
        withExtendedLifetime(scratch) {}
    }

    @Test("finds ids under other conventions' names, and puts a flow together by them")
    func foreignIDs() throws {
        let (reader, scratch) = try reader([
            span(
                1, trace: 1,
                ["messaging.system": "kafka", "messaging.message_id": "m", "messaging.conversation_id": "c"]),
            span(2, trace: 2, at: 5, ["nservicebus.message_id": "m"]),
            span(3, trace: 3, at: 10, ["nservicebus.message_id": "n", "nservicebus.related_to": "m"]),
            span(4, trace: 4, at: 15, ["nservicebus.conversation_id": "c"]),
            span(5, trace: 5, at: 20, ["messaging.message_id": "other", "kafka.topic": "orders"]),
        ])
        func ids(_ spans: [SpanReference]) -> [UInt64] { spans.map(\.spanID.rawValue).sorted() }
        #expect(ids(try reader.find("m")) == [1, 2, 3])
        #expect(ids(try reader.find("c")) == [1, 4])
        #expect(ids(try reader.find("messaging.message_id=m")) == [1])
        for id in ["m", "n", "c"] {
            let flow = try reader.flowSpans(from: reader.find(id)).spans
            #expect(flow.map(\.spanID.rawValue).sorted() == [1, 2, 3, 4], "\(id)")
        }
        #expect(try reader.flows().map(\.correlationID).contains("c"))
        #expect(try reader.flows { $0.destination = "orders" }.map(\.traceIDs) == [[trace(5)]])
        withExtendedLifetime(scratch) {}
    }

    @Test("cuts a flow at the limit and says so")
    func cut() throws {
        let (reader, scratch) = try reader((1...50).map { span($0, trace: $0, sent("m\($0)", in: "c")) })
        let cut = try reader.flowSpans(from: reader.find("m25"), limit: 10)
        #expect(cut.spans.count == 10)
        #expect(cut.isCut)
        #expect(cut.spans.contains { $0.spanID == SpanID(25) })
        #expect(try !reader.flowSpans(from: reader.find("m25"), limit: 50).isCut)
        withExtendedLifetime(scratch) {}
    }

    @Test("does not follow a correlation id that too many traces share, and names it")
    func hub() throws {
        let (reader, scratch) = try reader(
            (1...50).map { span($0, trace: $0, sent("m\($0)", causedBy: $0 == 25 ? "m24" : nil, in: "constant")) })
        let guarded = try reader.flowSpans(from: reader.find("m25"), guarding: HubGuard(maximumParts: 20))
        #expect(ids(guarded.spans) == [24, 25])
        #expect(guarded.unfollowedCorrelationIDs == ["constant"] && !guarded.isCut)
        #expect(try reader.flowSpans(from: reader.find("m25")).spans.count == 50)
        withExtendedLifetime(scratch) {}
    }

    /// A loop in trace 1 handles `deliveries` messages, each sent in a trace of its own; each delivery has a call and a
    /// message of its own below it, which a span in yet another trace links to.
    private func lifelong(_ deliveries: UInt64) -> [SpanRecord] {
        func handling(_ message: String) -> Attributes {
            sent(message, in: "constant") + [MessagingAttribute.operationType: "process"]
        }
        var records = [span(1, trace: 1, takes: nil)]
        for number in 1...deliveries {
            let (send, handle) = (number * 10, number * 10 + 1)
            let out = SpanContext(traceID: trace(1), spanID: SpanID(handle + 2))
            records += [
                span(send, trace: send, [MessagingAttribute.operationType: "send"] + sent("m\(number)")),
                span(handle, trace: 1, parent: 1, handling("m\(number)")),
                span(handle + 1, trace: 1, parent: handle, ["db.system": "sqlite"]),
                span(handle + 2, trace: 1, parent: handle, [MessagingAttribute.operationType: "send"]),
                span(handle + 3, trace: 1, parent: handle + 2, handling("out\(number)")),
                span(handle + 4, trace: handle, links: [SpanLink(context: out)]),
            ]
        }
        return records
    }

    @Test(
        "reads of a trace that is a consumer's life only what hangs together with what was asked for",
        arguments: [0, 2_000])
    func lifelongTrace(strangersInBetween: UInt64) throws {
        var records = lifelong(30)
        records.insert(contentsOf: (0..<strangersInBetween).map { span(9_000 + $0, trace: 9_000) }, at: 90)
        let (reader, scratch) = try reader(records)
        let guarding = HubGuard(maximumParts: 20, maximumDeliveries: 20)
        for id in ["m7", SpanID(71).hex, SpanID(72).hex, SpanID(74).hex, trace(70).hex, trace(71).hex] {
            let found = try reader.flowSpans(from: reader.find(id), guarding: guarding)
            #expect(ids(found.spans) == [70, 71, 72, 73, 74, 75], "from \(id)")
            #expect(found.unfollowedTraces == [trace(1)] && !found.isCut)
            #expect(found.unfollowedCorrelationIDs == ["constant"] || id == trace(70).hex)
        }
        #expect(ids(try reader.flowSpans(from: reader.find(SpanID(1).hex), guarding: guarding).spans) == [1])
        let all = try reader.flowSpans(
            from: reader.find("m7"), guarding: HubGuard(maximumParts: 20, maximumDeliveries: 30))
        #expect(all.spans.count == 181 && all.unfollowedTraces.isEmpty)
        withExtendedLifetime(scratch) {}
    }

    @Test("parts a trace that is a consumer's life as spans in memory are parted", arguments: [19, 20, 21, 40])
    func lifelongTraceInMemory(maximumDeliveries: Int) throws {
        let records = lifelong(20)
        let (reader, scratch) = try reader(records)
        var guarding = HubGuard(maximumParts: 5, maximumDeliveries: maximumDeliveries)
        let flows = Flow.split(records, guarding: guarding)
        #expect(flows.count == (maximumDeliveries < 20 ? 21 : 1))
        for flow in flows {
            for operation in flow.operations {
                let seed = SpanReference(traceID: operation.id.traceID, spanID: operation.id.spanID)
                let found = try reader.flowSpans(from: [seed], guarding: guarding)
                #expect(ids(found.spans) == flow.operations.map(\.id.spanID.rawValue).sorted())
                guarding.knownTraces = Set(found.unfollowedTraces)
                #expect(Flow.split(found.spans, guarding: guarding).count == 1)
                guarding.knownTraces = []
            }
        }
        withExtendedLifetime(scratch) {}
    }

    @Test("shows a span once that a sender delivered twice")
    func duplicates() throws {
        let (reader, scratch) = try reader([span(1, sent("m", in: "c")), span(1, sent("m", in: "c"))])
        #expect(try reader.spans(of: trace(1)).count == 1)
        #expect(try reader.flowSpans(from: reader.find("m")).spans.count == 1)
        #expect(try reader.flows().first?.spans == 1)
        withExtendedLifetime(scratch) {}
    }

    @Test("lists flows newest first, by correlation id, and by trace where there is none")
    func flows() throws {
        let (reader, scratch) = try reader([
            span(1, trace: 1, at: 100, sent("m1", in: "old"), service: "orders"),
            span(
                2, trace: 2, at: 500, takes: 20, sent("m2", in: "old"), service: "billing",
                status: .error("no money")),
            span(3, trace: 2, at: 90, service: "gateway"),
            span(4, trace: 3, at: 300, takes: nil, service: "cron"),
            span(5, trace: 4, at: 200, sent("m5", in: "mid")),
            span(6, trace: 4, at: 210, sent("m5", in: "mid")),
        ])
        let flows = try reader.flows()
        #expect(flows.map(\.correlationID) == [nil, "mid", "old"])
        let old = try #require(flows.last)
        #expect(old.traceIDs == [trace(2), trace(1)])
        #expect(old.startedAt == Timestamp.base.advanced(byNanoseconds: 90_000_000))
        #expect(old.durationNanoseconds == 430_000_000)
        #expect(old.services == ["billing", "gateway", "orders"])
        #expect([old.messages, old.errors, old.spans, old.unfinished] == [2, 1, 3, 0])
        #expect(flows[0].unfinished == 1 && flows[0].traceIDs == [trace(3)])
        #expect(flows[1].messages == 1 && flows[1].spans == 2)
        #expect(try reader.flows(limit: 1).map(\.correlationID) == [nil])
        #expect(try reader.flows(limit: 2).map(\.correlationID) == [nil, "mid"])
        #expect(try reader.flows { $0.failed = true }.map(\.correlationID) == ["old"])
        let since = Timestamp.base.advanced(byNanoseconds: 150_000_000)
        #expect(try reader.flows { $0.since = since }.map(\.correlationID) == [nil, "mid"])
        withExtendedLifetime(scratch) {}
    }

    @Test("counts a message by its id, else by the span that sent it")
    func messagesWithoutIDs() throws {
        func messages(_ spans: [SpanRecord]) throws -> Int? {
            let (reader, scratch) = try reader(spans)
            defer { withExtendedLifetime(scratch) {} }
            return try reader.flows().first?.messages
        }
        func sends(_ id: UInt64, _ attributes: Attributes = [:]) -> SpanRecord {
            var span = span(id, attributes)
            span.kind = .producer
            return span
        }
        // Nobody names them.
        #expect(try messages([sends(1), sends(2), span(3), span(4)]) == 2)
        // Only who handles them names them.
        let handles: Attributes = [MessagingAttribute.operationType: "process"]
        #expect(
            try messages([
                sends(1), sends(2), span(3, parent: 1, sent("a") + handles), span(4, parent: 2, sent("b") + handles),
            ]) == 2)
        // Nobody names it, and who sent it is not here.
        #expect(
            try messages([
                span(1, [MessagingAttribute.destinationName: "orders", MessagingAttribute.operationType: "process"])
            ]) == 1)
        // One of the senders names its message, as does who handles it.
        #expect(try messages([sends(1), sends(2, sent("b")), span(3), span(4, sent("b"))]) == 2)
    }

    @Test("walks a window in the order of storing, and stops when told")
    func windows() throws {
        let (reader, scratch) = try reader([
            span(1, at: 30), span(2, at: 10), span(3, at: 20), span(4, at: 40, takes: nil), span(5, at: 25),
        ])
        func walk(_ from: UInt64?, _ to: UInt64?) throws -> [UInt64] {
            var seen: [UInt64] = []
            try reader.forEachSpan(
                from: from.map { Timestamp.base.advanced(byNanoseconds: $0 * 1_000_000) },
                to: to.map { Timestamp.base.advanced(byNanoseconds: $0 * 1_000_000) }
            ) { seen.append($0.spanID.rawValue) }
            return seen
        }
        #expect(try walk(nil, nil) == [1, 2, 3, 5, 4])
        #expect(try walk(20, 30) == [3, 5])
        #expect(try walk(30, nil) == [1, 4])
        #expect(try walk(nil, 20) == [2])
        struct Enough: Error {}
        var seen = 0
        #expect(throws: Enough.self) {
            try reader.forEachSpan { _ in
                seen += 1
                if seen == 2 { throw Enough() }
            }
        }
        #expect(seen == 2)
        withExtendedLifetime(scratch) {}
    }
}

extension Attributes {
    static func + (left: Attributes, right: Attributes) -> Attributes {
        var sum = left
        for element in right { sum[element.key] = element.value }
        return sum
    }
}

extension TraceReader {
    func flows(limit: Int = 50, _ change: (inout FlowFilter) -> Void) throws -> [FlowSummary] {
        var filter = FlowFilter()
        change(&filter)
        return try flows(limit: limit, filter)
    }
}
