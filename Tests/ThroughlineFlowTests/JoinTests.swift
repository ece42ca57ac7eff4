import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

@Suite struct JoinTests {
    private func flow(_ golden: GoldenFlow) -> Flow { Flow(golden.records) }

    private func causes(_ flow: Flow, of message: String) -> [String] {
        flow.message(.named(message))?.causes.map(\.description) ?? []
    }

    @Test func `a message that waited for two has both as causes, by link and by causation id`() {
        let flow = flow(.fanIn)
        #expect(causes(flow, of: "f-4") == ["f-2", "f-3"])
        let evidence = flow.edges.filter { $0.relation == .causes && $0.to == .message(.named("f-4")) }
            .map(\.evidence)
        #expect(Set(evidence) == [.link, .parent])
        #expect(
            flow.criticalPath.map(\.publication.message) == [.named("f-1"), .named("f-3"), .named("f-4")])
    }

    @Test func `a batch keeps the lineage of each of its messages`() {
        let flow = flow(.batch)
        #expect(causes(flow, of: "r-bad") == ["r-3"])
        #expect(causes(flow, of: "r-sum") == ["r-1", "r-2", "r-3", "r-4"])
        let batch = flow.hops.filter { $0.destination == "rows" }
        #expect(batch.map(\.batchSize) == [4, 4, 4, 4])
        #expect(Set(batch.flatMap { $0.attempts.map(\.operation) }).count == 1)
        #expect(batch.first?.consumer == Consumer(service: "reporting", group: "read-model"))
    }

    @Test func `links join traces where messages have no ids at all`() {
        let flow = flow(.crossTrace)
        #expect(flow.traceIDs.count == 3)
        #expect(flow.messages.count == 2)
        #expect(flow.hops.map(\.evidence) == [.link, .link])
        #expect(flow.messages.last?.causes == flow.messages.first.map { [$0.id] })
        #expect(flow.hops.map(\.queueTime) == [19_000_000, 1_505_000_000])
    }

    @Test func `the correlation id joins what nothing else does, and the edge says so`() {
        let records = GoldenFlow.correlationOnly.records
        #expect(Flow.split(records).count == 1)
        let edge = Flow(records).edges.first { $0.relation == .correlates }
        #expect(edge?.from == .message(.named("c-1")) && edge?.to == .message(.named("c-2")))
        #expect(edge?.evidence == .correlationID)
        #expect(Flow(records).hops.first?.evidence == .messageID)
    }

    @Test func `a handled message that nobody sent gets a sender that is missing, with a reason`() throws {
        let flow = flow(.missingSender)
        let lost = try #require(flow.publications.first { $0.id.message == .named("g-1") })
        #expect(lost.missingSender == .unknown)
        #expect(lost.senders.isEmpty && lost.services.isEmpty)
        #expect(flow.hops.count { $0.id.publication == lost.id } == 2)
        #expect(causes(flow, of: "g-2") == ["g-1"])
    }

    @Test(arguments: [
        (TraceFlags.sampled, Gap.Reason.unknown), (TraceFlags(), Gap.Reason.sampledOut),
    ])
    func `the flags of the context that arrived tell unsampled from lost`(flags: TraceFlags, reason: Gap.Reason) {
        var script = FlowScript(correlation: nil)
        let context = SpanContext(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), flags: flags)
        script.process("audit", "X", id: "1", from: "x", at: 0, took: 1, of: context, child: false)
        #expect(Flow(script.records).publications.map(\.missingSender) == [reason])
    }

    @Test func `without a context, ids tell a lost header from a sender that is not instrumented`() {
        var plain = FlowScript(correlation: nil)
        plain.process("audit", "X", id: "1", from: "x", at: 0, took: 1)
        #expect(Flow(plain.records).publications.map(\.missingSender) == [.notInstrumented])
        var correlated = FlowScript(correlation: "c")
        correlated.process("audit", "X", id: "1", from: "x", at: 0, took: 1)
        #expect(Flow(correlated.records).publications.map(\.missingSender) == [.headerLost])
    }

    @Test func `a handler that never ended is unfinished, and what it sent is still caused by its message`() {
        let flow = flow(.unfinished)
        #expect(flow.unfinishedCount == 1)
        #expect(flow.hops.count(where: \.isUnfinished) == 1)
        #expect(causes(flow, of: "u-2") == ["u-1"])
        #expect(flow.headline().hasSuffix("1 unfinished"))
    }

    @Test func `messages that cause each other in a circle are a flow like any other`() {
        let flow = flow(.cycle)
        #expect(flow.messages.count == 4 && flow.hops.count == 4)
        #expect(causes(flow, of: "y-1") == ["y-4"])
        #expect(flow.criticalPath.count == 4)
    }

    @Test func `a broker that routes on shows the exchange and the queues`() {
        let flow = flow(.routed)
        let routed = flow.publications.filter { $0.id.reason == .routed(from: "invoices:eu") }
        #expect(routed.map(\.id.destination) == ["invoices:eu:ledger", "invoices:eu:mail"])
        #expect(flow.messageCount == 1)
        #expect(flow.hops.compactMap(\.consumer.group) == ["mail-fast", "mail-archive"])
    }

    @Test func `create and send, receive and process and settle are one publication and one delivery`() {
        let flow = flow(.createAndReceive)
        #expect(flow.publications.map(\.senders.count) == [2, 2])
        #expect(flow.hops.map { $0.attempts.count } == [1, 1])
        #expect(flow.hops.map(\.settlement) == [.acknowledged, .acknowledged])
        #expect(flow.hops.map(\.consumer.group) == ["billing", "billing"])
        #expect(flow.hops.map(\.queueTime) == [6_000_000, 7_000_000])
    }

    @Test func `requests between services lead from one message to the next and show as calls`() {
        let flow = flow(.requests)
        let calls = flow.topology.edges.filter { $0.kind == .calls }
        #expect(calls.map(\.from) == [.service("shop")] && calls.map(\.to) == [.service("pricing")])
        #expect(flow.hops.first?.attempts.map(\.error) == ["Timeout", nil])
        #expect(flow.hops.first?.failed == false)
        #expect(flow.errorCount == 2)
    }

    @Test func `the broker's own time of arrival counts before the sender's clock`() {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0, took: 30)
        script.process("b", "X", id: "1", from: "x", at: 20, took: 1, of: sent, enqueued: 5)
        #expect(Flow(script.records).hops.map(\.queueTime) == [15_000_000])
    }

    @Test func `how long a message waited for a handler whose clock is behind is unknown`() {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 100)
        script.process("b", "X", id: "1", from: "x", at: 20, took: 1, of: sent)
        let hops = Flow(script.records).hops
        #expect(hops.map(\.queueTime) == [nil] && hops.map(\.isWaitUnknown) == [true])
    }

    @Test func `spans of older conventions give the same flow`() {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process("b", "X", id: "1", from: "x", at: 5, took: 1, of: sent, group: "g")
        let old = script.records.map { record in
            var old = record
            old.attributes = Attributes(
                uniqueElements: record.attributes.compactMap { element in
                    var element = element
                    switch element.key {
                    case MessagingAttribute.operationName: return nil
                    case MessagingAttribute.operationType:
                        element.key = "messaging.operation"
                        element.value = element.value == "send" ? "publish" : "deliver"
                    case MessagingAttribute.destinationName: element.key = "messaging.destination"
                    case MessagingAttribute.messageID: element.key = "messaging.message_id"
                    case MessagingAttribute.conversationID: element.key = "messaging.conversation_id"
                    case MessagingAttribute.consumerGroup: element.key = "messaging.kafka.consumer.group"
                    default: break
                    }
                    return element
                })
            return old
        }
        let (new, read) = (Flow(script.records), Flow(old))
        #expect(read.hops.map(\.id) == new.hops.map(\.id))
        #expect(read.edges == new.edges)
        #expect(read.correlationID == "c")
    }

    @Test(arguments: [2, 3])
    func `a batch that was sent without ids is the messages that arrived of it, and one more where not all did`(
        sent: Int
    ) {
        var script = FlowScript(correlation: nil)
        let send = script.send("a", nil, id: nil, to: "x", at: 0)
        script.set([MessagingAttribute.batchMessageCount: .int(Int64(sent))], on: send)
        for (number, id) in ["1", "2", "1"].enumerated() {
            script.process(
                "b", nil, id: id, from: "x", at: 5 + Double(number), took: 1, of: send, child: false,
                attempt: number == 2 ? 2 : 1)
        }
        let flow = Flow(script.records)
        let named = ["1", "2"].map(Message.ID.named)
        #expect(flow.messages.map(\.id).filter(named.contains) == named)
        #expect(flow.messages.count == sent)
        #expect(flow.hops.map { $0.attempts.count } == [2, 1] && flow.conflicts.isEmpty)
        #expect(flow.publications.allSatisfy { $0.senders.count == 1 } || sent == 3)
    }

    @Test func `a batch whose senders are lost still tells each message apart by what its link says`() throws {
        func member(_ id: String, _ type: String, correlation: String, attempt: Int64) -> SpanLink {
            // No context arrived: the link refers to nothing and carries the ids alone.
            SpanLink(
                context: SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0)),
                attributes: [
                    ThroughlineAttribute.linkType: .string(LinkType.batchMember.rawValue),
                    MessagingAttribute.messageID: .string(id),
                    MessagingAttribute.conversationID: .string(correlation),
                    ThroughlineAttribute.messageType: .string(type),
                    ThroughlineAttribute.attempt: .int(attempt),
                    ThroughlineAttribute.causationID: .string("cause-of-\(id)"),
                ])
        }
        var script = FlowScript(correlation: nil)
        script.processBatch("reporting", nil, of: [], from: "rows", at: 0, took: 5)
        var batch = script.records[0]
        batch.links = [
            member("1", "RowRead", correlation: "a", attempt: 1), member("2", "RowEnd", correlation: "b", attempt: 3),
        ]
        var other = FlowScript(correlation: "b", seed: 2)
        other.send("importer", "Began", id: "9", to: "imports", at: 0)
        #expect(Flow.split([batch] + other.records).count == 1)

        let flow = Flow([batch])
        #expect(flow.messages.filter(\.isRecorded).map(\.type) == ["RowRead", "RowEnd"])
        #expect(flow.messages.filter(\.isRecorded).map(\.correlationID) == ["a", "b"])
        #expect(flow.hops.map { $0.attempts.map(\.number) } == [[1], [3]])
        #expect(causes(flow, of: "2") == ["cause-of-2"])
        #expect(flow.publications.map(\.missingSender) == [.headerLost, .headerLost])
    }
}
