package import ThroughlineModel

/// A text that repeats from span to span, by its number in a ``MapBuilder``.
package struct MapName: Hashable, Sendable {
    let number: Int32
}

/// What a map needs to know of one span: made of a record, or read from a store's columns without making one.
package struct MapSample: Sendable {
    /// Who sent or handled.
    package var service: MapName
    /// The broker.
    package var system: MapName?
    /// Topic, queue, exchange, subject or stream.
    package var destination: MapName?
    /// Consumer group or subscription.
    package var group: MapName?
    /// The type of the messages.
    package var type: MapName?
    /// What the messages are meant to be.
    package var intent: MessageIntent?
    /// What was done; nil when it is not about messages.
    package var operation: MessagingOperation?
    /// When it began.
    package var start: Timestamp
    /// When it ended; nil while it has not.
    package var end: Timestamp?
    /// True when it ended in an error.
    package var failed = false
    /// How it was settled.
    package var settlement: Settlement?
    /// True for the sending of a dead letter.
    package var isDeadLetter = false
    /// True when the messages were sent or handled once more on purpose.
    package var isReplay = false
    /// How many messages it is about.
    package var messages = 1
    /// The number of the delivery, from 1.
    package var attempt: Int?
    /// When the broker took the message.
    package var enqueued: Timestamp?
    /// Nanoseconds in the queue, as the consumer measured it.
    package var queueTime: UInt64?
    /// The size of the body in bytes.
    package var bodySize: UInt64?
    /// Nil unless it is a request: what the caller, a CLIENT span, and the called, a SERVER span, have in common.
    package var call: Call?
    /// The span itself.
    package var span: SpanID
    /// The span that it is a child of.
    package var parent: SpanID?
    /// The one message that it is about.
    package var messageID: MapMessageKey?
    /// The span that sent the message that it handles or settles.
    package var sender: MapMessageKey?
    /// The sender is the span that it is a child of, which may be no sender at all.
    package var isSenderGuessed = false
    /// The messages of a batch, as far as it tells them apart.
    package var members: [Member] = []

    /// One message of a batch.
    package struct Member: Sendable {
        var id: MapMessageKey?
        var sender: MapMessageKey?
        var attempt: Int?
        var enqueued: Timestamp?
    }

    /// One end of a request between services.
    package enum Call: Sendable {
        case made(MapMessageKey)
        case answered(MapMessageKey)

        /// What a span that is not about messages says; nil when it is neither end of a request.
        package init?(kind: SpanKind, spanID: SpanID, parentID: SpanID?) {
            switch (kind, parentID) {
            case (.client, _): self = .made(MapMessageKey(sender: spanID))
            case (.server, let parent?): self = .answered(MapMessageKey(sender: parent))
            default: return nil
            }
        }
    }

    package init(span: SpanID, service: MapName, start: Timestamp, end: Timestamp?) {
        self.span = span
        self.service = service
        self.start = start
        self.end = end
    }
}

/// What joins a handler to its sender while a map is built: a hash of a message id, or a span id. Two messages that
/// share one would take each other's time of sending, once in 2^64.
package struct MapMessageKey: Hashable, Sendable {
    private let value: UInt64

    /// The key of a message id (FNV-1a, 64 bits).
    package init(messageID: String) {
        self.init(hash: FNV1a(messageID))
    }

    /// The key of a message id by the hash of its text.
    package init(hash: FNV1a) {
        value = hash.value
    }

    /// The key of the span that sent a message.
    package init(sender: SpanID) {
        value = ~sender.rawValue
    }
}

extension MapSample {
    /// What a record says to the map; `name` gives a text its number.
    init(_ record: SpanRecord, _ name: (String) -> MapName) {
        let operation = Operation(record)
        self.init(span: record.spanID, service: name(operation.service), start: record.start, end: record.end)
        failed = operation.failed
        guard let view = operation.messaging else {
            call = Call(kind: record.kind, spanID: record.spanID, parentID: record.parentID)
            return
        }
        self.operation = view.operation
        parent = record.parentID
        system = view.system.map(name)
        destination = view.destination.map(name)
        group = view.group.map(name)
        type = view.type.map(name)
        intent = view.intent
        settlement = view.settlement
        isDeadLetter = operation.isDeadLettering
        isReplay = operation.reading.row.isReplay
        attempt = view.attempt
        enqueued = view.enqueuedTime
        queueTime = view.queueTime
        bodySize = record.attributes[MessagingAttribute.bodySize]?.intValue.flatMap(UInt64.init(exactly:))
        messageID = view.messageID.map(MapMessageKey.init(messageID:))
        guard messageID == nil else { return }
        messages = max(1, view.batchSize ?? view.members.count)
        if view.operation == .send || messages > 1 || record.links.first?.type == .batchMember {
            members = view.members.map(Member.init)
        } else {
            let linked = view.members.first
            messageID = linked?.messageID.map(MapMessageKey.init(messageID:))
            // Who pulls or settles messages is called by its own service; but a pull may hang below the message's sender,
            // as a delivery does.
            isSenderGuessed = view.operation == .receive && view.batchSize != 0 && linked?.sender == nil
            let parent = view.operation == .process || isSenderGuessed ? record.parentID : nil
            sender = (linked.flatMap(\.sender) ?? parent).map(MapMessageKey.init(sender:))
            enqueued = linked?.enqueuedTime ?? enqueued
            attempt = attempt ?? linked?.attempt
        }
    }
}

extension MapSample.Member {
    init(_ member: MessageView.Member) {
        id = member.messageID.map(MapMessageKey.init(messageID:))
        sender = member.sender.map(MapMessageKey.init(sender:))
        attempt = member.attempt
        enqueued = member.enqueuedTime
    }
}

extension MessageView.Member {
    fileprivate var sender: SpanID? { context.spanID.isValid ? context.spanID : nil }
}
