import Synchronization
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Spans")
struct SpanTests {
    @Test("A record holds what the span was told")
    func record() async throws {
        let bench = Bench()
        let other = bench.tracer.startSpan("other")
        let span = bench.tracer.startSpan("old name", ofKind: .producer, at: Instant(nanosecondsSinceEpoch: 1_000))
        span.operationName = "send orders"
        span.updateAttributes { attributes in
            attributes["text"] = "x"
            attributes["number"] = 1
            attributes["share"] = 0.5
            attributes["flag"] = true
            attributes["list"] = ["a", "b"]
        }
        span.addEvent(
            Tracing.SpanEvent(name: "happened", at: Instant(nanosecondsSinceEpoch: 1_500), attributes: ["k": 2]))
        span.addLink(Tracing.SpanLink(context: other.context, attributes: ["throughline.link.type": "retry-of"]))
        span.setStatus(.init(code: .error, message: "broken"))
        span.end(at: Instant(nanosecondsSinceEpoch: 3_000))
        let record = try #require(await bench.spans().first)
        #expect(record.name == "send orders")
        #expect(record.kind == .producer)
        #expect(record.start.nanosecondsSinceEpoch == 1_000)
        #expect(record.duration == 2_000)
        #expect(record.attributes == ["text": "x", "number": 1, "share": 0.5, "flag": true, "list": ["a", "b"]])
        #expect(record.events.map(\.name) == ["happened"])
        #expect(record.links.first?.context.spanID == other.context.spanContext?.spanID)
        #expect(record.links.first?.type == .retryOf)
        #expect(record.status == .error("broken"))
        #expect(record.resource.serviceName == "test")
    }

    @Test("Of many calls of end exactly one counts, and nothing changes afterwards")
    func endsOnce() async {
        let bench = Bench()
        for _ in 0..<200 {
            let span = bench.tracer.startSpan("race")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { span.end() } }
            }
            span.attributes["late"] = 1
            span.operationName = "late"
            #expect(!span.isRecording)
        }
        let spans = await bench.spans()
        #expect(spans.count == 200)
        #expect(spans.allSatisfy { $0.name == "race" && $0.attributes.isEmpty })
    }

    @Test("A live value is what it was when the span ended")
    func liveValue() async throws {
        final class Live: CustomStringConvertible, Sendable {
            let value = Atomic(1)
            var description: String { "\(value.load(ordering: .relaxed))" }
        }
        let bench = Bench()
        let live = Live()
        let span = bench.tracer.startSpan("live")
        span.updateAttributes { $0.set("live", value: .stringConvertible(live)) }
        span.end()
        live.value.store(2, ordering: .relaxed)
        #expect(await bench.spans().first?.attributes["live"] == "1")
    }

    @Test("An error thrown through withSpan is recorded once, a cancellation is no error")
    func errors() async throws {
        struct Broken: Error {}
        let bench = Bench()
        try? bench.tracer.withSpan("failing") { _ in throw Broken() }
        try? bench.tracer.withSpan("cancelled") { _ in throw CancellationError() }
        let spans = await bench.spans()
        #expect(spans[0].events.map(\.name) == ["exception"])
        #expect(spans[0].events[0].attributes["exception.type"]?.stringValue?.contains("Broken") == true)
        #expect(spans[0].status.code == .error)
        #expect(spans[1].events.map(\.name) == ["cancelled"])
        #expect(spans[1].status == .unset)
    }

    @Test("What is beyond the limits is left out and counted; what was there first stays")
    func limits() async throws {
        let bench = Bench { configuration in
            configuration.limits.attributes = 2
            configuration.limits.events = 1
            configuration.limits.links = 1
            configuration.limits.attributesPerLink = 1
            configuration.limits.attributeValueLength = 3
        }
        let other = bench.tracer.startSpan("other").context
        let span = bench.tracer.startSpan("limited")
        span.attributes["z"] = "12345"
        span.updateAttributes { attributes in
            attributes["a"] = "1"
            attributes["b"] = "2"
        }
        for _ in 0..<3 {
            span.addEvent("event")
            span.addLink(Tracing.SpanLink(context: other, attributes: ["a": "1", "b": "2"]))
        }
        span.end()
        let record = try #require(await bench.spans().first)
        #expect(record.attributes == ["z": "123", "a": "1"])
        #expect(record.dropped == DroppedCounts(attributes: 1, events: 2, links: 2))
        #expect(record.links.first?.droppedAttributes == 1)
    }

    @Test("A span in another span is its child; without a parent it is a root")
    func parents() async throws {
        let bench = Bench()
        bench.tracer.withSpan("outer") { _ in
            bench.tracer.withSpan("inner") { _ in }
            bench.tracer.withSpan("apart", context: .topLevel) { _ in }
        }
        let spans = await bench.spans()
        let (inner, apart, outer) = (spans[0], spans[1], spans[2])
        #expect(inner.parentID == outer.spanID && inner.traceID == outer.traceID && !inner.parentIsRemote)
        #expect(apart.parentID == nil && apart.traceID != outer.traceID)
    }

    @Test("An unsampled span has an id of its own and passes the trace on as not sampled")
    func unsampled() throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02"
        let out = Bench().passedOn(["traceparent": parent, "tracestate": "v=1"])
        let context = try #require(SpanContext(traceParent: out["traceparent"] ?? ""))
        #expect(context.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID.hex != "00f067aa0ba902b7")
        #expect(context.flags == .random)
        #expect(out["tracestate"] == "v=1")
    }
}

typealias Instant = DefaultTracerClock.Timestamp
