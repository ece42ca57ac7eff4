import ThroughlineContext
import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Handles several messages at once: one CONSUMER span, the root of a trace of its own, with one link to each
    /// message's creation context that carries the message's own ids.
    ///
    /// What the handler publishes is caused by all messages of the batch, unless it is published inside
    /// ``withMessages(_:_:)`` or ``process(_:policy:_:)`` of one of them.
    ///
    /// - Parameters:
    ///   - messages: The batch; an empty one calls the handler without a span.
    ///   - handle: The handler.
    /// - Returns: What `handle` returned.
    /// - Throws: What `handle` threw, recorded on the span once; a cancellation is noted and is no error.
    public func processBatch<Message: TraceableMessage, Result>(
        _ messages: [Message], _ handle: ([Message]) async throws -> Result
    ) async rethrows -> Result {
        guard let first = messages.first else { return try await handle(messages) }
        let batch = beginBatch(messages, first)
        defer { batch.span.end() }
        do {
            let result = try await ServiceContext.withValue(batch.context) { try await handle(messages) }
            batch.measurement?.end(failure: nil)
            return result
        } catch {
            batch.span.record(failure: error)
            batch.measurement?.end(failure: error)
            throw error
        }
    }

    func beginBatch<Message: TraceableMessage>(
        _ messages: [Message], _ first: Message
    ) -> (span: any Span, context: ServiceContext, measurement: MessagingMetrics.Measurement?) {
        let trusted = configuration.policy.trustsHeaders
        var ignored: [String] = []
        var members: [(details: MessageDetails, identity: MessageIdentity)] = []
        members.reserveCapacity(messages.count)
        for message in messages {
            var reading = HeaderReading(message)
            let identity = identity(ofIncoming: &reading, trusted: trusted)
            members.append((reading.details, identity))
            for name in reading.ignored where !ignored.contains(name) { ignored.append(name) }
        }
        let destination = messages.allSatisfy { $0.destination == first.destination } ? first.destination : nil

        let span = startSpan(spanName("process", destination), in: .topLevel, ofKind: .consumer) {
            let flow = MessageContext(members.map(\.identity)).correlationID
            return SamplingHint(
                operation: MessagingOperation.process.rawValue, system: Message.system.rawValue,
                destination: destination, messageType: members.first?.identity.messageType, correlationID: flow,
                origins: origins(of: messages) ?? [])
        }
        if span.isRecording {
            span.updateAttributes { attributes in
                describeBatch(
                    of: messages.count, system: Message.system, destination: destination, members, in: &attributes)
                attributes.note(ignored: ignored)
            }
            if configuration.policy.links {
                for (message, member) in zip(messages, members) {
                    let creation = creationContext(of: message)
                    span.addLink(creation, .batchMember, describeMember(member.details, member.identity))
                }
            }
            if let ambient = ServiceContext.current { span.addLink(ambient, .ambient) }
        }
        note(ignored: ignored)

        var context = span.context
        context.message = MessageContext(members.map(\.identity))
        if span.isRecording { context.handling = Handling(span: span) }
        let measurement = configuration.metrics?.begin(
            .process, Message.system, destination, members.first?.details.consumerGroup, consumed: messages.count)
        return (span, context, measurement)
    }
}
