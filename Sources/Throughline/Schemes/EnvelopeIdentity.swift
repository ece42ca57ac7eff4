import ThroughlineModel

/// The ids inside a body: CloudEvents in structured mode (`application/cloudevents+json`), or MassTransit's envelope
/// (`application/vnd.masstransit+json`). Give them to ``MessageDetails`` of your message, which then has them as if they
/// were headers.
///
/// Nothing of the payload is kept.
public struct EnvelopeIdentity: Hashable, Sendable {
    /// The ids.
    public var identity: ForeignIdentity
    /// CloudEvents' distributed tracing extension, or the envelope's own: the creation context as a `traceparent`.
    public var traceParent: String?

    /// The longest body that is read, in bytes; a longer one is not looked at.
    public static let maximumLength = 1 << 20

    /// Reads a CloudEvent in structured mode.
    ///
    /// - Returns: Nil for what is no JSON object with `specversion` and `id`.
    public init?(cloudEvent body: [UInt8]) {
        guard
            let values = Self.strings(
                of: body, ["specversion", "id", "type", "correlationid", "causationid", "traceparent"]),
            values["specversion"] != nil, let id = values["id"]
        else { return nil }
        identity = ForeignIdentity(.cloudEvents)
        identity.messageID = id
        identity.messageType = values["type"]
        identity.correlationID = values["correlationid"]
        identity.causationIDs = values["causationid"].map { [$0] } ?? []
        traceParent = values["traceparent"]
    }

    /// Reads MassTransit's JSON envelope.
    ///
    /// - Returns: Nil for what is no JSON object with `messageId`.
    public init?(massTransit body: [UInt8]) {
        guard
            let values = Self.strings(
                of: body, ["messageId", "conversationId", "correlationId", "initiatorId", "messageType"]),
            let id = values["messageId"]
        else { return nil }
        identity = ForeignIdentity(.massTransit)
        identity.messageID = id
        identity.correlationID = values["conversationId"]
        identity.ownCorrelationID = values["correlationId"]
        identity.causationCorrelationID = values["initiatorId"]
        identity.messageType = values["messageType"].map(HeaderScheme.massTransitType)
    }

    /// The wanted members of an object that are text, or a list whose first element is.
    private static func strings(of body: [UInt8], _ wanted: Set<String>) -> [String: String]? {
        guard body.count <= maximumLength else { return nil }
        return body.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var found: [String: String] = [:]
            do throws(JSONError) {
                try reader.object { reader, key throws(JSONError) in
                    guard wanted.contains(key) else { return try reader.skip() }
                    switch reader.peek() {
                    case UInt8(ascii: "\""): found[key] = try reader.string()
                    case UInt8(ascii: "["):
                        try reader.array { reader throws(JSONError) in
                            if found[key] == nil, reader.peek() == UInt8(ascii: "\"") {
                                found[key] = try reader.string()
                            } else {
                                try reader.skip()
                            }
                        }
                    default: try reader.skip()
                    }
                }
            } catch {
                return nil
            }
            return found
        }
    }
}
