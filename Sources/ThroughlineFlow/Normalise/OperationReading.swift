import ThroughlineModel

/// A span with what it says about messages, read once and never copied. The engine asks it field by field, because a
/// copy of the whole would touch twenty references.
final class OperationReading: Sendable {
    let record: SpanRecord
    let marks: OperationMarks
    let service: String
    let isMessaging: Bool
    let publishes: Bool
    let handles: Bool
    let failed: Bool
    let operation: MessagingOperation?
    let system: String?
    let destination: String?
    let group: String?
    let messageID: String?
    let correlationID: String?
    let causationIDs: [String]
    let causationCorrelationID: String?
    let ownCorrelationID: String?
    let members: [MessageView.Member]
    let batchSize: Int?
    let type: String?
    let intent: MessageIntent?
    let attempt: Int?
    let settlement: Settlement?
    let enqueuedTime: Timestamp?
    let queueTime: UInt64?

    init(_ record: SpanRecord) {
        var marks: OperationMarks = []
        let view = MessageView(record, &marks)
        self.record = record
        self.marks = marks
        let name = record.resource.serviceName
        service = name.map { $0.isEmpty ? Self.unknownService : $0 } ?? Self.unknownService
        isMessaging = view != nil
        operation = view?.operation
        publishes = operation == .send || operation == .create
        handles = operation == .process || operation == .receive
        failed = record.status.code == .error || marks.contains(.errorType)
        system = view?.system
        destination = view?.destination
        group = view?.group
        messageID = view?.messageID
        correlationID = view?.correlationID
        causationIDs = view?.causationIDs ?? []
        causationCorrelationID = view?.causationCorrelationID
        ownCorrelationID = view?.ownCorrelationID
        members = view?.members ?? []
        batchSize = view?.batchSize
        type = view?.type
        intent = view?.intent
        attempt = view?.attempt
        settlement = view?.settlement
        enqueuedTime = view?.enqueuedTime
        queueTime = view?.queueTime
    }

    private static let unknownService = "unknown_service"

    /// Nil when the span is not about messages.
    var view: MessageView? { isMessaging ? MessageView(self) : nil }
    var id: Operation.ID { Operation.ID(traceID: record.traceID, spanID: record.spanID) }
    var start: Timestamp { record.start }
    var end: Timestamp? { record.end }
    /// When it ended; when it began, as long as it has not.
    var latest: Timestamp { record.end ?? record.start }
    /// The operation is about a message that is sent or handled once more on purpose.
    var isReplay: Bool { marks.contains(.replayLink) || marks.contains(.replay) }
    /// It sets a message aside that was given up.
    var isDeadLettering: Bool { marks.contains(.deadLetterLink) }

    /// The place of the link that describes a message.
    func place(of message: Message.ID) -> Int? {
        guard !members.isEmpty, case .named(let id) = message else { return nil }
        return members.firstIndex { $0.messageID == id }
    }

    /// What the link that describes a message says about it.
    func member(_ message: Message.ID) -> MessageView.Member? { place(of: message).map { members[$0] } }
}
