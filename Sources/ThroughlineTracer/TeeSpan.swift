import ThroughlineContext
public import Tracing

/// A span of a ``TeeTracer``: the primary's and the recorder's, which are told the same.
public final class TeeSpan<Primary: Tracing.Span>: Tracing.Span {
    /// The primary backend's span.
    public let primary: Primary
    private let recorded: RecordingSpan
    private let keepsContext: Bool
    private let surroundings: ServiceContext

    init(_ primary: Primary, _ recorded: RecordingSpan, keepsContext: Bool, surroundings: ServiceContext) {
        self.primary = primary
        self.recorded = recorded
        self.keepsContext = keepsContext
        self.surroundings = surroundings
    }

    /// The primary's context with ours in it. A primary that drops a span drops everything that the context held; then
    /// it is the one in which the span was started.
    public var context: ServiceContext {
        var context = primary.context
        if !keepsContext, context.isEmpty { context = surroundings }
        if context.message != surroundings.message { context.message = surroundings.message }
        context.spanContext = recorded.own
        return context
    }

    /// True while either of the two records.
    public var isRecording: Bool { primary.isRecording || recorded.isRecording }

    /// The name of both.
    public var operationName: String {
        get { recorded.operationName }
        set {
            primary.operationName = newValue
            recorded.operationName = newValue
        }
    }

    /// The attributes of both; those of the primary are read, as long as it records.
    public var attributes: SpanAttributes {
        get { primary.isRecording ? primary.attributes : recorded.attributes }
        set {
            primary.attributes = newValue
            recorded.attributes = newValue
        }
    }

    /// Tells both.
    public func setStatus(_ status: SpanStatus) {
        primary.setStatus(status)
        recorded.setStatus(status)
    }

    /// Tells both.
    public func addEvent(_ event: SpanEvent) {
        primary.addEvent(event)
        recorded.addEvent(event)
    }

    /// Tells both.
    public func addLink(_ link: SpanLink) {
        primary.addLink(link)
        recorded.addLink(link)
    }

    /// Tells both, with the same time.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        let instant = instant()
        primary.recordError(error, attributes: attributes, at: instant)
        recorded.recordError(error, attributes: attributes, at: instant)
    }

    /// Ends both, at the same time.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let instant = instant()
        primary.end(at: instant)
        recorded.end(at: instant)
    }
}
