import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// What is missing has the reason that fits, and nothing else does.
@Suite struct GapTests {
    private func reasons(_ records: [SpanRecord], _ knowledge: FlowKnowledge = FlowKnowledge()) -> [Gap.Reason] {
        Flow(records, knowing: knowledge).gaps.map(\.reason)
    }

    @Test func `a flow of which everything is there has no gaps`() {
        for golden in [
            GoldenFlow.order, .fanIn, .batch, .crossTrace, .routed, .requests, .createAndReceive, .saga, .outbox,
            .requestReply, .tie, .skewed, .duplicates, .retryTopics, .slowQueue, .batchWithSpans,
        ] {
            #expect(Flow(golden.records).gaps.isEmpty, "\(golden)")
        }
    }

    @Test func `a sender whose context says unsampled was sampled out`() throws {
        let flow = Flow(GoldenFlow.sampledOut.records)
        let gap = try #require(flow.gaps.first)
        #expect(flow.gaps.count == 1 && gap.reason == .sampledOut)
        #expect(gap.witnesses == [flow.operations[0].id])
        guard case .sender(let publication) = gap.missing else { Issue.record("\(gap.missing)"); return }
        #expect(flow.publication(publication)?.missingSender == .sampledOut)
    }

    @Test func `what came before the oldest that is kept has expired`() throws {
        let records = GoldenFlow.missingSender.records
        let longAgo = Timestamp(nanosecondsSinceEpoch: FlowScript.epoch.nanosecondsSinceEpoch - 1_000_000_000_000)
        let kept = FlowKnowledge(retainedSince: longAgo)
        #expect(reasons(records, FlowKnowledge(retainedSince: FlowScript.at(0))) == [.expired])
        #expect(reasons(records, kept) == [.unknown])
    }

    @Test func `a header that was refused is named`() throws {
        var script = FlowScript(correlation: nil)
        let handled = script.process("a", "X", id: "1", from: "x", at: 0, took: 1)
        script.set([ThroughlineAttribute.ignoredHeaders: ["traceparent"]], on: handled)
        let gap = try #require(Flow(script.records).gaps.first)
        #expect(gap.reason == .headerLost && gap.evidence.contains("traceparent"))
    }

