import ThroughlineModel
import Tracing

extension MessageTracing {
    /// `{operation} {destination}` (semantic conventions v1.44, messaging spans, span name).
    func spanName(_ operation: String, _ destination: String?) -> String {
        guard let destination, !destination.isEmpty else { return operation }
        return operation + " " + destination
    }

    /// The attributes of a span about one message (messaging spans, attributes; kafka, attributes).
    func describe<Message: TraceableMessage>(
        _ message: Message, _ details: MessageDetails, _ identity: MessageIdentity, as operation: MessagingOperation,
        named name: String, in attributes: inout SpanAttributes
    ) {
        attributes.reserveCapacity(16)
        attributes.set(MessagingAttribute.system, value: .string(Message.system.rawValue))
        attributes.set(MessagingAttribute.operationName, value: .string(name))
        attributes.set(MessagingAttribute.operationType, value: .string(operation.rawValue))
        attributes.set(MessagingAttribute.destinationName, value: .string(message.destination))
        describe(identity, in: &attributes)
        describe(details, system: Message.system, in: &attributes)
        if let group = details.consumerGroup {
            attributes.set(MessagingAttribute.consumerGroup, value: .string(group))
        }
        if let limit = configuration.fingerprintLimit, let payload = message.payload {
            let fingerprint = PayloadFingerprint.of(json: payload, limit: limit)
            attributes.set(ThroughlineAttribute.payloadFingerprint, value: fingerprint.map { .string($0) })
        }
        if configuration.recordsBodySize, let size = details.bodySize {
            attributes.set(MessagingAttribute.bodySize, value: .int64(Int64(size)))
        }
        if configuration.recordsOldNames {
            attributes.setOldNames(
                operation, group: details.consumerGroup, system: Message.system, partition: details.partition,
                offset: details.offset)
        }
    }

    /// The attributes of a span about a message that exists only as what was captured of it.
    func describe(
        _ identity: MessageIdentity, system: MessagingSystem, destination: String, as operation: MessagingOperation,
        in attributes: inout SpanAttributes
    ) {
        attributes.reserveCapacity(12)
        attributes.set(MessagingAttribute.system, value: .string(system.rawValue))
        attributes.set(MessagingAttribute.operationName, value: .string(operation.rawValue))
        attributes.set(MessagingAttribute.operationType, value: .string(operation.rawValue))
        attributes.set(MessagingAttribute.destinationName, value: .string(destination))
        describe(identity, in: &attributes)
        if configuration.recordsOldNames { attributes.setOldNames(operation, group: nil, system: system) }
        if let step = ServiceContext.current?.sagaStep { attributes.set(step) }
    }

    func describeBatch(
        of count: Int, system: MessagingSystem, destination: String?,
        _ members: [(details: MessageDetails, identity: MessageIdentity)], in attributes: inout SpanAttributes
    ) {
        attributes.reserveCapacity(16)
        attributes.set(MessagingAttribute.system, value: .string(system.rawValue))
        attributes.set(MessagingAttribute.operationName, value: .string("process"))
        attributes.set(MessagingAttribute.operationType, value: .string(MessagingOperation.process.rawValue))
        attributes.set(MessagingAttribute.batchMessageCount, value: .int64(Int64(count)))
        if let destination { attributes.set(MessagingAttribute.destinationName, value: .string(destination)) }
        // What is the same for all messages stands on the span, the rest on the links (messaging spans, batches).
        func common<Value: Equatable>(_ value: (MessageDetails, MessageIdentity) -> Value?) -> Value? {
            guard let first = members.first.flatMap({ value($0.details, $0.identity) }) else { return nil }
            return members.allSatisfy { value($0.details, $0.identity) == first } ? first : nil
        }
        if let group = common({ details, _ in details.consumerGroup }) {
            attributes.set(MessagingAttribute.consumerGroup, value: .string(group))
        }
        if let correlationID = common({ _, identity in identity.correlationID }) {
            attributes.set(MessagingAttribute.conversationID, value: .string(correlationID))
        }
        if let type = common({ _, identity in identity.messageType }) {
            attributes.set(ThroughlineAttribute.messageType, value: .string(type))
        }
        if configuration.recordsOldNames {
            attributes.setOldNames(.process, group: members.first?.details.consumerGroup, system: system)
        }
    }

