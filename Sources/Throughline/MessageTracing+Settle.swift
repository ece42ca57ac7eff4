import ThroughlineContext
import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Settles a message: records the acknowledgement, rejection or whatever it is as a CLIENT span that links to the
    /// message's creation context.
    ///
    /// Call it where the message is handled, so that the span is a child of the process span.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - settlement: What becomes of it.
    ///   - settle: Tells the broker.
    /// - Returns: What `settle` returned.
    /// - Throws: What `settle` threw, recorded on the span once.
    public func settle<Message: TraceableMessage, Result>(
        _ message: Message, as settlement: Settlement, _ settle: () async throws -> Result
    ) async rethrows -> Result {
        try await begin(message, settlement).run(settle)
    }

    private func begin<Message: TraceableMessage>(_ message: Message, _ settlement: Settlement) -> OpenOperation {
        let name = settlement.operationName
        let current = ServiceContext.current ?? .topLevel
        let measurement = configuration.metrics?.begin(
            .settle, named: name, Message.system, message.destination, message.details.consumerGroup)
        guard configuration.settleSpans else {
            return OpenOperation(span: nil, context: current, measurement: measurement)
        }
        let span = startSpan(spanName(name, message.destination), in: current, ofKind: .client) {
            var reading = HeaderReading(message)
            return SamplingHint(
                .settle, Message.system, message.destination,
                identity(ofIncoming: &reading, trusted: configuration.policy.trustsHeaders, noting: false))
        }
        if span.isRecording {
            var reading = HeaderReading(message)
            let identity = identity(ofIncoming: &reading, trusted: configuration.policy.trustsHeaders, noting: false)
            span.updateAttributes { attributes in
                describe(message, reading.details, identity, as: .settle, named: name, in: &attributes)
                attributes.set(ThroughlineAttribute.settlement, value: .string(settlement.rawValue))
            }
            if configuration.policy.links {
                span.addLink(creationContext(of: message), .creation)
            }
        }
        var context = span.context
        if context.message != current.message { context.message = current.message }
        return OpenOperation(span: span, context: context, measurement: measurement)
    }
}

extension Settlement {
    /// The verb that brokers have for it.
    var operationName: String {
        switch self {
        case .acknowledged: "ack"
        case .requeued: "nack"
        case .rejected: "reject"
        case .deadLettered: "dead-letter"
        case .deferred: "defer"
        case .skipped: "skip"
        }
    }
}
