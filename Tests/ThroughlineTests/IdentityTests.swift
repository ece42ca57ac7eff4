import Synchronization
import Testing
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Message identity")
struct IdentityTests {
    @Test("A message at the root of a flow is its own correlation id and has no cause")
    func root() async {
        let sent = await Bench().published()
        #expect(sent["message-id"] != nil)
        #expect(sent["correlation-id"] == sent["message-id"])
        #expect(sent["causation-id"] == nil)
    }

    @Test("Message ids are UUIDs of version 7 that sort by time")
    func uuids() async throws {
        let bench = Bench()
        let first = try #require(await bench.published()["message-id"])
        let pattern = #/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
        #expect(first.wholeMatch(of: pattern) != nil)
    }

    @Test("What a handler publishes is caused by the handled message and shares its correlation id")
    func caused() async {
        let bench = Bench()
        let cause = await bench.published()
        let effect = await bench.tracing.process(cause) { _ in await bench.published() }
        #expect(effect["causation-id"] == cause["message-id"])
        #expect(effect["correlation-id"] == cause["correlation-id"])
        #expect(effect["message-id"] != cause["message-id"])
    }

    @Test("Ids that the application set win")
    func explicit() async {
        let bench = Bench()
        let cause = await bench.published()
        let message = TestMessage(headers: [
            "message-id": ["mine"], "correlation-id": ["flow"], "causation-id": ["reason"],
        ])
        let sent = await bench.tracing.process(cause) { _ in await bench.published(message) }
        #expect(sent.headers["message-id"] == ["mine"])
        #expect(sent.headers["correlation-id"] == ["flow"])
        #expect(sent.headers["causation-id"] == ["reason"])
        let span = await bench.spans().first { $0.attributes["messaging.message.id"] == "mine" }
        #expect(span?.attributes["messaging.message.conversation_id"] == "flow")
        #expect(span?.attributes["throughline.causation.id"] == "reason")
    }

    @Test("Ids in native properties are used and not written again as headers")
    func native() async {
        let details = MessageDetails(messageID: "native", correlationID: "flow")
        let sent = await Bench().published(TestMessage(details: details))
        #expect(sent["message-id"] == nil)
        #expect(sent["correlation-id"] == nil)
    }

    @Test("A forwarded message gets an id of its own, the old one as its cause, and one traceparent")
    func forwarded() async {
        let bench = Bench()
        var original = await bench.published()
        original.headers["tracestate"] = ["vendor=old"]
        let arrived = original
        let forwarded = await bench.tracing.process(arrived, policy: .newTrace) { await bench.published($0) }
        #expect(forwarded["message-id"] != arrived["message-id"])
        #expect(forwarded["causation-id"] == arrived["message-id"])
        #expect(forwarded["correlation-id"] == arrived["correlation-id"])
        #expect(forwarded["traceparent"] != arrived["traceparent"])
        #expect(forwarded.headers["traceparent"]?.count == 1)
        #expect(forwarded["tracestate"] == nil, "it belonged to the trace that was left behind")
    }

    @Test("What is published while a batch is handled is caused by all of it")
    func batch() async {
        let bench = Bench()
        let messages = [await bench.published(), await bench.published(), await bench.published()]
        let ids = messages.compactMap { $0["message-id"] }
        let summary = await bench.tracing.processBatch(messages) { _ in await bench.published() }
        #expect(summary["causation-id"] == ids.joined(separator: ","))
        #expect(summary["correlation-id"] == summary["message-id"], "three flows meet here and a new one begins")
        let span = await bench.spans().last { $0.kind == .producer }
        #expect(span?.attributes["throughline.causation.ids"]?.stringArrayValue == ids)
    }

    @Test("A batch of one flow keeps its correlation id")
    func batchOfOneFlow() async {
        let bench = Bench()
        let root = await bench.published()
        let messages = await bench.tracing.process(root) { _ in [await bench.published(), await bench.published()] }
        let summary = await bench.tracing.processBatch(messages) { _ in await bench.published() }
        #expect(summary["correlation-id"] == root["correlation-id"])
    }

    @Test("Inside a batch, what concerns one message can be attributed to it alone")
    func batchMember() async {
        let bench = Bench()
        let messages = [await bench.published(), await bench.published()]
        let answers = await bench.tracing.processBatch(messages) { batch in
            var answers: [TestMessage] = []
            for message in batch {
                answers.append(await bench.tracing.withMessages([message]) { await bench.published() })
            }
            return answers
        }
        #expect(answers.map { $0["causation-id"] } == messages.map { $0["message-id"] })
        #expect(answers.map { $0["correlation-id"] } == messages.map { $0["correlation-id"] })
    }

