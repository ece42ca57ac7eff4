import InMemoryTracing
import Synchronization
import Testing
import ThroughlineContext
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Another backend: makes ids of its own, writes W3C's `traceparent`, and keeps a note of what it is told.
private struct OtherTracer: Tracer {
    typealias Span = OtherSpan

    final class Notes: Sendable {
        let list = Mutex<[String]>([])
        let spans = Mutex<[OtherSpan]>([])
    }

    let notes = Notes()
    var isSampled = true
    /// As a backend that hands back one empty span for all that it drops.
    var dropsContext = false

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OtherSpan {
        var context = context()
        let parent = context.other
        let ids = IDGenerator()
        context.other = SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: Timestamp(nanosecondsSinceEpoch: 1)), spanID: ids.spanID(),
            flags: isSampled ? .sampled : [], traceState: TraceState(header: "other=1") ?? TraceState())
        let span = OtherSpan(
            notes, operationName, dropsContext ? .topLevel : context, instant().nanosecondsSinceEpoch,
            isRecording: isSampled)
        notes.spans.withLock { $0.append(span) }
        return span
    }

    func forceFlush() { notes.list.withLock { $0.append("flush") } }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.other else { return }
        injector.inject(span.traceParent, forKey: "Traceparent", into: &carrier)
        injector.inject(span.traceState.header, forKey: "tracestate", into: &carrier)
    }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context.other = extractor.extract(key: "Traceparent", from: carrier).flatMap { SpanContext(traceParent: $0) }
    }
}

private final class OtherSpan: Tracing.Span {
    private let notes: OtherTracer.Notes
    let context: ServiceContext
    let start: UInt64
    let isRecording: Bool
    private let name: Mutex<String>
    private let kept = Mutex(SpanAttributes())

    init(_ notes: OtherTracer.Notes, _ name: String, _ context: ServiceContext, _ start: UInt64, isRecording: Bool) {
        self.notes = notes
        self.name = Mutex(name)
        self.context = context
        self.start = start
        self.isRecording = isRecording
    }

    var operationName: String {
        get { name.withLock { $0 } }
        set { name.withLock { $0 = newValue } }
    }
    var attributes: SpanAttributes {
        get { kept.withLock { $0 } }
        set { if isRecording { kept.withLock { $0 = newValue } } }
    }
    func note(_ what: String) { notes.list.withLock { $0.append(what) } }
    func setStatus(_ status: Tracing.SpanStatus) { note("status \(status.code)") }
    func addEvent(_ event: Tracing.SpanEvent) { note("event \(event.name)") }
    func addLink(_ link: Tracing.SpanLink) { note("link \(link.context.other?.spanID.hex ?? "-")") }
    func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) { note("error at \(instant().nanosecondsSinceEpoch)") }
    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        note("end at \(instant().nanosecondsSinceEpoch)")
    }
}

private enum OtherKey: ServiceContextKey {
    typealias Value = SpanContext
}

extension ServiceContext {
    fileprivate var other: SpanContext? {
        get { self[OtherKey.self] }
        set { self[OtherKey.self] = newValue }
    }
}

@Suite("Recording beside another tracing backend")
struct TeeTracerTests {
    private func headers(_ tracer: some Tracer, _ context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        tracer.inject(context, into: &headers, using: DictionaryCarrier())
        return headers
    }

