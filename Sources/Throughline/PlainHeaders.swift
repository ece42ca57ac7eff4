import ThroughlineModel

/// The plain header scheme: a native property of the broker where it has one, else these names.
///
/// Lower case with `-`, because that is valid in every broker's headers. Neither OpenTelemetry nor the W3C defines
/// names for these ids; traceparent, tracestate and baggage are written by the tracer's propagators.
public enum PlainHeaders {
    /// The id of the message.
    public static let messageID = "message-id"
    /// The id that all messages of one flow share.
    public static let correlationID = "correlation-id"
    /// One id, or several joined by commas when a batch was the cause.
    public static let causationID = "causation-id"
    /// The type of the message, such as `OrderPlaced`.
    public static let messageType = "message-type"
    /// A `MessageIntent` raw value.
    public static let intent = "message-intent"
    /// An ``EventScope`` raw value.
    public static let scope = "event-scope"
    /// The version of the message type's schema.
    public static let schemaVersion = "schema-version"

    static let idNames = [messageID, correlationID, causationID]

    /// The longest id, in bytes, that is read or written.
    public static let maximumIDLength = 256
    /// How many causation ids are written; the span has them all.
    public static let maximumCausationIDs = 16

    /// True for text that is safe as a header's value on every broker: visible ASCII, within the length.
    static func isSafe(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumIDLength && HeaderText.isASCII(text, from: 0x21)
    }
}

/// What the headers of one message say, with the names of those that could not be used.
struct HeaderReading<Message: TraceableMessage> {
    let message: Message
    let details: MessageDetails
    /// True when there is nothing to look up: most messages that are about to be sent.
    private let isBare: Bool
    private(set) var ignored: [String] = []
    /// What the body says, where the headers do not have our names and somebody looked.
    private(set) var envelope: EnvelopeContext?
    /// True when the message still carries the id of the message being handled: it is that message, sent on.
    var isForwarded = false

    init(_ message: Message) {
        self.message = message
        details = message.details
        isBare = Message.isEmpty(message.headers)
    }

    /// The value of one id, the broker's own property first. A value that is not safe is ignored and noted; of a name
    /// that stands more than once the last value counts, and that is noted too.
    mutating func value(native: String? = nil, _ name: String) -> String? {
        guard let value = native ?? header(name) else { return nil }
        guard PlainHeaders.isSafe(value) else {
            ignored.append(name)
            return nil
        }
        if native == nil, Message.isRepeated(header: name, in: message.headers) { ignored.append(name) }
        return value
    }

    private func header(_ name: String) -> String? {
        isBare ? nil : Message.value(forHeader: name, in: message.headers)
    }

    mutating func causationIDs() -> [String] {
        guard let list = header(PlainHeaders.causationID) else { return [] }
        let ids = list.split(separator: ",").map { String($0.trimmingOptionalWhitespace()) }
        guard ids.count <= PlainHeaders.maximumCausationIDs, ids.allSatisfy(PlainHeaders.isSafe) else {
            ignored.append(PlainHeaders.causationID)
            return []
        }
        return ids
    }

    /// What the message says in another system's words; looked for only where ours are missing. The type of an envelope
    /// may stand in a property of the broker's, so that is asked for even without headers.
    mutating func foreign(_ schemes: [HeaderScheme]) -> ForeignIdentity? {
        let headers = message.headers
        guard header(PlainHeaders.messageID) == nil else { return nil }
        if let envelope = message.envelope, schemes.contains(envelope.identity.scheme) {
            self.envelope = EnvelopeContext(envelope)
            return checked(envelope.identity)
        }
        if isBare { return nil }
        for scheme in schemes {
            if let found = scheme.read(Message.system, { Message.value(forHeader: $0, in: headers) }) {
                return checked(found)
            }
        }
        return nil
    }

    private mutating func checked(_ identity: ForeignIdentity) -> ForeignIdentity {
        var identity = identity
        func isUnsafe(_ text: String?) -> Bool { text.map { !PlainHeaders.isSafe($0) } ?? false }
        func drop(_ path: WritableKeyPath<ForeignIdentity, String?>, _ name: String) {
            guard isUnsafe(identity[keyPath: path]) else { return }
            identity[keyPath: path] = nil
            ignored.append(name)
        }
        drop(\.messageID, "\(identity.scheme) message id")
        drop(\.correlationID, "\(identity.scheme) correlation id")
        drop(\.causationCorrelationID, "\(identity.scheme) initiator id")
        drop(\.ownCorrelationID, "\(identity.scheme) own correlation id")
        drop(\.messageType, "\(identity.scheme) message type")
        if !identity.causationIDs.allSatisfy(PlainHeaders.isSafe) {
            identity.causationIDs = []
            ignored.append("\(identity.scheme) causation id")
        }
        return identity
    }

    mutating func messageType() -> String? {
        value(native: details.messageType, PlainHeaders.messageType)
    }

    mutating func intent() -> MessageIntent? {
        details.intent ?? value(PlainHeaders.intent).flatMap(MessageIntent.init)
    }

    mutating func scope() -> EventScope? {
        details.scope ?? value(PlainHeaders.scope).flatMap(EventScope.init)
    }

    mutating func schemaVersion() -> String? {
        value(native: details.schemaVersion, PlainHeaders.schemaVersion)
    }

    /// Notes a `traceparent` that the propagator is about to ignore, so that the span can say why its trace starts
    /// here.
    mutating func checkTraceParent() {
        let name = "traceparent"
        guard let header = header(name) else { return }
        if Message.isRepeated(header: name, in: message.headers) || SpanContext(traceParent: header) == nil {
            ignored.append(name)
        }
    }
}
