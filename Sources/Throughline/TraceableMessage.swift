/// A message that can be handled with tracing: the whole contract that a broker's adapter must meet for consuming.
///
/// Conform the *message* type of the client that you use, in three to five lines, and keep using the client as it is.
/// Not `Sendable`, because some clients' messages are not.
public protocol TraceableMessage {
    /// The type of the headers, the carrier of trace context; a dictionary as a rule.
    associatedtype Headers: Sendable

    /// The broker, such as `.kafka`.
    static var system: MessagingSystem { get }

    /// The topic, queue, exchange, subject or stream.
    var destination: String { get }

    /// The headers as the client has them.
    var headers: Headers { get }

    /// What else the client knows; every part is optional, and so is implementing this.
    var details: MessageDetails { get }

    /// The value of a header; where a name stands more than once, the last one.
    static func value(forHeader name: String, in headers: Headers) -> String?

    /// True when a name stands more than once, which Kafka and NATS allow. A repeated `traceparent` is invalid (W3C
    /// Trace Context conformance tests). The default says no, which is right for dictionaries.
    static func isRepeated(header name: String, in headers: Headers) -> Bool

    /// True when there are no headers at all, so that none need be looked up. The default looks at collections, and says
    /// no for anything else.
    static func isEmpty(_ headers: Headers) -> Bool

    /// The body, for ``PayloadFingerprint``: asked for only when ``MessageTracing/Configuration/fingerprintLimit`` is set.
    /// The default has none.
    var payload: [UInt8]? { get }

    /// The ids inside the body, where a foreign system keeps them there: asked for only when the headers have none of
    /// ours. The default has none.
    var envelope: EnvelopeIdentity? { get }

    /// What the broker itself says about a message on its dead-letter queue, for ``DeadLetter/init(_:)`` to read where our
    /// headers are missing. The default says nothing.
    var nativeDeadLetter: DeadLetter? { get }
}

extension TraceableMessage {
    /// None.
    public var payload: [UInt8]? { nil }

    /// None.
    public var envelope: EnvelopeIdentity? { nil }

    /// Nothing.
    public var nativeDeadLetter: DeadLetter? { nil }

    /// Nothing known.
    public var details: MessageDetails { MessageDetails() }

    /// No, which is right for dictionaries.
    public static func isRepeated(header name: String, in headers: Headers) -> Bool { false }

    /// No, as far as anybody knows.
    public static func isEmpty(_ headers: Headers) -> Bool { false }
}

extension TraceableMessage where Headers: Collection {
    /// As the collection says.
    public static func isEmpty(_ headers: Headers) -> Bool { headers.isEmpty }
}

/// A message that can be published with tracing.
public protocol PublishableMessage: TraceableMessage {
    /// The headers; the middleware adds its own before the message is sent.
    var headers: Headers { get set }

    /// Sets exactly one value of a name: what stood there before, once or repeatedly, is gone afterwards. Nil leaves
    /// the name out altogether.
    static func setValue(_ value: String?, forHeader name: String, in headers: inout Headers)

    /// Writes an id into a property that the broker has for it (AMQP's `message-id`, for one) and returns true, or
    /// returns false to have it written as a header. The default returns false.
    mutating func setNative(_ id: String, for field: IdentityField) -> Bool

    /// How much room the broker leaves in this message for the headers that the middleware adds, beside body and headers
    /// that it has; nil, the default, for enough.
    var headerRoom: HeaderLimit? { get }
}

extension PublishableMessage {
    /// False: the broker has no property for it.
    public mutating func setNative(_ id: String, for field: IdentityField) -> Bool { false }

    /// Enough.
    public var headerRoom: HeaderLimit? { nil }
}

/// The three ids of a message.
public enum IdentityField: Hashable, Sendable {
    case messageID
    case correlationID
    case causationID
}

/// What a broker's client knows about a message beside its destination and headers. All of it is optional.
public struct MessageDetails: Sendable {
    /// The id in the broker's own property; a header is looked for when this is nil.
    public var messageID: String?
    /// The correlation id in the broker's own property; a header is looked for when this is nil.
    public var correlationID: String?
    /// The consumer group or subscription that this delivery is for.
    public var consumerGroup: String?
    /// The partition, as text because not every broker numbers them.
    public var partition: String?
    /// The position in the partition.
    public var offset: Int64?
    /// The partitioning key, when it is text.
    public var key: String?
    /// The number of this delivery to this group, from 1.
    public var attempt: Int?
    /// When the broker took the message.
    public var enqueuedTime: Timestamp?
    /// The size of the body in bytes.
    public var bodySize: Int?
    /// True for a message without a body that deletes its key (Kafka).
    public var isTombstone: Bool
    /// The type of the message, such as `OrderPlaced`; a header is looked for when this is nil.
    public var messageType: String?
    /// What the message is meant to be; a header is looked for when this is nil.
    public var intent: MessageIntent?
    /// How far an event is meant to go; a header is looked for when this is nil.
    public var scope: EventScope?
    /// The version of the message type's schema; a header is looked for when this is nil.
    public var schemaVersion: String?

    /// Nothing known but what is given.
    public init(
        messageID: String? = nil, correlationID: String? = nil, consumerGroup: String? = nil,
        partition: String? = nil, offset: Int64? = nil, key: String? = nil, attempt: Int? = nil,
        enqueuedTime: Timestamp? = nil, bodySize: Int? = nil, isTombstone: Bool = false, messageType: String? = nil,
        intent: MessageIntent? = nil, scope: EventScope? = nil, schemaVersion: String? = nil
    ) {
        self.messageID = messageID
        self.correlationID = correlationID
        self.consumerGroup = consumerGroup
        self.partition = partition
        self.offset = offset
        self.key = key
        self.attempt = attempt
        self.enqueuedTime = enqueuedTime
        self.bodySize = bodySize
        self.isTombstone = isTombstone
        self.messageType = messageType
        self.intent = intent
        self.scope = scope
        self.schemaVersion = schemaVersion
    }
}

/// A broker, by the value that `messaging.system` has for it.
public struct MessagingSystem: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    /// The value of `messaging.system`.
    public let rawValue: String

    /// Makes a system of the value of `messaging.system`.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Makes a system of the value of `messaging.system`.
    public init(stringLiteral value: String) { self.init(rawValue: value) }

    /// Well known to the conventions.
    public static let kafka: MessagingSystem = "kafka"
    /// Well known to the conventions.
    public static let rabbitmq: MessagingSystem = "rabbitmq"
    /// Not in the conventions yet; the spelling of semantic-conventions #2370.
    public static let nats: MessagingSystem = "nats"
    /// Not in the conventions yet; the spelling of semantic-conventions #2370.
    public static let mqtt: MessagingSystem = "mqtt"
    /// Not in the conventions yet; the spelling of semantic-conventions #2370.
    public static let redis: MessagingSystem = "redis"
    /// Messages that do not leave the process.
    public static let inProcess: MessagingSystem = "inprocess"
}