    func describeMember(_ details: MessageDetails, _ identity: MessageIdentity) -> SpanAttributes {
        var attributes = SpanAttributes()
        attributes.reserveCapacity(8)
        describe(identity, in: &attributes)
        if let partition = details.partition {
            attributes.set(MessagingAttribute.partitionID, value: .string(partition))
        }
        if let enqueued = details.enqueuedTime {
            attributes.set(
                ThroughlineAttribute.enqueuedTime, value: .int64(Int64(clamping: enqueued.nanosecondsSinceEpoch)))
        }
        if let attempt = details.attempt {
            attributes.set(ThroughlineAttribute.attempt, value: .int64(Int64(attempt)))
        }
        return attributes
    }

    private func describe(_ identity: MessageIdentity, in attributes: inout SpanAttributes) {
        attributes.set(MessagingAttribute.messageID, value: .string(identity.messageID))
        attributes.set(MessagingAttribute.conversationID, value: .string(identity.correlationID))
        if identity.causationIDs.count == 1 {
            attributes.set(ThroughlineAttribute.causationID, value: .string(identity.causationIDs[0]))
        } else if !identity.causationIDs.isEmpty {
            attributes.set(ThroughlineAttribute.causationIDs, value: .stringArray(identity.causationIDs))
        }
        if let type = identity.messageType {
            attributes.set(ThroughlineAttribute.messageType, value: .string(type))
        }
        if let intent = identity.intent {
            attributes.set(ThroughlineAttribute.messageIntent, value: .string(intent.rawValue))
        }
        if let scope = identity.scope {
            attributes.set(ThroughlineAttribute.eventScope, value: .string(scope.rawValue))
        }
        if let version = identity.schemaVersion {
            attributes.set(ThroughlineAttribute.schemaVersion, value: .string(version))
        }
        if let id = identity.causationCorrelationID {
            attributes.set(ThroughlineAttribute.causationCorrelationID, value: .string(id))
        }
        if let id = identity.ownCorrelationID {
            attributes.set(ThroughlineAttribute.ownCorrelationID, value: .string(id))
        }
    }

    private func describe(_ details: MessageDetails, system: MessagingSystem, in attributes: inout SpanAttributes) {
        if let partition = details.partition {
            attributes.set(MessagingAttribute.partitionID, value: .string(partition))
        }
        if let enqueued = details.enqueuedTime {
            attributes.set(
                ThroughlineAttribute.enqueuedTime, value: .int64(Int64(clamping: enqueued.nanosecondsSinceEpoch)))
        }
        guard system == .kafka else { return }
        if let offset = details.offset { attributes.set(MessagingAttribute.kafkaOffset, value: .int64(offset)) }
        if let key = details.key { attributes.set(MessagingAttribute.kafkaMessageKey, value: .string(key)) }
        if details.isTombstone { attributes.set(MessagingAttribute.kafkaTombstone, value: .bool(true)) }
    }
}

extension SpanAttributes {
    mutating func note(ignored headers: [String]) {
        if !headers.isEmpty { set(ThroughlineAttribute.ignoredHeaders, value: .stringArray(headers)) }
    }
}

extension Span {
    func addLink(_ context: ServiceContext, _ type: LinkType, _ attributes: SpanAttributes = [:]) {
        // An empty context refers to nothing, unless the link itself carries the ids of a message.
        if context.isEmpty, attributes.isEmpty { return }
        var attributes = attributes
        attributes.set(ThroughlineAttribute.linkType, value: .string(type.rawValue))
        addLink(Tracing.SpanLink(context: context, attributes: attributes))
    }

    /// Records a failure, once: `withSpan`, which would record it again, is not used by this middleware. A cancelled
    /// task did not fail.
    func record(failure error: any Error) {
        guard isRecording else { return }
        if error is CancellationError {
            addEvent(Tracing.SpanEvent(name: "cancelled"))
            return
        }
        attributes.set(MessagingAttribute.errorType, value: .string(String(reflecting: Swift.type(of: error))))
        recordError(error)
        setStatus(Tracing.SpanStatus(code: .error, message: String(describing: error)))
    }
}
