internal import ThroughlineModel

/// An attribute that has a column of its own instead of a place in the JSON of the rest, because it is asked for, or
/// because it repeats from span to span. It is promoted only with the type named here; any other stays in the JSON.
enum PromotedAttribute: Int, CaseIterable {
    // Texts that repeat: the column holds the row of `strings`.
    case system, operationName, operationType, destination, consumerGroup, partition, messageType, intent, settlement
    // Numbers.
    case offset, attempt, enqueuedTime, queueTime
    // Ids: `messageID` and `causationID` in place, `correlation` as the row of `correlations`.
    case messageID, causationID, correlation

    enum Kind {
        case text, number, id
    }

    static let textCount = 9
    static let numberCount = 4

    var kind: Kind {
        rawValue < Self.textCount ? .text : rawValue < Self.textCount + Self.numberCount ? .number : .id
    }

    var key: String {
        switch self {
        case .system: MessagingAttribute.system
        case .operationName: MessagingAttribute.operationName
        case .operationType: MessagingAttribute.operationType
        case .destination: MessagingAttribute.destinationName
        case .consumerGroup: MessagingAttribute.consumerGroup
        case .partition: MessagingAttribute.partitionID
        case .messageType: ThroughlineAttribute.messageType
        case .intent: ThroughlineAttribute.messageIntent
        case .settlement: ThroughlineAttribute.settlement
        case .offset: MessagingAttribute.kafkaOffset
        case .attempt: ThroughlineAttribute.attempt
        case .enqueuedTime: ThroughlineAttribute.enqueuedTime
        case .queueTime: ThroughlineAttribute.queueTime
        case .messageID: MessagingAttribute.messageID
        case .causationID: ThroughlineAttribute.causationID
        case .correlation: MessagingAttribute.conversationID
        }
    }

    var column: String {
        switch self {
        case .system: "system"
        case .operationName: "operation_name"
        case .operationType: "operation_type"
        case .destination: "destination"
        case .consumerGroup: "consumer_group"
        case .partition: "partition"
        case .messageType: "message_type"
        case .intent: "intent"
        case .settlement: "settlement"
        case .offset: "offset"
        case .attempt: "attempt"
        case .enqueuedTime: "enqueued_time"
        case .queueTime: "queue_time"
        case .messageID: "message_id"
        case .causationID: "causation_id"
        case .correlation: "correlation"
        }
    }

    /// The promoted attribute with that key. The length of the key leaves at most four candidates, so the keys of a
    /// span are told apart without hashing them.
    static func named(_ key: String) -> PromotedAttribute? {
        let length = key.utf8.count
        guard length < byLength.count else { return nil }
        return byLength[length].first { $0.key == key }?.attribute
    }

    private static let byLength: [[(key: String, attribute: PromotedAttribute)]] = {
        var table: [[(key: String, attribute: PromotedAttribute)]] = []
        for attribute in allCases {
            let length = attribute.key.utf8.count
            while table.count <= length { table.append([]) }
            table[length].append((attribute.key, attribute))
        }
        return table
    }()
}
