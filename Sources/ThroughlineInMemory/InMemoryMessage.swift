public import Throughline

/// A message on the embedded broker: headers and a body, as on any broker.
public struct InMemoryMessage: ForwardableMessage, Sendable {
    /// Where one delivery of a message comes from, and the how manyth it is.
    public struct Delivery: Hashable, Sendable {
        /// The consumer group that it is for.
        public let group: String
        /// The partition, counted from 0.
        public let partition: Int
        /// The position in the partition, counted from 0.
        public let offset: Int64
        /// The number of this delivery to this group, from 1.
        public let attempt: Int
        /// Tells this delivery from an earlier one of the same message, which must no longer be settled.
        let token: UInt64
    }

    /// `inprocess`.
    public static let system = MessagingSystem.inProcess

    /// The topic.
    public var destination: String
    /// Messages with the same key go to the same partition and keep their order in each group; nil for no order.
    public var key: String?
    /// Each name stands once.
    public var headers: [String: String]
    /// The content, which the broker does not look into.
    public var body: [UInt8]
    /// What the broker said when it handed the message over; nil for one that was not received.
    public internal(set) var delivery: Delivery?
    /// When the broker took the message; nil for one that was not sent yet.
    public internal(set) var enqueuedTime: Timestamp?

    /// A message to send.
    public init(to topic: String, key: String? = nil, headers: [String: String] = [:], body: [UInt8] = []) {
        destination = topic
        self.key = key
        self.headers = headers
        self.body = body
    }

    /// A message whose body is text in UTF-8.
    public init(to topic: String, key: String? = nil, headers: [String: String] = [:], text: String) {
        self.init(to: topic, key: key, headers: headers, body: Array(text.utf8))
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// What the broker knows about the message.
    public var details: MessageDetails {
        MessageDetails(
            consumerGroup: delivery?.group, partition: delivery.map { "\($0.partition)" }, offset: delivery?.offset,
            key: key, attempt: delivery?.attempt, enqueuedTime: enqueuedTime, bodySize: body.count)
    }

    /// The value of a header.
    public static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }

    /// Sets or removes a header.
    public static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: String]) {
        headers[name] = value
    }

    /// The same headers, key and body for another topic, as if never sent.
    public func copy(to topic: String) -> InMemoryMessage {
        InMemoryMessage(to: topic, key: key, headers: headers, body: body)
    }

    /// The body.
    public var payload: [UInt8]? { body }

    /// What a body says whose `content-type` is that of a structured CloudEvent or of MassTransit's envelope.
    public var envelope: EnvelopeIdentity? { EnvelopeIdentity(contentType: headers["content-type"], body: body) }
}
