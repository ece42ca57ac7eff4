import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

@Suite struct TimeTests {
    private static var twoHosts: FlowScript {
        var script = FlowScript(correlation: "c")
        script.hosts = ["a": "a", "b": "b"]
        return script
    }

    private func flow(_ golden: GoldenFlow) -> Flow { Flow(golden.records) }

    @Test func `clocks that cannot be right are bounded from both sides, and times stay as they were`() throws {
        let flow = flow(.skewed)
        let offset = try #require(flow.clockOffsets.first)
        #expect(flow.clockOffsets.count == 1 && (offset.from, offset.to) == ("host-a", "host-b"))
        // Sent at 2,000 and handled at 10: host-b is behind by 1,990 at least. The answer bounds it from the other side.
        #expect(offset.upper == -1_990_000_000 && offset.lower == -2_015_000_000)
        #expect(offset.isProven && !offset.isContradictory && offset.uncertainty == 25_000_000)
        #expect(flow.operations.map(\.record.start).contains(FlowScript.at(10)))
    }

    @Test func `causes come before effects although their clock says otherwise`() {
        let flow = flow(.skewed)
        #expect(flow.messages.map(\.id) == [.named("z-1"), .named("z-2")])
        #expect(flow.publications.map(\.id.message) == [.named("z-1"), .named("z-2")])
        #expect(flow.operations.first?.service == "billing")
    }

    @Test func `how long a message waited between clocks that contradict each other is unknown, and never nothing`() {
        let flow = flow(.skewed)
        #expect(flow.hops.map(\.queueTime) == [nil, nil] && flow.hops.allSatisfy(\.isWaitUnknown))
        let tree = FlowTree.text(of: flow)
        #expect(tree.contains("billing  waited ? · took 30 ms ✓") && tree.contains("meters  waited ? · took 4 ms ✓"))
        // Of 1.2 s in the queue it takes nothing away that one clock is some milliseconds behind.
        var script = Self.twoHosts
        let one = script.send("a", "X", id: "1", to: "x", at: 100)
        script.process("b", "X", id: "1", from: "x", at: 95, took: 1, of: one)
        let two = script.send("a", "X", id: "2", to: "x", at: 200)
        script.process("b", "X", id: "2", from: "x", at: 1_401, took: 1, of: two)
        #expect(Flow(script.records).hops.map(\.queueTime) == [nil, 1_200_000_000])
        // A broker's clock that is ahead of all others measures nothing, so the sender's counts.
        let three = script.send("a", "X", id: "3", to: "x", at: 2_000)
        script.process("b", "X", id: "3", from: "x", at: 2_011, took: 1, of: three, enqueued: 2_500)
        #expect(Flow(script.records).hops.last?.queueTime == 10_000_000)
    }

    @Test func `an attempt that began before the one before it ended waited for nothing that was measured`() throws {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process("b", "X", id: "1", from: "x", at: 5, took: 50, of: sent, attempt: 1, error: "E")
        script.process("b", "X", id: "1", from: "x", at: 35, took: 5, of: sent, attempt: 2)
        let hop = try #require(Flow(script.records).hops.first)
        #expect(hop.attempts.map(\.waited) == [4_000_000, nil])
        #expect(FlowTree.text(of: Flow(script.records)).contains("attempt 2 · took 5 ms ✓"))
    }

    @Test func `the critical path ends with what causes put last, whatever the clocks say`() throws {
        var script = FlowScript(correlation: "c")
        script.hosts = ["shop": "a", "billing": "b"]
        let web = script.work("shop", "POST /orders", kind: .server, at: 2_000, took: 10)
        let sent = script.send("shop", "OrderPlaced", id: "1", to: "orders", at: 2_002, in: web)
        script.process("billing", "OrderPlaced", id: "1", from: "orders", at: 52, took: 300, of: sent)
        let flow = Flow(script.records)
        let path = try #require(flow.criticalPaths.first)
        #expect(path.steps.map { $0.hop?.consumer.service } == ["billing"])
        #expect(path.duration == 302_000_000 && flow.latency == path.duration)
        #expect(path.segments.map(\.kind) == [.processing, .processing] && path.share(of: .processing) == 1)
        #expect(FlowNotes(flow).lines.last?.hasSuffix("recorded, how long the flow took allows for it") == true)
    }