    @Test func `what a limit on reading left out is said to be left out, and nothing else is guessed`() {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let handled = script.process("b", "X", id: "1", from: "x", at: 5, took: 4, of: sent)
        script.send("b", "Y", id: "2", to: "y", at: 7, in: handled, causes: ["1", "9"])
        let lost = SpanContext(traceID: TraceID(high: 7, low: 7), spanID: SpanID(9), flags: [.sampled])
        script.process("c", "Z", id: "3", from: "z", at: 8, took: 1, of: lost, attempt: 2)
        script.process("d", "Z", id: "4", from: "z", at: 9, took: 1)
        var knowledge = FlowKnowledge(
            retainedSince: FlowScript.at(0), now: FlowScript.at(100),
            consumers: ["x": [Consumer(service: "e", group: nil)]])
        knowledge.isCut = true
        let gaps = Flow(script.records, knowing: knowledge).gaps
        #expect(gaps.count >= 6 && gaps.allSatisfy { $0.reason == .limit })
        #expect(
            gaps.allSatisfy { $0.evidence == "the flow has more spans than were read, and it may be among the rest" })
        // A context that says it is not sampled says so whatever was read.
        #expect(reasons(GoldenFlow.sampledOut.records, knowledge).first == .sampledOut)
    }

    @Test func `a batch of which a span tells only the number is that many messages, whose senders nobody knows`()
        throws
    {
        var script = FlowScript(correlation: nil)
        let pulled = script.process("reporting", nil, id: nil, from: "rows", at: 5, took: 9, operation: .receive)
        script.set([MessagingAttribute.batchMessageCount: 20], on: pulled)
        let flow = Flow(script.records)
        #expect(flow.messages.map(\.count) == [20] && flow.messages.map(\.title) == ["20 messages"])
        #expect(flow.messageCount == 20 && flow.headline().contains("20 messages"))
        #expect(flow.hops.map(\.batchSize) == [20])
        let gap = try #require(flow.gaps.first)
        #expect(flow.gaps.count == 1 && gap.reason == .unknown)
        #expect(gap.evidence == "the span counts 20 messages and names none of them")
        script.change(pulled) { $0.dropped.links = 20 }
        #expect(reasons(script.records) == [.limit])
    }

    @Test func `the messages of a batch that spans inside it handle one by one are these and no more`() {
        var script = FlowScript(correlation: nil)
        let pulled = script.process("reporting", nil, id: nil, from: "rows", at: 5, took: 90, operation: .receive)
        script.set([MessagingAttribute.batchMessageCount: 2], on: pulled)
        for number in 1...2 {
            let sent = script.send("importer", nil, id: "r-\(number)", to: "rows", at: Double(number))
            let one = script.process(
                "reporting", nil, id: "r-\(number)", from: "rows", at: 10 * Double(number), took: 5, of: sent,
                child: false)
            script.change(one) { ($0.traceID, $0.parentID) = (pulled.traceID, pulled.spanID) }
        }
        let flow = Flow(script.records)
        #expect(flow.messages.map(\.id) == [.named("r-1"), .named("r-2")] && flow.gaps.isEmpty)
    }

    @Test func `a handler without ids and context had a sender that is not instrumented`() {
        var script = FlowScript(correlation: nil)
        script.process("a", "X", id: nil, from: "x", at: 0, took: 1)
        #expect(reasons(script.records) == [.notInstrumented])
    }

    @Test func `a known consumer that has not handled a message is late at first and missing then`() throws {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process("b", "X", id: "1", from: "x", at: 5, took: 1, of: sent, group: "g")
        let known: [String: Set<Consumer>] = [
            "x": [Consumer(service: "b", group: "g"), Consumer(service: "c", group: "h")]
        ]
        func gaps(after milliseconds: Double) -> [Gap] {
            Flow(script.records, knowing: FlowKnowledge(now: FlowScript.at(milliseconds), consumers: known)).gaps
        }
        let publication = Publication.ID(message: .named("1"), destination: "x", reason: .sent)
        #expect(gaps(after: 1_000).map(\.reason) == [.inFlight])
        #expect(gaps(after: 100_000).map(\.reason) == [.unknown])
        #expect(gaps(after: 1_000).map(\.missing) == [.delivery(publication, Consumer(service: "c", group: "h"))])
    }

    @Test func `a consumer that is known by its service alone has handled a message whatever its group`() {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process("b", "X", id: "1", from: "x", at: 5, took: 1, of: sent, group: "g")
        script.process("c", "X", id: "1", from: "x", at: 5, took: 1, of: sent)
        let known: [String: Set<Consumer>] = [
            "x": [Consumer(service: "b", group: nil), Consumer(service: "c", group: "h")]
        ]
        let gaps = Flow(script.records, knowing: FlowKnowledge(consumers: known)).gaps
        let publication = Publication.ID(message: .named("1"), destination: "x", reason: .sent)
        #expect(gaps.map(\.missing) == [.delivery(publication, Consumer(service: "c", group: "h"))])
    }

    @Test func `a message that was just sent may still be handled by anyone`() {
        var script = FlowScript(correlation: "c")
        script.send("a", "X", id: "1", to: "x", at: 0)
        #expect(reasons(script.records, FlowKnowledge(now: FlowScript.at(100))) == [.inFlight])
        #expect(reasons(script.records, FlowKnowledge(now: FlowScript.at(1_000_000))) == [])
    }

    @Test func `that a message was not handled is never said, only that nothing is recorded`() {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        func tree(_ after: Double, _ consumers: [String: Set<Consumer>] = [:]) -> String {
            let knowledge = FlowKnowledge(now: FlowScript.at(after), consumers: consumers)
            return FlowTree.text(of: Flow(script.records, knowing: knowledge))
        }
        #expect(tree(100).contains("a emits X → x  no delivery recorded; perhaps still in flight\n"))
        #expect(tree(1_000_000).contains("a emits X → x  no delivery recorded\n"))
        script.process("b", "X", id: "1", from: "x", at: 5, took: 1, of: sent)
        let known: [String: Set<Consumer>] = ["x": [Consumer(service: "c", group: nil)]]
        #expect(tree(1_000_000, known).contains("delivery to c not recorded"))
        #expect(tree(1_000_000, known).contains("missing: 1 delivery (not recorded)"))
        #expect(tree(100, known).contains("delivery to c not recorded; perhaps still in flight"))
    }

    @Test func `attempts that a later one counts are missing, one gap each`() {
        let records = GoldenFlow.order.records.filter { record in
            record.attributes[ThroughlineAttribute.attempt]?.intValue ?? 3 == 3
        }
        let numbers = Flow(records).gaps.compactMap { gap -> Int? in
            if case .attempt(_, let number) = gap.missing { number } else { nil }
        }
        #expect(numbers == [1, 2])
    }

    @Test func `a cause that nobody recorded, and a parent that nobody recorded, are gaps`() throws {
        var script = FlowScript(correlation: "c")
        let lost = script.process("a", "X", id: "1", from: "x", at: 0, took: 9)
        script.send("a", "Y", id: "2", to: "y", at: 5, in: lost, causes: ["1"])
        script.remove(lost)
        let missing = Flow(script.records).gaps.map(\.missing)
        let operation = Operation.ID(traceID: lost.traceID, spanID: lost.spanID)
        #expect(missing == [.message(.named("1")), .operation(operation)])
    }

    @Test func `links that a limit left out are counted`() {
        var records = GoldenFlow.batch.records
        for place in records.indices where records[place].links.count == 4 {
            records[place].links.removeLast(3)
            records[place].dropped.links = 3
        }
        let gaps = Flow(records).gaps
        #expect(gaps.contains { $0.reason == .limit && $0.witnesses.count == 1 })
    }

    @Test(arguments: GoldenFlow.allCases)
    func `whichever span is missing, the flow shows it or nothing depended on it`(golden: GoldenFlow) {
        let records = golden.records
        let whole = Set(Flow(records).gaps.map(\.missing))
        for missing in records.indices {
            var rest = records
            let gone = rest.remove(at: missing)
            let flow = Flow(rest)
            let id = Operation.ID(traceID: gone.traceID, spanID: gone.spanID)
            let isReferredTo = rest.contains { other in
                other.traceID == id.traceID && other.parentID == id.spanID
                    || other.links.contains { Operation.ID($0.context) == id && $0.type != .ambient }
            }
            let isTold = flow.gaps.contains { !whole.contains($0.missing) }
            #expect(isTold || !isReferredTo, "\(gone.name) of \(gone.resource.serviceName ?? "")")
            #expect(flow.gaps.allSatisfy { !$0.witnesses.isEmpty && !$0.evidence.isEmpty })
        }
    }
}
