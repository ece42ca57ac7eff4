import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Rows of OpenTelemetry's compliance matrix that no other test is about; docs/opentelemetry-compliance.md names them.
@Suite("OpenTelemetry's specification of spans")
struct SpecificationTests {
    private func recorded(_ bench: Bench = Bench(), _ body: (RecordingSpan) -> Void) async throws -> SpanRecord {
        let span = bench.tracer.startSpan("x")
        body(span)
        span.end()
        return try #require(await bench.spans().first)
    }

    @Test("Attributes of every type, names and texts in any script; nil removes")
    func types() async throws {
        let record = try await recorded { span in
            span.updateAttributes { attributes in
                attributes.set("text", value: .string("Grüße, 世界 🎈"))
                attributes.set("日本語.ключ", value: .bool(true))
                attributes.set("double", value: .double(-0.1))
                attributes.set("smallest", value: .int64(.min))
                attributes.set("largest", value: .int64(.max))
                attributes.set("texts", value: .stringArray(["a", "ö"]))
                attributes.set("numbers", value: .int64Array([1, -1]))
                attributes.set("doubles", value: .doubleArray([0.5]))
                attributes.set("flags", value: .boolArray([true, false]))
                attributes.set("gone", value: .int64(1))
                attributes.set("gone", value: nil)
            }
        }
        #expect(
            record.attributes == [
                "text": "Grüße, 世界 🎈", "日本語.ключ": true, "double": -0.1, "smallest": .int(.min),
                "largest": .int(.max), "texts": ["a", "ö"], "numbers": [1, -1], "doubles": [0.5],
                "flags": [true, false],
            ])
    }

    @Test("Events and links keep the order in which they were added")
    func order() async throws {
        let record = try await recorded { span in
            for index in 0..<100 {
                span.addEvent(Tracing.SpanEvent(name: "event \(index)"))
                span.addLink(Tracing.SpanLink(context: span.context, attributes: ["index": .int64(Int64(index))]))
            }
        }
        #expect(record.events.map(\.name) == (0..<100).map { "event \($0)" })
        #expect(record.links.map { $0.attributes["index"] } == (0..<100).map { .int($0) })
    }

    @Test("Many tasks may use one tracer and one span at once")
    func concurrency() async throws {
        let bench = Bench {
            $0.limits.events = 10_000
            $0.limits.attributes = 10_000
        }
        let span = bench.tracer.startSpan("shared")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<100 {
                        span.addEvent(Tracing.SpanEvent(name: "event"))
                        span.addLink(Tracing.SpanLink(context: span.context, attributes: [:]))
                        span.setStatus(.init(code: .ok))
                        span.operationName = "renamed"
                        bench.tracer.startSpan("own \(task) \(index)", context: span.context).end()
                    }
                }
            }
        }
        span.end()
        let spans = await bench.spans()
        let shared = try #require(spans.first { $0.name == "renamed" })
        #expect(shared.events.count == 800 && shared.links.count == 800 && shared.status == .ok)
        #expect(spans.count == 801 && Set(spans.map(\.spanID)).count == 801)
    }

    @Test("An error is an event with its type and message, and with what is added")
    func exceptions() async throws {
        struct Broken: Error {}
        let record = try await recorded { span in
            span.recordError(Broken(), attributes: ["order.id": 42], at: Instant(nanosecondsSinceEpoch: 7))
        }
        let event = try #require(record.events.first)
        #expect(event.name == "exception" && event.time.nanosecondsSinceEpoch == 7)
        #expect(event.attributes["exception.type"]?.stringValue?.hasSuffix("Broken") == true)
        #expect(event.attributes["exception.message"]?.stringValue?.contains("Broken") == true)
        #expect(event.attributes["order.id"] == 42)
    }

    @Test("Ids may be made by somebody else; ids that are not random do not say that they are")
    func ids() async throws {
        struct Counting: IDSource {
            var isRandom: Bool { false }
            func traceID(at time: Timestamp) -> TraceID { TraceID(high: time.nanosecondsSinceEpoch, low: 7) }
            func spanID() -> SpanID { SpanID(8) }
        }
        let bench = Bench { $0.ids = Counting() }
        bench.tracer.startSpan("x", at: Instant(nanosecondsSinceEpoch: 6)).end()
        let record = try #require(await bench.spans().first)
        #expect(record.traceID == TraceID(high: 6, low: 7) && record.spanID == SpanID(8))
        #expect(record.flags == .sampled)
    }

    @Test("A span is recording until it ends; a dropped one never was")
    func recording() {
        let span = Bench().tracer.startSpan("x")
        #expect(span.isRecording)
        span.end()
        #expect(!span.isRecording)
        #expect(!Bench { $0.sampler = AlwaysOffSampler() }.tracer.startSpan("x").isRecording)
    }

    @Test("The current span is the task's, in child tasks too, and outside of it there is none")
    func current() async {
        let tracer = Bench().tracer
        #expect(ServiceContext.current?.spanContext == nil)
        await tracer.withSpan("outer") { span in
            let own = span.context.spanContext
            #expect(ServiceContext.current?.spanContext == own)
            async let child = ServiceContext.current?.spanContext
            #expect(await child == own)
        }
        #expect(ServiceContext.current?.spanContext == nil)
    }
}
