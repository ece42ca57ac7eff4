public import ThroughlineModel
import Tracing

/// The ids and the trace context of a message that is written down now and sent later: an outbox row, a scheduled
/// message, a timeout.
///
/// Taken when the row is appended, never when it is sent: a relay that drains a table sends for many callers, and "a
/// wrong link is indistinguishable from a right one". Store it as JSON (`Codable`) or as ``columns``.
public struct CapturedContext: Codable, Hashable, Sendable {
    /// The id of the message to be sent.
    public var messageID: String
    /// The correlation id of the message to be sent.
    public var correlationID: String
    /// The ids of the messages whose handling wrote it down.
    public var causationIDs: [String]
    /// The type of the message.
    public var messageType: String?
    /// What the message is meant to be.
    public var intent: MessageIntent?
    /// How far an event is meant to go.
    public var scope: EventScope?
    /// The version of the message type's schema.
    public var schemaVersion: String?
    /// What the tracer's propagators wrote: `traceparent`, `tracestate`, `baggage` or others.
    public var propagated: [String: String]
    /// When it was captured.
    public var capturedTime: Timestamp
    /// When the message is to be sent; nil for as soon as possible.
    public var dueTime: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case messageID = "message_id"
        case correlationID = "correlation_id"
        case causationIDs = "causation_ids"
        case messageType = "message_type"
        case intent
        case scope
        case schemaVersion = "schema_version"
        case propagated
        case capturedTime = "captured_time"
        case dueTime = "due_time"
    }

    init(
        _ identity: MessageIdentity, propagated: [String: String], capturedTime: Timestamp, dueTime: Timestamp?
    ) {
        messageID = identity.messageID
        correlationID = identity.correlationID
        causationIDs = identity.causationIDs
        messageType = identity.messageType
        intent = identity.intent
        scope = identity.scope
        schemaVersion = identity.schemaVersion
        self.propagated = propagated
        self.capturedTime = capturedTime
        self.dueTime = dueTime
    }

    /// Reads what was stored as JSON.
    ///
    /// - Throws: `DecodingError` for what is no captured context.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        messageID = try values.decode(String.self, forKey: .messageID)
        correlationID = try values.decode(String.self, forKey: .correlationID)
        causationIDs = try values.decodeIfPresent([String].self, forKey: .causationIDs) ?? []
        messageType = try values.decodeIfPresent(String.self, forKey: .messageType)
        intent = try values.decodeIfPresent(String.self, forKey: .intent).flatMap(MessageIntent.init)
        scope = try values.decodeIfPresent(String.self, forKey: .scope).flatMap(EventScope.init)
        schemaVersion = try values.decodeIfPresent(String.self, forKey: .schemaVersion)
        propagated = try values.decodeIfPresent([String: String].self, forKey: .propagated) ?? [:]
        capturedTime = Timestamp(nanosecondsSinceEpoch: try values.decode(UInt64.self, forKey: .capturedTime))
        dueTime = try values.decodeIfPresent(UInt64.self, forKey: .dueTime).map(Timestamp.init(nanosecondsSinceEpoch:))
    }

    /// Writes an object with times in nanoseconds since 1970.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(messageID, forKey: .messageID)
        try values.encode(correlationID, forKey: .correlationID)
        try values.encode(causationIDs, forKey: .causationIDs)
        try values.encodeIfPresent(messageType, forKey: .messageType)
        try values.encodeIfPresent(intent?.rawValue, forKey: .intent)
        try values.encodeIfPresent(scope?.rawValue, forKey: .scope)
        try values.encodeIfPresent(schemaVersion, forKey: .schemaVersion)
        try values.encode(propagated, forKey: .propagated)
        try values.encode(capturedTime.nanosecondsSinceEpoch, forKey: .capturedTime)
        try values.encodeIfPresent(dueTime?.nanosecondsSinceEpoch, forKey: .dueTime)
    }

    var identity: MessageIdentity {
        MessageIdentity(
            messageID: messageID, correlationID: correlationID, causationIDs: causationIDs, messageType: messageType,
            intent: intent, scope: scope, schemaVersion: schemaVersion)
    }
}

extension CapturedContext {
    /// The same as columns of a table, each of them text: names as in the JSON form, `causation_ids` joined by commas,
    /// and each propagated header under its own name. A column that would be empty is left out.
    public var columns: [String: String] {
        var columns = propagated
        columns["message_id"] = messageID
        columns["correlation_id"] = correlationID
        if !causationIDs.isEmpty { columns["causation_ids"] = causationIDs.joined(separator: ",") }
        columns["message_type"] = messageType
        columns["intent"] = intent?.rawValue
        columns["scope"] = scope?.rawValue
        columns["schema_version"] = schemaVersion
        columns["captured_time"] = "\(capturedTime.nanosecondsSinceEpoch)"
        columns["due_time"] = dueTime.map { "\($0.nanosecondsSinceEpoch)" }
        return columns
    }

    /// Reads what was stored as columns; whatever is no name of this type's is a propagated header.
    ///
    /// - Returns: Nil without a message id, a correlation id or a readable time.
    public init?(columns: [String: String]) {
        var rest = columns
        guard let messageID = rest.removeValue(forKey: "message_id"), !messageID.isEmpty,
            let correlationID = rest.removeValue(forKey: "correlation_id"), !correlationID.isEmpty,
            let captured = rest.removeValue(forKey: "captured_time").flatMap(UInt64.init)
        else { return nil }
        let causes = rest.removeValue(forKey: "causation_ids")?.split(separator: ",").map(String.init) ?? []
        let due = rest.removeValue(forKey: "due_time").flatMap(UInt64.init)
        let identity = MessageIdentity(
            messageID: messageID, correlationID: correlationID, causationIDs: causes,
            messageType: rest.removeValue(forKey: "message_type"),
            intent: rest.removeValue(forKey: "intent").flatMap(MessageIntent.init),
            scope: rest.removeValue(forKey: "scope").flatMap(EventScope.init),
            schemaVersion: rest.removeValue(forKey: "schema_version"))
        self.init(
            identity, propagated: rest, capturedTime: Timestamp(nanosecondsSinceEpoch: captured),
            dueTime: due.map(Timestamp.init(nanosecondsSinceEpoch:)))
    }
}

/// Lets the tracer's propagators write into and read from a dictionary.
struct DictionaryCarrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}
