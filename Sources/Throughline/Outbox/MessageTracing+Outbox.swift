import ThroughlineContext
public import ThroughlineModel
import Tracing

extension MessageTracing {
    /// Writes a message down that is sent later: gives it its ids, records the writing as a `create` span, and hands
    /// what is to be stored beside the message to `append`.
    ///
    /// Call it inside the transaction that changes the domain, and store the context in that transaction.
    ///
    /// - Parameters:
    ///   - destination: Where the message will be sent.
    ///   - system: The broker that it will be sent to.
    ///   - messageType: The type of the message, such as `OrderPlaced`.
    ///   - intent: What the message is meant to be.
    ///   - scope: How far an event is meant to go.
    ///   - schemaVersion: The version of the message type's schema.
    ///   - messageID: The id of the message, when the application has one; nil makes one.
    ///   - dueTime: When the message is to be sent, for scheduled messages and timeouts; nil for as soon as possible.
    ///   - append: Stores the message and the context.
    /// - Returns: What `append` returned.
    /// - Throws: What `append` threw, recorded on the span once.
    @discardableResult
    public func capture<Result>(
        for destination: String, on system: MessagingSystem, type messageType: String? = nil,
        intent: MessageIntent? = nil, scope: EventScope? = nil, schemaVersion: String? = nil, messageID: String? = nil,
        dueTime: Timestamp? = nil,
        _ append: (CapturedContext) async throws -> Result
    ) async rethrows -> Result {
        let identity = identity(messageID, messageType, intent, scope, schemaVersion)
        let operation = begin(identity, for: destination, on: system, dueTime)
        let captured = CapturedContext(
            identity, propagated: propagated(operation.context), capturedTime: configuration.now(), dueTime: dueTime)
        return try await operation.run { try await append(captured) }
    }

    private func identity(
        _ messageID: String?, _ messageType: String?, _ intent: MessageIntent?, _ scope: EventScope?,
        _ schemaVersion: String?
    ) -> MessageIdentity {
        let cause = ServiceContext.current?.message
        let id = messageID ?? configuration.messageIDs()
        return MessageIdentity(
            messageID: id, correlationID: cause?.correlationID ?? id, causationIDs: cause?.messageIDs ?? [],
            messageType: messageType, intent: intent, scope: scope, schemaVersion: schemaVersion)
    }

    private func begin(
        _ identity: MessageIdentity, for destination: String, on system: MessagingSystem, _ dueTime: Timestamp?
    ) -> OpenOperation {
        let current = ServiceContext.current ?? .topLevel
        let span = startSpan(spanName("create", destination), in: current, ofKind: .producer) {
            SamplingHint(.create, system, destination, identity, origins: current.messageOrigins ?? [])
        }
        if span.isRecording {
            span.updateAttributes { attributes in
                describe(identity, system: system, destination: destination, as: .create, in: &attributes)
                if current.isRebuild { attributes.set(ThroughlineAttribute.replay, value: .bool(true)) }
                if let dueTime {
                    attributes.set(
                        ThroughlineAttribute.dueTime, value: .int64(Int64(clamping: dueTime.nanosecondsSinceEpoch)))
                }
            }
        }
        var context = span.context
        if context.message != current.message { context.message = current.message }
        return OpenOperation(span: span, context: context, measurement: nil)
    }

    private func propagated(_ context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        instrument.inject(context, into: &headers, using: DictionaryCarrier())
        return headers
    }

    /// Sends a message that was written down earlier, with the ids and the cause that it had then.
    ///
    /// The span is a child of the `create` span, or begins a trace of its own and links to it when the message has
    /// waited longer than ``Configuration/linkWhenOlderThan``. How long it waited is on the span. Nothing of the
    /// surrounding task's context goes into it: a relay's own trace is only linked, as `ambient`.
    ///
    /// - Parameters:
    ///   - message: The message; `send` gets a copy of it with the headers added.
    ///   - captured: What was stored beside it.
    ///   - send: Sends the message that it is given.
    /// - Returns: What `send` returned.
    /// - Throws: What `send` threw, recorded on the span once.
    @discardableResult
    public func publish<Message: PublishableMessage, Receipt>(
        _ message: Message, captured: CapturedContext, _ send: (Message) async throws -> Receipt
    ) async rethrows -> Receipt {
        let outgoing = prepare(message, captured)
        return try await outgoing.operation.run { try await send(outgoing.message) }
    }

    private func prepare<Message: PublishableMessage>(
        _ message: Message, _ captured: CapturedContext
    ) -> Outgoing<Message> {
        var creation = ServiceContext.topLevel
        instrument.extract(captured.propagated, into: &creation, using: DictionaryCarrier())
        let ready = captured.dueTime ?? captured.capturedTime
        let now = configuration.now()
        let dwell = captured.capturedTime.nanoseconds(until: now)
        var parent = creation
        if let limit = configuration.linkWhenOlderThan, .nanoseconds(Int64(clamping: dwell)) > limit {
            parent = .topLevel
            instrument.extract(
                captured.propagated.filter { $0.key == "baggage" }, into: &parent, using: DictionaryCarrier())
        }
        var links: [(context: ServiceContext, type: LinkType)] = [(creation, .creation)]
        if let ambient = ServiceContext.current { links.append((ambient, .ambient)) }
        return prepare(
            message, HeaderReading(message), captured.identity, in: parent, links: links,
            describing: { attributes in
                attributes.set(
                    ThroughlineAttribute.appendedTime,
                    value: .int64(Int64(clamping: captured.capturedTime.nanosecondsSinceEpoch)))
                attributes.set(ThroughlineAttribute.dwellTime, value: .int64(Int64(clamping: dwell)))
                if captured.dueTime != nil {
                    attributes.set(
                        ThroughlineAttribute.dueTime, value: .int64(Int64(clamping: ready.nanosecondsSinceEpoch)))
                }
            })
    }
}
