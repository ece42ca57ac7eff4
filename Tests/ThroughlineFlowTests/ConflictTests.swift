import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Evidence that contradicts itself, and ids that would swallow everything.
@Suite struct ConflictTests {
    @Test func `the parent counts before the message id, and the contradiction is reported`() throws {
        var script = FlowScript(correlation: nil)
        let one = script.send("a", "X", id: "1", to: "x", at: 0)
        script.send("a", "X", id: "2", to: "x", at: 1)
        script.process("b", "X", id: "2", from: "x", at: 5, took: 1, of: one)
        let flow = Flow(script.records)
        #expect(flow.hops.map(\.message) == [.named("1")])
        let conflict = try #require(flow.conflicts.first)
        #expect(flow.conflicts.count == 1 && conflict.subject == .message)
        #expect((conflict.kept, conflict.keptEvidence) == ("1", .parent))
        #expect((conflict.dismissed, conflict.dismissedEvidence) == ("2", .messageID))
    }

    @Test func `a context that several messages of their own arrive with has leaked, and joins none of them`() {
        let flow = Flow(GoldenFlow.leaked.records)
        #expect(flow.hops.map(\.message) == ["l-1", "l-2", "l-3", "l-4"].map(Message.ID.named))
        #expect(flow.hops.allSatisfy { $0.attempts.count == 1 })
        #expect(flow.conflicts.map(\.kept) == ["l-2", "l-3", "l-4"])
        #expect(flow.conflicts.allSatisfy { $0.keptEvidence == .messageID && $0.dismissed == "l-1" })
    }

    @Test func `parent and link that name different senders are reported`() {
        var script = FlowScript(correlation: nil)
        let one = script.send("a", "X", id: nil, to: "x", at: 0)
        let two = script.send("a", "X", id: nil, to: "x", at: 1)
        script.process("b", "X", id: nil, from: "x", at: 5, took: 1, of: one, links: [FlowScript.link(two, nil)])
        let flow = Flow(script.records)
        #expect(flow.conflicts.map(\.subject) == [.sender])
        #expect(flow.hops.map(\.evidence) == [.parent])
    }

    @Test func `a message that names another cause than the one it was sent in the handling of has both`() throws {
        var script = FlowScript(correlation: nil)
        let one = script.send("a", "X", id: "1", to: "x", at: 0)
        script.send("a", "X", id: "2", to: "x", at: 1)
        let handled = script.process("b", "X", id: "1", from: "x", at: 5, took: 9, of: one)
        script.send("b", "Y", id: "3", to: "y", at: 8, in: handled, causes: ["2"])
        let flow = Flow(script.records)
        let evidence = flow.edges.filter { $0.relation == .causes }.map { ($0.from, $0.evidence) }
        #expect(evidence.contains { $0 == (.message(.named("1")), .parent) })
        #expect(evidence.contains { $0 == (.message(.named("2")), .causationID) })
        #expect(flow.conflicts.map(\.subject) == [.cause])
    }

    @Test func `two correlation ids, two types, and two versions of a span are reported`() {
        var script = FlowScript(correlation: "c")
        let one = script.send("a", "X", id: "1", to: "x", at: 0)
        let handled = script.process("b", "Y", id: "1", from: "x", at: 5, took: 1, of: one)
        script.set([MessagingAttribute.conversationID: "d"], on: handled)
        var other = script.records[0]
        other.end = FlowScript.at(3)
        let subjects = Flow(script.records + [other]).conflicts.map(\.subject)
        #expect(Set(subjects) == [.span, .type, .correlationID] && subjects.count == 3)
        #expect(Flow(GoldenFlow.order.records).conflicts.isEmpty)
    }

