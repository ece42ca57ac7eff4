import ThroughlineModel
public import Tracing

extension MessageTracing {
    /// Replays a stored event stream for a read model, without pretending that the events happen again.
    ///
    /// The whole rebuild is one span, marked as a replay. It names no message and no flow, so it stays out of every
    /// flow, rate and latency. The events keep the ids that they were stored with: `handle` gets them beside each event.
    /// A handler that publishes all the same marks what it publishes as a replay, in a flow of its own.
    ///
    /// - Parameters:
    ///   - projection: The name of the read model.
    ///   - events: The stored events, in their order.
    ///   - handle: Applies one event.
    /// - Returns: How many events were applied.
    /// - Throws: What `events` or `handle` threw, recorded on the span with the position of the event.
    @discardableResult
    public func rebuild<Events: AsyncSequence>(
        _ projection: String, from events: Events, _ handle: (Events.Element, MessageIdentity) async throws -> Void
    ) async throws -> Int where Events.Element: TraceableMessage {
        let span = tracer.startSpan("rebuild " + projection, context: .topLevel, ofKind: .internal)
        defer { span.end() }
        if let ambient = ServiceContext.current, span.isRecording { span.addLink(ambient, .ambient) }
        var context = span.context
        context.isRebuild = true
        var count = 0
        var destination: String?
        func describe() {
            guard span.isRecording else { return }
            span.updateAttributes { attributes in
                attributes.set(ThroughlineAttribute.replay, value: .bool(true))
                attributes.set(ThroughlineAttribute.projection, value: .string(projection))
                attributes.set(ThroughlineAttribute.rebuiltEvents, value: .int64(Int64(count)))
                attributes.set(ThroughlineAttribute.rebuiltFrom, value: destination.map { .string($0) })
            }
        }
        do {
            for try await event in events {
                destination = destination ?? event.destination
                var reading = HeaderReading(event)
                let identity = identity(ofIncoming: &reading, trusted: configuration.policy.trustsHeaders)
                try await ServiceContext.withValue(context) { try await handle(event, identity) }
                count += 1
            }
        } catch {
            describe()
            span.record(failure: error)
            throw error
        }
        describe()
        return count
    }
}

private enum RebuildKey: ServiceContextKey {
    typealias Value = Bool
    static var nameOverride: String? { "throughline-rebuild" }
}

extension ServiceContext {
    /// True while stored events are replayed for a read model.
    public internal(set) var isRebuild: Bool {
        get { self[RebuildKey.self] ?? false }
        set { self[RebuildKey.self] = newValue ? true : nil }
    }
}
