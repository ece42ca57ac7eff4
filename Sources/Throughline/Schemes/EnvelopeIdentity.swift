import ThroughlineModel

/// The ids inside a body: CloudEvents in structured mode (`application/cloudevents+json`), or MassTransit's envelope
/// (`application/vnd.masstransit+json`). Give it to ``TraceableMessage/envelope`` of your message, which then has them as
/// if they were headers.
///
/// Nothing of the payload is kept.
public struct EnvelopeIdentity: Hashable, Sendable {
    /// The ids.
    public var identity: ForeignIdentity
    /// The creation context as a `traceparent`: CloudEvents' distributed tracing extension, or a header in MassTransit's
    /// envelope.
    public var traceParent: String?
    /// The `tracestate` that belongs to it.
    public var traceState: String?

    /// The longest body that is read, in bytes; a longer one is not looked at.
    public static let maximumLength = 1 << 20

    /// Reads what the content type announces.
    ///
    /// - Parameters:
    ///   - contentType: The media type; its parameters do not matter.
    ///   - body: The body, which is only asked for when the type is one of the two.
    /// - Returns: Nil for other types, and for a body that is not what its type says.
    public init?(contentType: String?, body: @autoclosure () -> [UInt8]?) {
        guard let contentType else { return nil }
        let type = contentType.prefix { $0 != ";" }.trimmingOptionalWhitespace().lowercased()
        switch type {
        case "application/cloudevents+json", "application/cloudevents":
            guard let body = body() else { return nil }
            self.init(cloudEvent: body)
        case "application/vnd.masstransit+json":
            guard let body = body() else { return nil }
            self.init(massTransit: body)
        default: return nil
        }
    }

    /// Reads a CloudEvent in structured mode.
    ///
    /// - Returns: Nil for what is no JSON object with `specversion` and `id`.
    public init?(cloudEvent body: [UInt8]) {
        let wanted: Set = ["specversion", "id", "type", "correlationid", "causationid", "traceparent", "tracestate"]
        guard let values = Self.strings(of: body, wanted), values["specversion"] != nil, let id = values["id"] else {
            return nil
        }
        identity = ForeignIdentity(.cloudEvents)
        identity.messageID = id
        identity.messageType = values["type"]
        identity.correlationID = values["correlationid"]
        identity.causationIDs = values["causationid"].map { [$0] } ?? []
        traceParent = values["traceparent"]
        traceState = values["tracestate"]
    }

    /// Reads MassTransit's JSON envelope.
    ///
    /// - Returns: Nil for what is no JSON object with `messageId`.
    public init?(massTransit body: [UInt8]) {
        let wanted: Set = [
            "messageId", "conversationId", "correlationId", "initiatorId", "messageType", "headers/traceparent",
            "headers/tracestate", "headers/MT-Activity-Id", "headers/Diagnostic-Id",
        ]
        guard let values = Self.strings(of: body, wanted), let id = values["messageId"] else { return nil }
        identity = ForeignIdentity(.massTransit)
        identity.messageID = id
        identity.correlationID = values["conversationId"]
        identity.ownCorrelationID = values["correlationId"]
        identity.causationCorrelationID = values["initiatorId"]
        identity.messageType = values["messageType"].map(ForeignIdentity.massTransitType)
        traceParent =
            values["headers/traceparent"] ?? values["headers/MT-Activity-Id"] ?? values["headers/Diagnostic-Id"]
        traceState = values["headers/tracestate"]
    }

    /// The wanted members of an object, and of the object `headers` in it, that are text, or a list whose first element
    /// is.
    private static func strings(of body: [UInt8], _ wanted: Set<String>) -> [String: String]? {
        guard body.count <= maximumLength else { return nil }
        return body.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var found: [String: String] = [:]
            do throws(JSONError) {
                try reader.object { reader, key throws(JSONError) in
                    guard key == "headers", reader.peek() == UInt8(ascii: "{") else {
                        return try take(key, wanted, &reader, &found)
                    }
                    try reader.object { reader, name throws(JSONError) in
                        try take("headers/" + name, wanted, &reader, &found)
                    }
                }
                try reader.end()
            } catch {
                return nil
            }
            return found
        }
    }

    private static func take(
        _ key: String, _ wanted: Set<String>, _ reader: inout JSONReader, _ found: inout [String: String]
    ) throws(JSONError) {
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
}