    @Test("A message without ids is known by its position, the same to every group and attempt")
    func position() async {
        let bench = Bench()
        let message = TestMessage(details: MessageDetails(partition: "2", offset: 7))
        let effect = await bench.tracing.process(message) { _ in await bench.published() }
        #expect(effect["causation-id"] == "orders/2/7")
    }

    @Test("Type and intent travel with the message")
    func typeAndIntent() async {
        let bench = Bench()
        let sent = await bench.tracing.publish(TestMessage(), type: "OrderPlaced", intent: .event) { $0 }
        await bench.tracing.process(sent) { _ in }
        let span = await bench.span(named: "process orders")
        #expect(span?.attributes["throughline.message.type"] == "OrderPlaced")
        #expect(span?.attributes["throughline.message.intent"] == "event")
    }

    @Test("Unsafe or overlong ids are ignored, counted and noted, and never fail a message")
    func unsafe() async throws {
        let bench = Bench()
        let hostile = ["a\r\nb", String(repeating: "x", count: 300), "", "caf\u{e9}"]
        for value in hostile {
            let message = TestMessage(headers: ["message-id": [value], "correlation-id": ["ok"]])
            let effect = await bench.tracing.process(message) { _ in await bench.published() }
            #expect(effect["correlation-id"] == "ok")
            #expect(effect["causation-id"] != value)
        }
        #expect(bench.tracing.ignoredHeaderCount == hostile.count)
        let span = try #require(await bench.span(named: "process orders"))
        #expect(span.attributes["throughline.headers.ignored"]?.stringArrayValue == ["message-id"])
    }

    @Test("Without any tracer, messages still get their ids")
    func withoutTracer() async {
        let tracing = MessageTracing()
        let cause = await tracing.publish(TestMessage()) { $0 }
        let effect = await tracing.process(cause) { _ in await tracing.publish(TestMessage()) { $0 } }
        #expect(effect["causation-id"] == cause["message-id"])
        #expect(effect["traceparent"] == nil)
    }

    @Test(
        "100,000 messages, 50 handlers at a time, child tasks, batches and failures: every cause is right, none leaks")
    func soak() async throws {
        let tracing = Bench(sampler: NeverSampler()).tracing
        let audit = Audit()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<50 {
                group.addTask {
                    for index in 0..<500 { await audit.handle("\(worker)-\(index)", fails: index % 7 == 0, tracing) }
                }
            }
            try await group.waitForAll()
        }
        #expect(audit.handled.load(ordering: .relaxed) == 100_000)
        #expect(audit.wrong.load(ordering: .relaxed) == 0)
    }
}

/// Counts the messages that handlers published, and those whose cause was not the message being handled.
private final class Audit: Sendable {
    let handled = Atomic(0)
    let wrong = Atomic(0)

    func handle(_ id: String, fails: Bool, _ tracing: MessageTracing) async {
        let flow = "flow-\(id)"
        let message = TestMessage(headers: ["message-id": [id], "correlation-id": [flow]])
        try? await tracing.process(message) { _ in
            async let child = tracing.publish(TestMessage()) { $0 }
            await withTaskGroup(of: Void.self) { children in
                for _ in 0..<2 {
                    children.addTask {
                        await Task.yield()
                        self.check(await tracing.publish(TestMessage()) { $0 }, cause: id, flow: flow)
                    }
                }
            }
            check(await child, cause: id, flow: flow)
            if fails { throw HandlerError() }
        }
        let batch = [message, TestMessage(headers: ["message-id": ["b-\(id)"]])]
        await tracing.processBatch(batch) { _ in
            check(await tracing.publish(TestMessage()) { $0 }, cause: "\(id),b-\(id)", flow: nil)
        }
        if ServiceContext.current?.message != nil { wrong.add(1, ordering: .relaxed) }
    }

    private func check(_ sent: TestMessage, cause: String, flow: String?) {
        handled.add(1, ordering: .relaxed)
        let flowIsRight = flow.map { sent["correlation-id"] == $0 } ?? true
        if sent["causation-id"] != cause || !flowIsRight { wrong.add(1, ordering: .relaxed) }
    }
}