    @Test("Both have the same ids, names, times, and everything else that the span is told")
    func same() async throws {
        let bench = Bench()
        let other = OtherTracer()
        let tracer = TeeTracer(primary: other, recorder: bench.tracer)
        let outer = tracer.startSpan("outer")
        let inner = tracer.startSpan("inner", context: outer.context)
        inner.operationName = "renamed"
        inner.updateAttributes { $0.set("a", value: .int64(1)) }
        inner.addEvent(Tracing.SpanEvent(name: "happened"))
        inner.addLink(Tracing.SpanLink(context: outer.context, attributes: [:]))
        inner.recordError(CancellationError())
        inner.setStatus(Tracing.SpanStatus(code: .ok))
        inner.end()
        outer.end()

        let theirs = other.notes.spans.withLock { $0 }
        let ours = await bench.spans()
        let record = try #require(ours.first)
        let own = try #require(theirs[1].context.other)
        #expect(record.traceID == own.traceID && record.spanID == own.spanID && record.flags == own.flags)
        #expect(record.parentID == theirs[0].context.other?.spanID && !record.parentIsRemote)
        #expect(record.traceState.header == "other=1")
        #expect(record.name == "renamed" && theirs[1].operationName == "renamed")
        #expect(record.start.nanosecondsSinceEpoch == theirs[1].start)
        #expect(record.attributes["a"] == 1 && theirs[1].attributes.get("a") == .int64(1))
        #expect(record.status == .ok && record.links.first?.context.spanID == ours[1].spanID)
        let notes = other.notes.list.withLock { $0 }
        #expect(notes[0] == "event happened" && notes[1] == "link \(ours[1].spanID.hex)")
        #expect(notes[2] == "error at \(record.events[1].time.nanosecondsSinceEpoch)")
        #expect(notes[3] == "status ok" && notes[4] == "end at \(record.end?.nanosecondsSinceEpoch ?? 0)")
    }

    @Test("The primary propagates; what it does not carry, baggage, is ours; a remote parent is everybody's parent")
    func propagation() async throws {
        let bench = Bench()
        let tracer = TeeTracer(primary: OtherTracer(), recorder: bench.tracer)
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        let sender = tracer.startSpan("send", context: context)
        let carried = headers(tracer, sender.context)
        sender.end()
        #expect(Set(carried.keys) == ["Traceparent", "tracestate", "baggage"])

        var received = ServiceContext.topLevel
        tracer.extract(carried, into: &received, using: DictionaryCarrier())
        #expect(received.baggage["tenant"] == "acme")
        tracer.startSpan("process", context: received).end()
        let spans = await bench.spans()
        #expect(spans[1].parentID == spans[0].spanID && spans[1].traceID == spans[0].traceID)
        #expect(spans[1].parentIsRemote)
    }

    @Test("What the primary does not sample is recorded here, without the flag")
    func unsampled() async throws {
        let bench = Bench { $0.sampler = AlwaysOnSampler() }
        let tracer = TeeTracer(primary: OtherTracer(isSampled: false), recorder: bench.tracer)
        let span = tracer.startSpan("work")
        #expect(span.isRecording)
        span.attributes["a"] = 1
        span.end()
        let record = try #require(await bench.spans().first)
        #expect(record.attributes["a"] == 1 && !record.isSampled)
        #expect(headers(tracer, span.context)["Traceparent"]?.hasSuffix("-00") == true)
    }

    @Test("A primary that drops the context loses neither the flow nor the message")
    func dropped() async throws {
        let bench = Bench()
        let tracer = TeeTracer(primary: OtherTracer(isSampled: false, dropsContext: true), recorder: bench.tracer)
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        context.message = MessageContext(messageIDs: ["m-1"], correlationID: "c-1")
        let outer = tracer.startSpan("outer", context: context)
        let inner = tracer.startSpan("inner", context: outer.context)
        #expect(inner.context.baggage["tenant"] == "acme" && inner.context.message?.correlationID == "c-1")
        let carried = headers(tracer, inner.context)
        inner.end()
        outer.end()
        let spans = await bench.spans()
        #expect(spans[0].parentID == spans[1].spanID)
        #expect(carried["traceparent"]?.contains(spans[0].spanID.hex) == true)
    }

    @Test("A primary without traceparent keeps its own ids, and gets ours beside them")
    func inMemory() async throws {
        let bench = Bench()
        let primary = InMemoryTracer()
        let tracer = TeeTracer(primary: primary, recorder: bench.tracer)
        let sender = tracer.startSpan("send")
        let carried = headers(tracer, sender.context)
        sender.end()
        var received = ServiceContext.topLevel
        tracer.extract(carried, into: &received, using: DictionaryCarrier())
        tracer.startSpan("process", context: received).end()

        let theirs = primary.finishedSpans
        let ours = await bench.spans()
        #expect(theirs[1].parentSpanID == theirs[0].spanID && theirs[1].traceID == theirs[0].traceID)
        #expect(ours[1].parentID == ours[0].spanID && ours[1].traceID == ours[0].traceID)
        #expect(carried["traceparent"]?.contains(ours[0].traceID.hex) == true)
    }
}
