import Testing
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

typealias NeverSampler = AlwaysOffSampler

@Suite("Spans of the middleware")
struct SpanTests {
    @Test("A send is a PRODUCER span named by operation and destination, with the conventions' attributes")
    func send() async throws {
        let bench = Bench()
        let sent = await bench.published()
        let span = try #require(await bench.span(named: "send orders"))
        #expect(span.kind == .producer)
        #expect(span.attributes["messaging.system"] == "test")
        #expect(span.attributes["messaging.operation.name"] == "send")
        #expect(span.attributes["messaging.operation.type"] == "send")
        #expect(span.attributes["messaging.destination.name"] == "orders")
        #expect(span.attributes["messaging.message.id"]?.stringValue == sent["message-id"])
        #expect(span.attributes["messaging.message.conversation_id"]?.stringValue == sent["correlation-id"])
    }

    @Test("The header carries the send span's own context")
    func injectsSpan() async throws {
        let bench = Bench()
        let sent = await bench.published()
        let span = try #require(await bench.span(named: "send orders"))
        let context = try #require(SpanContext(traceParent: sent["traceparent"] ?? ""))
        #expect(context.spanID == span.spanID)
        #expect(context.traceID == span.traceID)
    }

    @Test("A process span is a child of the send and links to it")
    func process() async throws {
        let bench = Bench()
        let sent = await bench.published()
        await bench.tracing.process(sent) { _ in }
        let send = try #require(await bench.span(named: "send orders"))
        let process = try #require(await bench.span(named: "process orders"))
        #expect(process.kind == .consumer)
        #expect(process.parentID == send.spanID)
        #expect(process.parentIsRemote)
        #expect(process.traceID == send.traceID)
        #expect(process.links.map(\.type) == [.creation])
        #expect(process.links.first?.context.spanID == send.spanID)
    }

    @Test(
        "Each policy gives the trace that it promises",
        arguments: [
            (PropagationPolicy.child, true, true), (.link, false, true), (.newTrace, false, false),
            (.ignore, false, false),
        ])
    func policies(policy: PropagationPolicy, sameTrace: Bool, links: Bool) async throws {
        let bench = Bench { $0.policy = policy }
        let sent = await ServiceContext.withValue(.withBaggage) { await bench.published() }
        let effect = await bench.tracing.process(sent) { _ in await bench.published() }
        let spans = await bench.spans()
        let process = try #require(spans.first { $0.kind == .consumer })
        #expect((process.traceID == spans.first { $0.kind == .producer }?.traceID) == sameTrace)
        #expect(process.links.contains { $0.type == .creation } == links)
        let isTrusted = policy != .ignore
        #expect((effect["causation-id"] == sent["message-id"]) == isTrusted)
        #expect((effect["baggage"] == "tenant=acme") == isTrusted)
    }

    @Test("A message that waited too long starts a trace of its own and links")
    func delayed() async throws {
        let now = Timestamp(nanosecondsSinceEpoch: 10_000_000_000_000)
        let bench = Bench { $0.now = { now } }
        var sent = await bench.published()
        sent.details.enqueuedTime = Timestamp(nanosecondsSinceEpoch: 1_000_000_000)
        await bench.tracing.process(sent) { _ in }
        let process = try #require(await bench.span(named: "process orders"))
        #expect(process.parentID == nil)
        #expect(process.links.map(\.type) == [.creation])
        #expect(process.attributes["throughline.delivery.queue_time"]?.intValue == 9_999_000_000_000)
    }

    @Test("A broker whose clock is ahead tells no time in the queue")
    func early() async throws {
        let bench = Bench { $0.now = { Timestamp(nanosecondsSinceEpoch: 1_000_000_000) } }
        var sent = await bench.published()
        sent.details.enqueuedTime = Timestamp(nanosecondsSinceEpoch: 2_000_000_000)
        await bench.tracing.process(sent) { _ in }
        let process = try #require(await bench.span(named: "process orders"))
        #expect(process.attributes["throughline.delivery.queue_time"] == nil)
    }