    @Test func `a question and its answer bound what two clocks make of the waiting between them`() throws {
        let path = try #require(flow(.skewed).criticalPaths.first)
        #expect(path.steps.map { $0.hop?.consumer.service } == ["billing", "meters"])
        // From the question to the end of its answer by the clock of the one who asked.
        #expect(path.duration == 54_000_000 && flow(.skewed).latency == 54_000_000)
        #expect(path.duration(of: .processing) == 29_000_000 && path.duration(of: .queue) == 24_000_000)
    }

    @Test func `a flow is named after what began it, whatever the clocks say`() {
        var script = FlowScript(correlation: nil)
        script.hosts = ["shop": "a", "billing": "b"]
        let web = script.work("shop", "POST /orders", kind: .server, at: 2_000, took: 10)
        let sent = script.send("shop", nil, id: "1", to: "orders", at: 2_002, in: web)
        script.process("billing", nil, id: "1", from: "orders", at: 52, took: 300, of: sent)
        let flow = Flow(script.records)
        #expect(flow.operations.first?.service == "billing" && flow.title == "POST /orders")
        #expect(flow.name(askedFor: web.traceID.hex, on: flow.operations.map(\.id)).hasPrefix("POST /orders …"))
        // By the least that clocks must differ, it is sent and handled in the same moment.
        script.remove(web)
        #expect(Flow(script.records).title == "send orders")
    }

    @Test func `of a flow that a limit cut, no duration claims to be that of the whole`() {
        // What wrote the message down is not among what was read.
        var script = FlowScript(correlation: "c")
        let sent = script.send("shop", "Order", id: "1", to: "orders", at: 100)
        script.set([ThroughlineAttribute.appendedTime: .int(Int64(FlowScript.at(40).nanosecondsSinceEpoch))], on: sent)
        script.process("mail", "Order", id: "1", from: "orders", at: 105, took: 15, of: sent)
        var knowledge = FlowKnowledge()
        knowledge.isCut = true
        let cut = Flow(script.records, knowing: knowledge)
        #expect(cut.headline().contains(" · ≥ 20 ms"))
        let beginning = "80 ms, beginning 60 ms before the first span: in the outbox 75 %"
        #expect(FlowNotes(cut).lines[0].hasPrefix("critical path of what was read \(beginning)"))
        let whole = Flow(script.records)
        #expect(whole.headline().contains(" · 20 ms"))
        #expect(FlowNotes(whole).lines[0].hasPrefix("critical path \(beginning)"))
    }

    @Test func `notes shorten names and never their own words`() {
        var script = FlowScript(correlation: "c")
        let long = String(repeating: "long", count: 40)
        script.hosts = ["shop\(long)": "shop\(long)", "mail\(long)": "mail\(long)"]
        script.work("shop\(long)", "start", at: 1_999, took: 1)
        let sent = script.send("shop\(long)", "Order\(long)", id: "1", to: "orders", at: 2_000)
        let appended = FlowScript.at(1_900).nanosecondsSinceEpoch
        script.set([ThroughlineAttribute.appendedTime: .int(Int64(appended))], on: sent)
        script.process(
            "mail\(long)", nil, id: "1", from: "orders", at: 50, took: 30, of: sent, attempt: 1, settled: .requeued,
            error: "E")
        script.process("mail\(long)", nil, id: "1", from: "orders", at: 120, took: 20, of: sent, attempt: 2)
        let notes = FlowNotes(Flow(script.records)).lines
        #expect(notes.contains { $0.contains("backing off") && $0.contains("in the outbox") })
        #expect(notes.contains { $0.contains(" ahead of mai") && $0.hasSuffix("took allows for it") })
        let names = Set(notes.flatMap { $0.matches(of: /[^ ,;]*…[^ ,;]*/).map { String($0.output) } })
        #expect(!names.isEmpty && names.allSatisfy { $0.hasSuffix("long") && $0.count <= 36 }, "\(names)")
        #expect(notes.allSatisfy { !$0.contains(long) })
    }

    @Test func `a path that is shorter than the flow says which part of it it is`() {
        var script = FlowScript(correlation: "c")
        let web = script.work("shop", "POST /basket", at: 0, took: 100)
        let first = script.send("shop", "Basket", id: "1", to: "orders", at: 2, in: web)
        script.process("mail", "Basket", id: "1", from: "orders", at: 5, took: 1, of: first)
        let later = script.send("shop", "Order", id: "2", to: "orders", at: 5)
        script.set([ThroughlineAttribute.causationID: .string("0")], on: first)
        script.set([ThroughlineAttribute.causationID: .string("0")], on: later)
        script.process("mail", "Order", id: "2", from: "orders", at: 390, took: 11, of: later)
        let flow = Flow(script.records)
        #expect(flow.headline().contains(" · 401 ms") && flow.partCount == 1)
        #expect(FlowNotes(flow).lines[0].hasPrefix("critical path 396 ms, beginning 5 ms into the flow: waiting "))
        #expect(FlowNotes(Flow(GoldenFlow.order.records)).lines[0].hasPrefix("critical path 2.31 s: "))
    }