    @Test func `an id that the broker gave is another name of the message, not a contradiction`() {
        var script = FlowScript(correlation: nil)
        let one = script.send("a", "X", id: nil, to: "x", at: 0)
        let handled = script.process("b", "X", id: "broker-7", from: "x", at: 5, took: 3, of: one)
        script.send("b", "Y", id: "2", to: "y", at: 6, in: handled, causes: ["broker-7"])
        script.process("c", "X", id: "broker-7", from: "x", at: 7, took: 1, child: false, group: "late")
        let flow = Flow(script.records)
        #expect(flow.messages.count == 2 && flow.conflicts.isEmpty && flow.gaps.isEmpty)
        #expect(flow.messages.last?.causes == flow.messages.first.map { [$0.id] })
        #expect(flow.message(.named("broker-7"))?.id == flow.messages.first?.id)
        #expect(flow.hops.count == 2)
    }

    @Test func `a correlation id on everything joins nothing, stronger evidence still does, and the flow says so`() {
        let count = 200
        var records: [SpanRecord] = []
        for number in 0..<count {
            var script = FlowScript(correlation: "constant", seed: UInt64(number + 1_000))
            let sent = script.send("a", "X", id: "h-\(number)", to: "x", at: Double(number) * 10)
            script.process("b", "X", id: "h-\(number)", from: "x", at: Double(number) * 10 + 4, took: 1, of: sent)
            records += script.records
        }
        #expect(Flow.split(records).count == 1)
        let flows = Flow.split(records, guarding: HubGuard(maximumParts: 100))
        #expect(flows.count == count)
        #expect(flows.allSatisfy { $0.hops.count == 1 && $0.operations.count == 2 })
        #expect(flows.allSatisfy { $0.hubs == [Hub(identity: .correlationID("constant"), leftOut: 2 * count - 2)] })
    }

    @Test func `a trace that lasts as long as its consumer falls apart into what each message led to`() throws {
        var script = FlowScript(correlation: nil)
        let loop = script.work("b", "consumer loop", at: 0, took: 100_000)
        for number in 0..<50 {
            let at = Double(number) * 100
            script.send("a", "X", id: "t-\(number)", to: "x", at: at)
            let handled = script.process("b", "X", id: "t-\(number)", from: "x", at: at + 5, took: 9)
            let inLoop = SpanContext(traceID: loop.traceID, spanID: handled.spanID, flags: [.sampled])
            script.change(handled) { record in
                record.traceID = loop.traceID
                record.parentID = loop.spanID
            }
            script.work("b", "UPDATE", kind: .client, at: at + 6, took: 1, in: inLoop)
        }
        #expect(Flow.split(script.records).count == 1)
        let flows = Flow.split(script.records, guarding: HubGuard(maximumDeliveries: 20))
        #expect(flows.count == 51)
        let story = try #require(flows.first { $0.message(.named("t-7")) != nil })
        #expect(story.operations.count == 3 && story.hubs.map(\.identity) == [.trace(loop.traceID)])
        #expect(story.hubs.first?.leftOut == 99)
        #expect(flows.allSatisfy { $0.gaps.isEmpty })
    }

    @Test func `the loop of a delivery is missing, unless its trace is known to outlive what it traces`() throws {
        var script = FlowScript(correlation: nil)
        script.send("a", "X", id: "1", to: "x", at: 0)
        let handled = script.process("b", "X", id: "1", from: "x", at: 5, took: 9)
        let loop = SpanContext(traceID: handled.traceID, spanID: SpanID(77), flags: [.sampled])
        script.change(handled) { $0.parentID = loop.spanID }
        let work = script.work("b", "UPDATE", kind: .client, at: 6, took: 1, in: handled)
        #expect(Flow.split(script.records).flatMap(\.gaps).map(\.missing) == [.operation(Operation.ID(loop))])
        var guarding = HubGuard()
        guarding.knownTraces = [loop.traceID]
        #expect(Flow.split(script.records, guarding: guarding).allSatisfy { $0.gaps.isEmpty })
        // What else is missing in such a trace is missed.
        script.change(work) { $0.parentID = SpanID(78) }
        let gaps = Flow.split(script.records, guarding: guarding).flatMap(\.gaps)
        #expect(gaps.map(\.missing) == [.operation(Operation.ID(traceID: loop.traceID, spanID: SpanID(78)))])
    }
}
