import ThroughlineContext
import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Handles a message: reads its ids and trace context, records the handling as a CONSUMER span, and makes the
    /// message the cause of whatever the handler publishes, in child tasks too.
    ///
    /// Nothing of the surrounding task's context goes into the handler, so a consumer's loop cannot leak one message's
    /// context into the next. When the task had a context, the span links to it as `ambient`.
    ///
    /// - Parameters:
    ///   - message: The message as the client gave it.
    ///   - policy: How the span relates to the sender's trace; nil takes the configuration's.
    ///   - handle: The handler.
    /// - Returns: What `handle` returned.
    /// - Throws: What `handle` threw, recorded on the span once; a cancellation is noted and is no error.
    @discardableResult
    public func process<Message: TraceableMessage, Result>(
        _ message: Message, policy: PropagationPolicy? = nil, _ handle: (Message) async throws -> Result
    ) async rethrows -> Result {
        let delivery = begin(message, policy: policy ?? configuration.policy)
        defer { delivery.span.end() }
        do {
            let result = try await ServiceContext.withValue(delivery.context) { try await handle(message) }
            succeed(delivery)
            return result
        } catch {
            fail(delivery, error)
            throw error
        }
    }

    /// Attributes what `body` publishes to these messages, without a span of its own: to one, for the part of a
    /// batch's handling that concerns it alone, or to several, where a handler waited for all of them.
    public func withMessages<Message: TraceableMessage, Result>(
        _ messages: [Message], _ body: () async throws -> Result
    ) async rethrows -> Result {
        let identities = messages.map { message in
            var reading = HeaderReading(message)
            return identity(ofIncoming: &reading, trusted: configuration.policy.trustsHeaders)
        }
        var context = ServiceContext.current ?? .topLevel
        context.message = MessageContext(identities)
        if let origins = origins(of: messages) { context.messageOrigins = origins }
        return try await ServiceContext.withValue(context, operation: body)
    }

    /// One delivery that is being handled.
    struct Delivery {
        let span: any Span
        let context: ServiceContext
        let key: AttemptMemory.Key
        let attempt: Int
        let measurement: MessagingMetrics.Measurement?
    }

    /// Starts the span of one attempt.
    ///
    /// - Parameters:
    ///   - attempt: The number of the attempt, where the caller counts; nil takes the broker's.
    ///   - isNewDelivery: False when the broker has not delivered the message again for it.
    func begin<Message: TraceableMessage>(
        _ message: Message, policy: PropagationPolicy, attempt number: Int? = nil, isNewDelivery: Bool = true
    ) -> Delivery {
        let ambient = ServiceContext.current
        var reading = HeaderReading(message)
        let identity = identity(ofIncoming: &reading, trusted: policy.trustsHeaders)
        let details = reading.details
        let now = configuration.now()

        var creation = ServiceContext.topLevel
        var parent = ServiceContext.topLevel
        if policy.trustsHeaders {
            if let envelope = reading.envelope {
                instrument.extract(envelope, into: &creation, using: EnvelopeExtractor())
            }
            // A header of this hop comes before what the envelope has carried from the first.
            instrument.extract(message.headers, into: &creation, using: HeaderExtractor<Message>())
            parent = creation
            if !policy.isChild || isDelayed(details, now: now) {
                parent = .topLevel
                instrument.extract(
                    message.headers, into: &parent, using: HeaderExtractor<Message>(baggageOnly: true))
            }
        }

        let key = AttemptMemory.Key(
            messageID: identity.messageID, destination: message.destination, consumerGroup: details.consumerGroup)
        let previous = attempts.attempt(for: key)
        let attempt = number ?? details.attempt ?? previous.map { $0.number + 1 }
        let replay = policy.trustsHeaders ? replay(of: message) : nil

        let span = startSpan(spanName("process", message.destination), in: parent, ofKind: .consumer) {
            SamplingHint(
                .process, Message.system, message.destination, identity, isReplay: replay != nil,
                origins: policy.links && !creation.isEmpty ? [creation] : [])
        }
        if span.isRecording {
            span.updateAttributes { attributes in
                describe(message, details, identity, as: .process, named: "process", in: &attributes)
                attributes.set(ThroughlineAttribute.attempt, value: attempt.map { .int64(Int64($0)) })
                // What the broker's clock says is later than now measures nothing.
                if let enqueued = details.enqueuedTime, enqueued <= now {
                    attributes.set(
                        ThroughlineAttribute.queueTime, value: .int64(Int64(clamping: enqueued.nanoseconds(until: now)))
                    )
                }
                if let replay {
                    attributes.set(ThroughlineAttribute.replay, value: .bool(true))
                    if !replay.isRebuild {
                        attributes.set(ThroughlineAttribute.replayCount, value: .int64(Int64(replay.count)))
                    }
                }
                attributes.note(ignored: reading.ignored)
            }
            if policy.links { span.addLink(creation, .creation) }
            if let replay { span.addLink(replay.origin, .replayOf) }
            if let previous { span.addLink(previous.context, .retryOf) }
            if let ambient { span.addLink(ambient, .ambient) }
        }
        note(ignored: reading.ignored)

        var context = span.context
        context.message = MessageContext([identity])
        if replay?.isRebuild == true { context.isRebuild = true }
        if span.isRecording { context.handling = Handling(span: span) }
        let measurement = configuration.metrics?.begin(
            .process, Message.system, message.destination, details.consumerGroup, consumed: isNewDelivery ? 1 : 0)
        return Delivery(
            span: span, context: context, key: key, attempt: attempt ?? 1, measurement: measurement)
    }

    func succeed(_ delivery: Delivery) {
        attempts.succeeded(delivery.key)
        delivery.measurement?.end(failure: nil)
    }

    func fail(_ delivery: Delivery, _ error: any Error) {
        delivery.span.record(failure: error)
        delivery.measurement?.end(failure: error)
        attempts.failed(delivery.key, number: delivery.attempt, context: delivery.span.context)
    }

    /// The ids of a message that was received, as ``process(_:policy:_:)`` sees them: ours, a foreign scheme's, or made
    /// from its position.
    public func identity<Message: TraceableMessage>(of message: Message) -> MessageIdentity {
        var reading = HeaderReading(message)
        return identity(ofIncoming: &reading, trusted: configuration.policy.trustsHeaders)
    }

    /// What the message says of itself. A message without an id, from a sender without this middleware, gets one
    /// from its position, which every group and every attempt sees alike; where there is none, a new one.
    func identity<Message: TraceableMessage>(
        ofIncoming reading: inout HeaderReading<Message>, trusted: Bool, noting: Bool = true
    ) -> MessageIdentity {
        if trusted, noting { reading.checkTraceParent() }
        let details = reading.details
        let known = trusted ? reading.value(native: details.messageID, PlainHeaders.messageID) : nil
        guard trusted else {
            let messageID = reading.positionID ?? configuration.messageIDs()
            return MessageIdentity(
                messageID: messageID, correlationID: messageID, messageType: details.messageType,
                intent: details.intent,
                scope: details.scope, schemaVersion: details.schemaVersion)
        }
        // An id of ours in the headers says that the scheme is ours; one in a property of the broker's may be anybody's.
        let foreign = known != nil && details.messageID == nil ? nil : reading.foreign(configuration.reads)
        let messageID = foreign?.messageID ?? known ?? reading.positionID ?? configuration.messageIDs()
        // A foreign system may use the broker's own correlation id for something else, as NServiceBus does.
        let correlationID =
            foreign?.correlationID ?? reading.value(native: details.correlationID, PlainHeaders.correlationID)
        var identity = MessageIdentity(
            messageID: messageID, correlationID: correlationID ?? messageID,
            causationIDs: foreign?.causationIDs ?? reading.causationIDs(),
            messageType: foreign?.messageType ?? reading.messageType(), intent: foreign?.intent ?? reading.intent(),
            scope: reading.scope(), schemaVersion: reading.schemaVersion())
        identity.causationCorrelationID = foreign?.causationCorrelationID
        identity.ownCorrelationID = foreign?.ownCorrelationID
        return identity
    }

    private func isDelayed(_ details: MessageDetails, now: Timestamp) -> Bool {
        guard let limit = configuration.linkWhenOlderThan, let enqueued = details.enqueuedTime else { return false }
        return .nanoseconds(Int64(clamping: enqueued.nanoseconds(until: now))) > limit
    }
}

extension HeaderReading {
    fileprivate var positionID: String? {
        guard let partition = details.partition, let offset = details.offset else { return nil }
        return "\(message.destination)/\(partition)/\(offset)"
    }
}
