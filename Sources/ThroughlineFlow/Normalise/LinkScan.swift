import ThroughlineModel

/// What the attributes of a link say about the message that it describes.
struct LinkScan {
    private(set) var type: LinkType?
    private(set) var messageID: String?
    private(set) var correlationID: String?
    private(set) var causationIDs: [String] = []
    private(set) var messageType: String?
    private(set) var intent: MessageIntent?
    private(set) var attempt: Int?
    private(set) var enqueuedTime: Timestamp?
    /// It says nothing but its type.
    private(set) var isEmpty = true

    enum Field {
        case type, messageID, correlationID, causationIDs, messageType, intent, attempt
        case enqueuedNanoseconds, enqueuedSeconds
    }

    private static let fields = WordTable<Field>([
        (ThroughlineAttribute.linkType, .type),
        (MessagingAttribute.messageID, .messageID),
        ("messaging.message_id", .messageID),
        (MessagingAttribute.conversationID, .correlationID),
        (ThroughlineAttribute.causationIDs, .causationIDs),
        (ThroughlineAttribute.causationID, .causationIDs),
        (ThroughlineAttribute.messageType, .messageType),
        (ThroughlineAttribute.messageIntent, .intent),
        (ThroughlineAttribute.attempt, .attempt),
        (ThroughlineAttribute.enqueuedTime, .enqueuedNanoseconds),
        ("messaging.servicebus.message.enqueued_time", .enqueuedSeconds),
        ("messaging.eventhubs.message.enqueued_time", .enqueuedSeconds),
    ])
    private static let types = WordTable(of: LinkType.self)
    private static let intents = WordTable(of: MessageIntent.self)

    /// - Parameter known: what the keys that came before stand for.
    init(_ elements: UnsafeBufferPointer<Attributes.Element>, _ known: inout TextMemo<Field?>) {
        for position in elements.indices {
            guard let field = known.found(for: elements[position].key, orFind: { Self.fields[$0] }) else { continue }
            let value = elements[position].value
            if field == .type {
                type = value.stringValue.flatMap { Self.types[$0] }
                continue
            }
            isEmpty = false
            switch field {
            case .type: break
            case .messageID: messageID = messageID ?? Self.text(value)
            case .correlationID: correlationID = Self.text(value)
            case .causationIDs: causationIDs += AttributeScan.strings(value)
            case .messageType: messageType = Self.text(value)
            case .intent: intent = Self.text(value).flatMap { Self.intents[$0] }
            case .attempt: attempt = AttributeScan.integer(value).map(Int.init(clamping:))
            case .enqueuedNanoseconds:
                enqueuedTime = Timestamp(enqueuedNanoseconds: AttributeScan.integer(value), seconds: nil)
            case .enqueuedSeconds:
                enqueuedTime =
                    enqueuedTime ?? Timestamp(enqueuedNanoseconds: nil, seconds: AttributeScan.integer(value))
            }
        }
        if causationIDs.count > 1 { causationIDs = causationIDs.uniqued() }
    }

    /// A link describes a message unless its type says that it is about something else.
    var describesMessage: Bool {
        switch type {
        case .batchMember, .creation, nil: true
        case .fanIn, .retryOf, .deadLetterOf, .replayOf, .ambient: false
        }
    }

    private static func text(_ value: AttributeValue) -> String? {
        value.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
