import ThroughlineContext
import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Starts a span, after telling the tracer's sampler what it is about; a tracer whose sampler does not want to
    /// know costs one check.
    func startSpan(
        _ name: String, in context: ServiceContext, ofKind kind: Tracing.SpanKind, hint: () -> SamplingHint
    ) -> any Span {
        let tracer = tracer
        guard readsHints(tracer) else { return tracer.startSpan(name, context: context, ofKind: kind) }
        var context = context
        context.samplingHint = hint()
        return tracer.startSpan(name, context: context, ofKind: kind)
    }

    /// Where messages came from, when a sampler wants to know about what is published for them.
    func origins<Message: TraceableMessage>(of messages: [Message]) -> [ServiceContext]? {
        readsHints(tracer) && configuration.policy.links ? messages.map(creationContext) : nil
    }

    func creationContext<Message: TraceableMessage>(of message: Message) -> ServiceContext {
        var creation = ServiceContext.topLevel
        instrument.extract(message.headers, into: &creation, using: HeaderExtractor<Message>())
        return creation
    }

    static func readsHints(_ tracer: any Tracer) -> Bool {
        (tracer as? any SamplingHintReader)?.readsSamplingHints ?? false
    }

    private func readsHints(_ tracer: any Tracer) -> Bool {
        configuredTracerReadsHints ?? Self.readsHints(tracer)
    }
}

extension SamplingHint {
    init(
        _ operation: MessagingOperation, _ system: MessagingSystem, _ destination: String?,
        _ identity: MessageIdentity, isReplay: Bool = false, origins: [ServiceContext] = []
    ) {
        self.init(
            operation: operation.rawValue, system: system.rawValue, destination: destination,
            messageType: identity.messageType, intent: identity.intent?.rawValue,
            correlationID: identity.correlationID, isReplay: isReplay, origins: origins)
    }
}
