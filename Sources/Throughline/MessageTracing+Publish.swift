import ThroughlineContext
import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Publishes a message: gives it its ids and the trace context, and records the sending as a PRODUCER span.
    ///
    /// The span ends when `send` returns. Around a call that waits for the broker's confirmation it is the true time
    /// of sending; around one that only queues, the time of queueing.
    ///
    /// Ids that the application set, in a header or a native property, win and are never overwritten. The correlation
    /// id is otherwise that of the message being handled, else the message's own id; the causation ids are the ids of
    /// the message or batch being handled. A message that still carries the id of the message being handled is that
    /// message forwarded: it gets an id of its own, and what it carries of the old trace is replaced.
    ///
    /// - Parameters:
    ///   - message: The message; `send` gets a copy of it with the headers added.
    ///   - messageType: The type of the message, such as `OrderPlaced`, unless the message says it.
    ///   - intent: What the message is meant to be, unless the message says it.
    ///   - scope: How far an event is meant to go, unless the message says it.
    ///   - schemaVersion: The version of the message type's schema, unless the message says it.
    ///   - send: Sends the message that it is given, with whatever client.
    /// - Returns: What `send` returned.
    /// - Throws: What `send` threw, recorded on the span once; a cancellation is noted and is no error.
    @discardableResult
    public func publish<Message: PublishableMessage, Receipt>(
        _ message: Message, type messageType: String? = nil, intent: MessageIntent? = nil, scope: EventScope? = nil,
        schemaVersion: String? = nil, _ send: (Message) async throws -> Receipt
    ) async rethrows -> Receipt {
        let outgoing = prepare(message, messageType, intent, scope, schemaVersion)
        return try await outgoing.operation.run { try await send(outgoing.message) }
    }

    /// A message that is ready to be sent, and the operation that sending it is.
    struct Outgoing<Message> {
        let message: Message
        let operation: OpenOperation
    }

    private func prepare<Message: PublishableMessage>(
        _ message: Message, _ messageType: String?, _ intent: MessageIntent?, _ scope: EventScope?,
        _ schemaVersion: String?
    ) -> Outgoing<Message> {
        let current = ServiceContext.current ?? .topLevel
        var message = message
        var reading = HeaderReading(message)
        var identity = identity(
            ofOutgoing: &reading, messageType: messageType, intent: intent, cause: current.message)
        identity.scope = reading.scope() ?? scope
        identity.schemaVersion = reading.schemaVersion() ?? schemaVersion
        if reading.isForwarded { HeaderHygiene.clean(&message) }
        return prepare(message, reading, identity, in: current)
    }

    /// Prepares a message whose ids are settled: begins its span, writes ids and trace context into a copy.
    ///
    /// - Parameters:
    ///   - surroundings: What the span is started in; its message stays the one being handled.
    ///   - links: What the span links to, apart from its parent.
    ///   - describeMore: Adds attributes beyond those of every message.
    func prepare<Message: PublishableMessage>(
        _ message: Message, _ reading: HeaderReading<Message>, _ identity: MessageIdentity,
        in surroundings: ServiceContext, links: [(context: ServiceContext, type: LinkType)] = [],
        describing describeMore: (inout SpanAttributes) -> Void = { _ in }
    ) -> Outgoing<Message> {
        let span = startSpan(spanName("send", message.destination), in: surroundings, ofKind: .producer) {
            let creations = links.filter { $0.type == .creation || $0.type == .replayOf }.map(\.context)
            return SamplingHint(
                .send, Message.system, message.destination, identity,
                isReplay: surroundings.isRebuild || links.contains { $0.type == .replayOf },
                origins: creations.isEmpty ? surroundings.messageOrigins ?? [] : creations)
        }
        if span.isRecording {
            span.updateAttributes { attributes in
                describe(message, reading.details, identity, as: .send, named: "send", in: &attributes)
                attributes.note(ignored: reading.ignored)
                if let step = surroundings.sagaStep { attributes.set(step) }
                if surroundings.isRebuild { attributes.set(ThroughlineAttribute.replay, value: .bool(true)) }
                describeMore(&attributes)
            }
            for link in links { span.addLink(link.context, link.type) }
        }
        note(ignored: reading.ignored)

        // A tracer that drops the span may hand back an empty context; what we put in must not be lost with it.
        var context = span.context
        if context.message != surroundings.message { context.message = surroundings.message }

        var outgoing = message
        write(identity, reading.details, into: &outgoing)
        inject(context, into: &outgoing.headers, of: Message.self)
        if surroundings.isRebuild {
            let rebuild = traceParent(of: surroundings) ?? ReplayHeaders.unknown
            Message.setValue(rebuild, forHeader: ReplayHeaders.of, in: &outgoing.headers)
        }
        if case .cloudEvents = configuration.writes { CloudEventNames.writeTraceContext(into: &outgoing) }
        if let room = configuration.headerLimit?.narrowed(to: message.headerRoom) ?? message.headerRoom {
            note(omitted: room.apply(to: &outgoing, addedTo: message, as: configuration.writes), on: span)
        }
        return Outgoing(
            message: outgoing,
            operation: OpenOperation(
                span: span, context: context,
                measurement: configuration.metrics?.begin(.send, Message.system, message.destination, nil, sent: 1)))
    }

    private func identity<Message: PublishableMessage>(
        ofOutgoing reading: inout HeaderReading<Message>, messageType: String?, intent: MessageIntent?,
        cause: MessageContext?
    ) -> MessageIdentity {
        var ownID = reading.value(native: reading.details.messageID, PlainHeaders.messageID)
        var foreign = ownID == nil ? reading.foreign(configuration.reads) : nil
        var causationIDs = foreign?.causationIDs ?? reading.causationIDs()
        if let id = ownID ?? foreign?.messageID, let cause, cause.messageIDs.contains(id) {
            ownID = nil
            foreign = nil
            causationIDs = []
            reading.isForwarded = true
        }
        let messageID = ownID ?? foreign?.messageID ?? configuration.messageIDs()
        let correlationID =
            foreign?.correlationID ?? reading.value(native: reading.details.correlationID, PlainHeaders.correlationID)
            ?? cause?.correlationID ?? messageID
        return MessageIdentity(
            messageID: messageID, correlationID: correlationID,
            causationIDs: causationIDs.isEmpty ? cause?.messageIDs ?? [] : causationIDs,
            messageType: foreign?.messageType ?? reading.messageType() ?? messageType,
            intent: reading.intent() ?? intent)
    }

    /// Writes the ids where the message does not have them yet, and what it says of itself.
    private func write<Message: PublishableMessage>(
        _ identity: MessageIdentity, _ details: MessageDetails, into message: inout Message
    ) {
        if let intent = identity.intent {
            Message.setValue(intent.rawValue, forHeader: PlainHeaders.intent, in: &message.headers)
        }
        if let scope = identity.scope {
            Message.setValue(scope.rawValue, forHeader: PlainHeaders.scope, in: &message.headers)
        }
        if let version = identity.schemaVersion {
            Message.setValue(HeaderText.visible(version), forHeader: PlainHeaders.schemaVersion, in: &message.headers)
        }
        if case .cloudEvents(let source) = configuration.writes {
            return CloudEventNames.write(identity, source: source, time: configuration.now(), into: &message)
        }
        func write(_ id: String, _ field: IdentityField, native: String?, header: String) {
            let id = HeaderText.visible(id)
            guard id != native, id != Message.value(forHeader: header, in: message.headers) else { return }
            if !message.setNative(id, for: field) {
                Message.setValue(id, forHeader: header, in: &message.headers)
            }
        }
        write(identity.messageID, .messageID, native: details.messageID, header: PlainHeaders.messageID)
        write(identity.correlationID, .correlationID, native: details.correlationID, header: PlainHeaders.correlationID)
        if !identity.causationIDs.isEmpty {
            let ids = identity.causationIDs.prefix(PlainHeaders.maximumCausationIDs).map(HeaderText.visible)
                .joined(separator: ",")
            if ids != Message.value(forHeader: PlainHeaders.causationID, in: message.headers),
                !message.setNative(ids, for: .causationID)
            {
                Message.setValue(ids, forHeader: PlainHeaders.causationID, in: &message.headers)
            }
        }
        if let type = identity.messageType, PlainHeaders.isSafe(type) {
            Message.setValue(type, forHeader: PlainHeaders.messageType, in: &message.headers)
        }
    }

    /// Writes the trace context. A tracestate that the message brought along belongs to the traceparent that is being
    /// replaced, so it goes; without a tracer nothing is replaced, and both stay.
    private func inject<Message: PublishableMessage>(
        _ context: ServiceContext, into headers: inout Message.Headers, of _: Message.Type
    ) {
        let oldParent = Message.value(forHeader: "traceparent", in: headers)
        let oldState = oldParent == nil ? nil : Message.value(forHeader: "tracestate", in: headers)
        if oldState != nil { Message.setValue(nil, forHeader: "tracestate", in: &headers) }
        instrument.inject(context, into: &headers, using: HeaderInjector<Message>())
        if let oldState, Message.value(forHeader: "traceparent", in: headers) == oldParent {
            Message.setValue(oldState, forHeader: "tracestate", in: &headers)
        }
    }
}
