import ThroughlineModel

/// One message on one destination, in numbers; see ``Publication``.
struct PublicationRow: Sendable {
    /// See ``Publication/Reason``.
    enum Reason: Equatable, Sendable {
        case sent, deadLettered, replayed
        case routed(from: Name)
    }

    @Narrow var message: Int
    /// Absent when no span says.
    var destination: Name
    var reason: Reason
    var system: Name = .absent
    @Compact var began: Timestamp?
    @Compact var sent: Timestamp?
    @Compact var appended: Timestamp?
    @Compact var dwellTime: UInt64?
    @Compact var due: Timestamp?
    /// The first and the last of its sendings, -1 for none.
    var sendings = (first: -1, last: -1)
}

extension PublicationRow {
    /// Takes over what one more of its senders says.
    mutating func add(_ operation: OperationRow, countsAsSent: Bool) {
        if !system.isPresent { system = operation.system }
        began = began.map { min($0, operation.start) } ?? operation.start
        if countsAsSent { sent = sent.map { max($0, operation.latest) } ?? operation.latest }
    }

    /// What an outbox or a schedule says.
    mutating func addDelays(_ operation: OperationReading) {
        let attributes = operation.attributes
        appended = appended ?? Self.time(attributes[ThroughlineAttribute.appendedTime])
        due = due ?? Self.time(attributes[ThroughlineAttribute.dueTime])
        let dwelt = attributes[ThroughlineAttribute.dwellTime].flatMap(AttributeScan.integer)
        dwellTime =
            dwellTime ?? dwelt.flatMap(UInt64.init(exactly:)) ?? appended.flatMap { $0.ifBefore(operation.start) }
    }

    private static func time(_ value: AttributeValue?) -> Timestamp? {
        value.flatMap(AttributeScan.integer).flatMap(UInt64.init(exactly:)).map(Timestamp.init(nanosecondsSinceEpoch:))
    }
}