    @Test func `where no offset fits, clocks are taken as they are`() throws {
        var script = Self.twoHosts
        let one = script.send("a", "X", id: "1", to: "x", at: 100)
        script.process("b", "X", id: "1", from: "x", at: 10, took: 1, of: one)
        let two = script.send("b", "Y", id: "2", to: "y", at: 200)
        script.process("a", "Y", id: "2", from: "y", at: 20, took: 1, of: two)
        let flow = Flow(script.records)
        #expect(flow.latency == 191_000_000 && flow.hops.allSatisfy { $0.queueTime == nil && $0.isWaitUnknown })
    }

    @Test func `a delivery waited for who had sent the message by then, not for who sends it once more later`() throws {
        var script = FlowScript(correlation: "c")
        let first = script.send("shop", "Order", id: "m", to: "orders", at: 0, took: 2)
        script.process("billing", "Order", id: "m", from: "orders", at: 32, took: 5, of: first, error: "Refused")
        let again = script.send("support", "Order", id: "m", to: "orders", at: 100, took: 2)
        script.process("billing", "Order", id: "m", from: "orders", at: 110, took: 5, of: again)
        let hop = try #require(Flow(script.records).hops.first)
        #expect(hop.attempts.map(\.waited) == [30_000_000, 73_000_000])
    }

    @Test func `a call bounds the clock of the callee from both sides`() throws {
        let offset = try #require(flow(.requests).clockOffsets.first { $0.from == "pricing" && $0.to == "shop" })
        #expect(offset.lower == -5_000_000 && offset.upper == 5_000_000 && !offset.isProven)
    }

    @Test func `bounds that exclude each other say that a clock was set`() throws {
        var script = Self.twoHosts
        let one = script.send("a", "X", id: "1", to: "x", at: 100)
        script.process("b", "X", id: "1", from: "x", at: 10, took: 1, of: one)
        let two = script.send("b", "Y", id: "2", to: "y", at: 200)
        script.process("a", "Y", id: "2", from: "y", at: 20, took: 1, of: two)
        let offset = try #require(Flow(script.records).clockOffsets.first)
        #expect(offset.isContradictory && offset.uncertainty == nil)
    }