    @Test("A batch is the root of a trace with one link a message, each with the message's own ids")
    func batch() async throws {
        let bench = Bench()
        let messages = [
            await bench.published(), await bench.published(), TestMessage(headers: ["message-id": ["bare"]]),
        ]
        await bench.tracing.processBatch(messages) { _ in }
        let span = try #require(await bench.span(named: "process orders"))
        #expect(span.parentID == nil)
        #expect(span.attributes["messaging.batch.message_count"] == 3)
        #expect(span.attributes["messaging.message.id"] == nil, "ids of several messages belong on the links")
        #expect(span.links.map(\.type) == [.batchMember, .batchMember, .batchMember])
        #expect(
            span.links.map { $0.attributes["messaging.message.id"]?.stringValue } == messages.map { $0["message-id"] },
            "a member without trace context keeps its place by its id")
    }

    @Test("An error is recorded once and thrown on")
    func errorOnce() async throws {
        let bench = Bench()
        await #expect(throws: HandlerError.self) {
            try await bench.tracing.process(TestMessage()) { _ in throw HandlerError() }
        }
        let span = try #require(await bench.span(named: "process orders"))
        #expect(span.events.map(\.name) == ["exception"])
        #expect(span.status.code == .error)
        #expect(span.attributes["error.type"]?.stringValue == "ThroughlineTests.HandlerError")
    }

    @Test("A cancelled handler is noted and is no error")
    func cancellation() async throws {
        let bench = Bench()
        await #expect(throws: CancellationError.self) {
            try await bench.tracing.process(TestMessage()) { _ in throw CancellationError() }
        }
        let span = try #require(await bench.span(named: "process orders"))
        #expect(span.events.map(\.name) == ["cancelled"])
        #expect(span.status == .unset)
    }

    @Test("The next attempt has the next number and links to the one that failed")
    func retries() async throws {
        let bench = Bench()
        let sent = await bench.published()
        for _ in 0..<2 {
            try? await bench.tracing.process(sent) { _ in throw HandlerError() }
        }
        await bench.tracing.process(sent) { _ in }
        let attempts = await bench.spans().filter { $0.kind == .consumer }
        #expect(attempts.map { $0.attributes["throughline.delivery.attempt"] } == [nil, 2, 3])
        for (previous, next) in zip(attempts, attempts.dropFirst()) {
            let retry = try #require(next.links.first { $0.type == .retryOf })
            #expect(retry.context.spanID == previous.spanID)
        }
        await bench.tracing.process(sent) { _ in }
        let later = try #require(await bench.spans().last)
        #expect(!later.links.contains { $0.type == .retryOf }, "the delivery had succeeded")
    }

    @Test("A settle span is a child of the process span and says what became of the message")
    func settle() async throws {
        let bench = Bench()
        let sent = await bench.published()
        await bench.tracing.process(sent) { message in
            await bench.tracing.settle(message, as: .acknowledged) {}
        }
        let process = try #require(await bench.span(named: "process orders"))
        let settle = try #require(await bench.span(named: "ack orders"))
        #expect(settle.kind == .client)
        #expect(settle.parentID == process.spanID)
        #expect(settle.attributes["messaging.operation.type"] == "settle")
        #expect(settle.attributes["throughline.delivery.settlement"] == "acknowledged")
    }

    @Test("A handler that runs inside another span links to it as ambient")
    func ambient() async throws {
        let bench = Bench()
        let sent = await bench.published()
        await bench.tracer.withSpan("loop") { _ in
            await bench.tracing.process(sent) { _ in }
        }
        let loop = try #require(await bench.span(named: "loop"))
        let process = try #require(await bench.span(named: "process orders"))
        #expect(process.parentID != loop.spanID)
        #expect(process.links.first { $0.type == .ambient }?.context.spanID == loop.spanID)
    }

    @Test("A doubled traceparent is invalid: the trace starts anew, and the span says why")
    func doubledTraceParent() async throws {
        let bench = Bench()
        var sent = await bench.published()
        let parent = try #require(sent["traceparent"])
        sent.headers["traceparent"] = [parent, parent]
        await bench.tracing.process(sent) { _ in }
        let process = try #require(await bench.span(named: "process orders"))
        #expect(process.parentID == nil)
        #expect(process.attributes["throughline.headers.ignored"]?.stringArrayValue == ["traceparent"])
    }

    @Test("A dropped span keeps ids, baggage and the trace, marked as not sampled")
    func unsampled() async throws {
        let bench = Bench(sampler: NeverSampler())
        let sent = await ServiceContext.withValue(.withBaggage) { await bench.published() }
        let effect = await bench.tracing.process(sent) { _ in await bench.published() }
        let first = try #require(SpanContext(traceParent: sent["traceparent"] ?? ""))
        let second = try #require(SpanContext(traceParent: effect["traceparent"] ?? ""))
        #expect(!first.isSampled && !second.isSampled)
        #expect(first.traceID == second.traceID)
        #expect(first.spanID != second.spanID)
        #expect(effect["baggage"] == "tenant=acme")
        #expect(effect["causation-id"] == sent["message-id"])
        #expect(await bench.spans().isEmpty)
    }

    @Test("A foreign tracer that loses the context of dropped spans loses no ids")
    func forgetfulTracer() async {
        var configuration = MessageTracing.Configuration()
        configuration.tracer = ForgetfulTracer()
        let tracing = MessageTracing(configuration)
        let cause = await tracing.publish(TestMessage()) { $0 }
        let effects = await tracing.process(cause) { _ in
            await tracing.publish(TestMessage()) { first in
                [first, await tracing.publish(TestMessage()) { $0 }]
            }
        }
        #expect(effects.allSatisfy { $0["causation-id"] == cause["message-id"] })
    }

    @Test("The tracer is looked up at the call, so a middleware made before it is no loss")
    func lateTracer() async throws {
        let early = MessageTracing()
        let bench = Bench()
        _ = await withTracer(bench.tracer) { await early.publish(TestMessage()) { $0 } }
        #expect(await bench.span(named: "send orders") != nil)
    }

    @MainActor
    @Test("The verbs stay on the caller's actor: no hop to another executor")
    func staysOnActor() async {
        final class Client {}  // not Sendable, as some clients are not
        let client = Client()
        let tracing = Bench().tracing
        await tracing.publish(TestMessage()) { _ in
            MainActor.assertIsolated()
            _ = client
        }
        await tracing.process(TestMessage()) { _ in
            MainActor.assertIsolated()
            _ = client
        }
    }
}

extension ServiceContext {
    fileprivate static var withBaggage: ServiceContext {
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        return context
    }
}

/// Does what swift-otel 1.5 did with dropped spans: hands back an empty context.
private struct ForgetfulTracer: Tracer {
    final class Span: Tracing.Span {
        var context: ServiceContext { .topLevel }
        var operationName: String {
            get { "" }
            set {}
        }
        var attributes: SpanAttributes {
            get { [:] }
            set {}
        }
        var isRecording: Bool { false }
        func setStatus(_ status: Tracing.SpanStatus) {}
        func addEvent(_ event: Tracing.SpanEvent) {}
        func recordError<Instant: TracerInstant>(
            _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
        ) {}
        func addLink(_ link: Tracing.SpanLink) {}
        func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {}
    }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> Span { Span() }
    func forceFlush() {}
    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {}
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}
}
