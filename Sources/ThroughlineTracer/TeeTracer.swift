import ThroughlineContext
import ThroughlineModel
public import Tracing

/// Records beside another tracing backend, such as swift-otel: one span for the application, two that are recorded, with
/// the same trace and span ids.
///
/// ```swift
/// InstrumentationSystem.bootstrap(TeeTracer(primary: otel, recorder: recorder.tracer))
/// ```
///
/// The primary decides what is propagated, and writes and reads the headers; attributes, links, events and status go to
/// both. Its ids are read from the `traceparent` that it writes. A primary that writes none, or drops a span and its
/// context with it, gets ids beside its own: the recorder's, in headers that the primary does not write.
///
/// Which spans the recorder keeps is its own sampler's decision. The sampled flag is the primary's where it has one.
public struct TeeTracer<Primary: Tracer>: Tracer {
    /// What it makes.
    public typealias Span = TeeSpan<Primary.Span>

    private let primary: Primary
    private let recorder: RecordingTracer

    /// Makes a tracer of two.
    ///
    /// - Parameters:
    ///   - primary: The backend that propagates.
    ///   - recorder: Ours, which records beside it.
    public init(primary: Primary, recorder: RecordingTracer) {
        self.primary = primary
        self.recorder = recorder
    }

    /// Starts a span of each, ours with the primary's ids.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> TeeSpan<Primary.Span> {
        let context = context()
        let instant = instant()
        var forPrimary = context
        if context.samplingHint != nil { forPrimary.samplingHint = nil }
        let first = primary.startSpan(
            operationName, context: forPrimary, ofKind: kind, at: instant, function: function, file: fileID, line: line)
        let own = identity(of: first)
        let start = Timestamp(nanosecondsSinceEpoch: instant.nanosecondsSinceEpoch)
        let second = recorder.begin(operationName, context: context, ofKind: kind, at: start, as: own)
        return TeeSpan(first, second, keepsContext: own != nil, surroundings: forPrimary)
    }

    /// Asks both to hand on what they have; deprecated as `Tracer` has it.
    @available(*, deprecated)
    public func forceFlush() {
        primary.forceFlush()
        recorder.forceFlush()
    }

    /// Writes what the primary writes, and of ours what it does not.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        primary.inject(context, into: &carrier, using: injector)
        let theirs = headers(of: primary, context)
        var ours: [String: String] = [:]
        recorder.inject(context, into: &ours, using: HeaderList())
        for (name, value) in ours where theirs[name.lowercased()] == nil {
            injector.inject(value, forKey: name, into: &carrier)
        }
    }

    /// Reads what the primary reads, and ours where it finds no trace.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        primary.extract(carrier, into: &context, using: extractor)
        let before = context.spanContext
        context.spanContext = nil
        recorder.extract(carrier, into: &context, using: extractor)
        var bare = context
        bare.spanContext = nil
        if var theirs = SpanContext(headers: headers(of: primary, bare)) {
            theirs.isRemote = true
            context.spanContext = theirs
        } else if context.spanContext == nil {
            context.spanContext = before
        }
    }

    private func identity(of span: Primary.Span) -> SpanContext? {
        var bare = span.context
        if bare.spanContext != nil { bare.spanContext = nil }
        var own = SpanContext(headers: headers(of: primary, bare))
        own?.isRemote = false
        return own
    }

    private func headers(of tracer: Primary, _ context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        tracer.inject(context, into: &headers, using: HeaderList())
        return Dictionary(headers.map { ($0.lowercased(), $1) }) { $1 }
    }
}

extension TeeTracer: SamplingHintReader {
    package var readsSamplingHints: Bool { recorder.readsSamplingHints }
}

private struct HeaderList: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout [String: String]) { headers[key] = value }
}

extension SpanContext {
    /// What W3C's headers say.
    fileprivate init?(headers: [String: String]) {
        guard let parent = headers["traceparent"] else { return nil }
        self.init(traceParent: parent)
        traceState = headers["tracestate"].flatMap(TraceState.init(header:)) ?? TraceState()
    }
}