    @Test func `the critical path of an order says where its time went`() throws {
        let path = try #require(flow(.order).criticalPaths.first)
        #expect(path.steps.map(\.hop?.consumer.service) == ["billing", "shipping", "notifications"])
        #expect(
            path.segments.map(\.kind) == [
                .processing, .publishing, .queue, .processing, .publishing, .queue, .processing, .publishing, .queue,
                .processing,
            ])
        #expect(path.duration == 2_310_000_000)
        #expect(path.duration(of: .queue) == (4 + 1_200 + 2) * 1_000_000)
        #expect(abs(path.segments.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        #expect(abs(path.share(of: .queue) - 1_206.0 / 2_310) < 1e-9)
    }

    @Test func `time in an outbox and time until a schedule are told apart from waiting in the queue`() throws {
        let path = try #require(flow(.outbox).criticalPaths.first)
        #expect(path.duration(of: .outbox) == (2_000 + 20) * 1_000_000)
        #expect(path.duration(of: .scheduled) == 60_000 * 1_000_000)
        #expect(path.duration(of: .queue) == (5 + 9) * 1_000_000)
        #expect(path.duration == 62_055_000_000)
    }

    @Test func `failed attempts and the waits between them are on the path`() throws {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process(
            "b", "X", id: "1", from: "x", at: 5, took: 10, of: sent, attempt: 1, settled: .requeued, error: "E")
        script.process("b", "X", id: "1", from: "x", at: 115, took: 20, of: sent, attempt: 2)
        let path = try #require(Flow(script.records).criticalPaths.first)
        #expect(path.segments.map(\.kind) == [.publishing, .queue, .processing, .backoff, .processing])
        #expect(path.duration(of: .backoff) == 100_000_000 && path.duration(of: .processing) == 30_000_000)
    }

    @Test func `of two branches that end together both are critical`() {
        let flow = flow(.tie)
        #expect(Set(flow.criticalPaths.map { $0.steps.last?.hop?.consumer.service }) == ["resize", "faces"])
        #expect(flow.criticalPath.count == 2)
        #expect(flow.criticalPaths.allSatisfy { $0.duration == 100_000_000 })
    }

    @Test func `between a cause that had ended and what was sent later there is a gap`() throws {
        let path = try #require(flow(.fanIn).criticalPaths.first)
        #expect(path.duration(of: .gap) == 0)
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent, child: false)
        let later = script.send("b", "Y", id: "2", to: "y", at: 50, causes: ["1"])
        script.process("c", "Y", id: "2", from: "y", at: 55, took: 5, of: later, child: false)
        let joined = try #require(Flow(script.records).criticalPaths.first)
        #expect(joined.steps.count == 2 && joined.duration(of: .gap) == 40_000_000 && joined.duration == 60_000_000)
    }

    @Test func `parts that only a correlation id joins have paths of their own, and the longest is told`() throws {
        var script = FlowScript(correlation: "trip-9")
        let booked = script.send("booking", "TripBooked", id: "1", to: "trips", at: 0)
        script.process("ledger", "TripBooked", id: "1", from: "trips", at: 60_000, took: 30_000, of: booked)
        let warned = script.send("weather", "StormWarning", id: "2", to: "warnings", at: 180_000)
        script.process("mail", "StormWarning", id: "2", from: "warnings", at: 180_006, took: 4, of: warned)
        let flow = Flow(script.records)
        #expect(flow.partCount == 2 && flow.latency == 180_010_000_000)
        #expect(flow.criticalPaths.map(\.duration) == [90_000_000_000])
        #expect(flow.criticalPath.map(\.publication.message) == [.named("1")])
        let notes = FlowNotes(flow).lines
        #expect(notes.first?.hasPrefix("critical path 1 min 30 s in the longest of 2 parts: ") == true)
        #expect(notes.dropFirst().first == "nothing but the correlation id joins the 2 parts of the flow")
        #expect(Flow(GoldenFlow.order.records).partCount == 1)
    }

    @Test func `what the broker set aside waited since it was given up, whatever else its times say`() throws {
        let path = try #require(flow(.brokerDeadLetter).criticalPaths.first)
        #expect(path.steps.map { $0.hop?.consumer.service } == ["ledger", "helpdesk"])
        #expect(path.segments.map(\.kind) == [.publishing, .queue, .processing, .queue, .processing])
        #expect(path.duration == 49_000_000 && path.duration(of: .queue) == 35_000_000)
        #expect(flow(.brokerDeadLetter).hops.map(\.queueTime) == [5_000_000, 30_000_000])
        var records = GoldenFlow.brokerDeadLetter.records
        // The message keeps the time at which it came to the first queue.
        records[2].attributes[ThroughlineAttribute.enqueuedTime] = .int(Int64(FlowScript.at(1).nanosecondsSinceEpoch))
        #expect(Flow(records).hops.last?.queueTime == 30_000_000)
    }

    @Test func `what an application set aside waited since then`() throws {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let failed = script.process(
            "b", "X", id: "1", from: "x", at: 5, took: 10, of: sent, settled: .deadLettered, error: "E")
        let aside = script.send(
            "b", "X", id: "1", to: "x.dlq", at: 20, links: [FlowScript.link(failed, .deadLetterOf)])
        script.process("desk", "X", id: "1", from: "x.dlq", at: 100, took: 10, of: aside)
        let path = try #require(Flow(script.records).criticalPaths.first)
        #expect(path.steps.map { $0.hop?.consumer.service } == ["b", "desk"])
        #expect(path.duration == 110_000_000)
        #expect(
            path.segments.map(\.kind) == [.publishing, .queue, .processing, .gap, .publishing, .queue, .processing])
    }

    @Test func `what a handler leaves behind to send later is no work of the handler`() throws {
        var script = FlowScript(correlation: "c")
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let handler = script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent)
        let later = script.send("b", "Y", id: "2", to: "y", at: 50, in: handler)
        script.process("c", "Y", id: "2", from: "y", at: 55, took: 5, of: later)
        let path = try #require(Flow(script.records).criticalPaths.first)
        let kinds: [CriticalSegment.Kind] = [.publishing, .queue, .processing, .gap, .publishing, .queue, .processing]
        #expect(path.segments.map(\.kind) == kinds)
        #expect(path.duration(of: .gap) == 40_000_000 && path.duration(of: .processing) == 12_000_000)
    }
}
