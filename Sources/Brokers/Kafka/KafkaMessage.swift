public import Throughline

/// A header of a Kafka record. Names may repeat, and a value may be absent, which is not the same as empty.
public struct KafkaHeader: Hashable, Sendable {
    /// The name, which other headers may have too.
    public var name: String
    /// The value; nil is Kafka's null.
    public var value: [UInt8]?

    /// Makes a header of bytes; nil is Kafka's null value.
    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// Makes a header of text.
    public init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }
}

/// A Kafka record: one to be sent, or one that a ``KafkaConsumer`` received.
public struct KafkaMessage: Sendable {
    /// The topic.
    public var topic: String
    /// The partition; when nil at sending, the hash of the key chooses it, as Java's client does, or chance.
    public var partition: Int32?
    /// What partitions and compacts by.
    public var key: [UInt8]?
    /// The body. Nil is a tombstone, which deletes its key from a compacted topic; an empty body is not.
    public var value: [UInt8]?
    /// The headers in their order, duplicates and null values included.
    public var headers: [KafkaHeader]
    /// When the message was made or appended, whichever the topic keeps; Kafka rounds to milliseconds. When nil at
    /// sending, the time of sending.
    public var timestamp: Timestamp?
    /// The position in the partition; nil until the broker has the message.
    public internal(set) var offset: Int64?
    /// The consumer group that received it.
    public internal(set) var group: String?
    /// The number of this delivery, from 2 when the consumer handed the message out again after
    /// ``Settlement/requeued``. Nil on the first, because Kafka does not say whether another process had it before.
    public internal(set) var attempt: Int?
    /// Which assignment of the partition to the consumer it came with: a settlement after the partition was lost, and
    /// perhaps gained again, must not count.
    var assignment: UInt64 = 0

    /// Makes a message to be sent.
    public init(
        topic: String, key: [UInt8]? = nil, value: [UInt8]?, headers: [KafkaHeader] = [], partition: Int32? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.partition = partition
        self.timestamp = timestamp
    }

    /// Makes a message to be sent of text.
    public init(topic: String, key: String? = nil, value: String, headers: [KafkaHeader] = []) {
        self.init(topic: topic, key: key.map { Array($0.utf8) }, value: Array(value.utf8), headers: headers)
    }
}

extension KafkaMessage: ForwardableMessage {
    /// Kafka.
    public static var system: MessagingSystem { .kafka }

    /// The topic.
    public var destination: String { topic }

    /// What the broker told with the message; the key only when it is text.
    public var details: MessageDetails {
        MessageDetails(
            consumerGroup: group, partition: partition.map(String.init), offset: offset,
            key: key.flatMap { String(validating: $0, as: UTF8.self) }, attempt: attempt, enqueuedTime: timestamp,
            bodySize: value?.count, isTombstone: value == nil)
    }

    /// The last header of the name, when it is text.
    public static func value(forHeader name: String, in headers: [KafkaHeader]) -> String? {
        headers.last { $0.name == name }?.value.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Kafka allows a name to stand more than once.
    public static func isRepeated(header name: String, in headers: [KafkaHeader]) -> Bool {
        var found = false
        for header in headers where header.name == name {
            if found { return true }
            found = true
        }
        return false
    }

    /// Replaces every header of the name by one, or by none when the value is nil.
    public static func setValue(_ value: String?, forHeader name: String, in headers: inout [KafkaHeader]) {
        headers.removeAll { $0.name == name }
        if let value { headers.append(KafkaHeader(name, value)) }
    }

    /// The same headers, key and value for another topic, as if never sent.
    public func copy(to topic: String) -> KafkaMessage {
        KafkaMessage(topic: topic, key: key, value: value, headers: headers)
    }

    /// The value.
    public var payload: [UInt8]? { value }

    /// What a value says whose `content-type` is that of a structured CloudEvent or of MassTransit's envelope.
    public var envelope: EnvelopeIdentity? {
        EnvelopeIdentity(contentType: Self.value(forHeader: "content-type", in: headers), body: value)
    }

    /// What is left of Kafka's default `message.max.bytes`, where the message comes near it: headers that the middleware
    /// adds must not be what makes a broker refuse it.
    public var headerRoom: HeaderLimit? {
        let limit = 1_000_000
        var size = 1_024 + (key?.count ?? 0) + (value?.count ?? 0)
        guard size > limit / 2 else { return nil }
        for header in headers { size += header.name.utf8.count + (header.value?.count ?? 0) + 8 }
        return size > limit - 32_768 ? HeaderLimit(bytes: max(0, limit - size)) : nil
    }
}
