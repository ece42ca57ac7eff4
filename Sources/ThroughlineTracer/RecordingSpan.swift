import Synchronization
import ThroughlineModel
public import Tracing

/// A span of ``RecordingTracer``.
///
/// It keeps what it is told as swift-distributed-tracing has it; the pipeline's thread makes a `SpanRecord` of it, so
/// that the caller pays for as little as possible. Ending is a check and a change under one lock: of several calls of
/// `end` exactly one counts.
public final class RecordingSpan: Tracing.Span {
    struct State {
        var name: String
        var attributes = SpanAttributes()
        var events: [Tracing.SpanEvent] = []
        var links: [Tracing.SpanLink] = []
        var status: Tracing.SpanStatus?
        var dropped = DroppedCounts()
        var end: Timestamp?
        var wasCancelled = false
    }

    let core: TracerCore
    let kind: ThroughlineModel.SpanKind
    let own: SpanContext
    let parent: SpanContext?
    let start: Timestamp
    private let surroundings: ServiceContext
    private let isRecorded: Bool
    private let state: Mutex<State>

    init(
        _ core: TracerCore, name: String, kind: ThroughlineModel.SpanKind, own: SpanContext, parent: SpanContext?,
        surroundings: ServiceContext, start: Timestamp, isRecorded: Bool, attributes: SpanAttributes?
    ) {
        self.core = core
        self.kind = kind
        self.own = own
        self.parent = parent
        self.surroundings = surroundings
        self.start = start
        self.isRecorded = isRecorded
        var state = State(name: name)
        if isRecorded, let attributes { state.attributes = attributes }
        self.state = Mutex(state)
    }

    /// The context in which the span was started, with the span as the current one, sampled or not. Made when it is
    /// asked for, because many spans are never asked.
    public var context: ServiceContext {
        var context = surroundings
        if own.isValid { context.spanContext = own }
        return context
    }

    /// True until the span ends, if it is recorded at all.
    public var isRecording: Bool {
        isRecorded && state.withLock { $0.end == nil }
    }

    /// The name; changes count until the span ends.
    public var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    /// All attributes. Set several at once with `updateAttributes`, which takes the lock twice, not twice for each.
    public var attributes: SpanAttributes {
        get { isRecorded ? state.withLock { $0.attributes } : SpanAttributes() }
        set {
            let limit = core.configuration.limits.attributes
            change { state in
                if newValue.count <= limit {
                    state.attributes = newValue
                } else {
                    state.dropped.attributes += state.attributes.take(from: newValue, upTo: limit)
                }
            }
        }
    }

    /// Says how the operation ended; the last word counts, but no error of a span that was cancelled.
    public func setStatus(_ status: Tracing.SpanStatus) {
        change { state in
            // `withSpan` says "error" of a cancelled task too; cancelling is no failure.
            if state.wasCancelled, status.code == .error, status.message == nil { return }
            state.status = status
        }
    }

    /// Adds an event; beyond the limit it is counted as dropped.
    public func addEvent(_ event: Tracing.SpanEvent) {
        let limit = core.configuration.limits.events
        change { state in
            if state.events.count < limit { state.events.append(event) } else { state.dropped.events += 1 }
        }
    }

    /// Records an error as an event named `exception` (semantic conventions, exceptions on spans); a cancellation as
    /// an event named `cancelled`.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecorded else { return }
        let isCancellation = error is CancellationError
        var attributes = attributes
        if !isCancellation {
            attributes.set("exception.type", value: .string(String(reflecting: type(of: error))))
            attributes.set("exception.message", value: .string(String(describing: error)))
        }
        addEvent(
            Tracing.SpanEvent(name: isCancellation ? "cancelled" : "exception", at: instant(), attributes: attributes))
        if isCancellation { change { $0.wasCancelled = true } }
    }

    /// Adds a link to the span of another context; a context without one is left out, unless the link's attributes
    /// say something for themselves, as those of a batch member without trace context do.
    public func addLink(_ link: Tracing.SpanLink) {
        let limit = core.configuration.limits.links
        guard link.context.spanContext != nil || link.attributes.get(MessagingAttribute.messageID) != nil else {
            return
        }
        change { state in
            if state.links.count < limit { state.links.append(link) } else { state.dropped.links += 1 }
        }
    }

    /// Ends the span and hands it on. Every call but the first is ignored, as is every change afterwards.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard isRecorded else { return }
        let end = Timestamp(nanosecondsSinceEpoch: instant().nanosecondsSinceEpoch)
        let isFirst = state.withLock { state in
            guard state.end == nil else { return false }
            state.end = end
            // A live value could change before the pipeline reads it, or belong to somebody who did not expect that.
            state.attributes.freezeLiveValues()
            return true
        }
        if isFirst {
            core.pipeline.tally.end()
            core.pipeline.buffer.append(.ended(self))
        }
    }

    /// A copy of what the span holds now, for the pipeline.
    func snapshot() -> State { state.withLock { $0 } }

    private func change(_ body: (inout State) -> Void) {
        guard isRecorded else { return }
        state.withLock { state in
            if state.end == nil { body(&state) }
        }
    }
}

extension SpanAttributes {
    /// Takes values until there are `limit`: those that were there already first, then new ones in the order of their
    /// names. Returns how many were left out.
    fileprivate mutating func take(from new: SpanAttributes, upTo limit: Int) -> Int {
        var names: [String] = []
        new.forEach { name, _ in names.append(name) }
        let (known, unknown) = (names.filter { get($0) != nil }.sorted(), names.filter { get($0) == nil }.sorted())
        var taken = SpanAttributes()
        for name in (known + unknown).prefix(limit) { taken.set(name, value: new.get(name)) }
        self = taken
        return max(0, names.count - limit)
    }

    fileprivate mutating func freezeLiveValues() {
        var live: [(String, SpanAttribute)] = []
        forEach { name, value in
            switch value {
            case .stringConvertible(let value): live.append((name, .string(String(describing: value))))
            case .stringConvertibleArray(let values):
                live.append((name, .stringArray(values.map { String(describing: $0) })))
            default: break
            }
        }
        for (name, value) in live { set(name, value: value) }
    }
}
