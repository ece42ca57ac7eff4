import ThroughlineModel

/// One row of a table with its texts and lists: for whoever looks at a few operations and not at all of them.
struct OperationReading: Sendable {
    let table: OperationTable
    /// Where it is in the table.
    let position: Int

    var row: OperationRow { table.rows[position] }
    var record: SpanRecord { table.records[Int(row.record)] }
    var attributes: Attributes { table.records[Int(row.record)].attributes }
    var links: [SpanLink] { table.records[Int(row.record)].links }

    var id: Operation.ID { row.id }
    var start: Timestamp { row.start }
    var end: Timestamp? { row.end }
    var latest: Timestamp { row.latest }
    var marks: OperationMarks { row.marks }
    var failed: Bool { row.failed }
    var service: String { table.names[row.service] }
    var system: String? { table.names.text(row.system) }
    var destination: String? { table.names.text(row.destination) }
    var group: String? { table.names.text(row.group) }
    var messageID: String? { table.names.text(row.messageID) }
    var correlationID: String? { table.names.text(row.correlationID) }
    var ownCorrelationID: String? { table.names.text(row.ownCorrelationID) }
    var causationCorrelationID: String? { table.names.text(row.causationCorrelationID) }
    var type: String? { table.names.text(row.type) }
    var causationIDs: [String] { texts(row.causes) }

    /// The messages that links describe.
    var members: [MessageView.Member] {
        row.members.isEmpty ? [] : table.members[row.members.range].map(member)
    }

    /// What the link that describes a message says about it.
    func member(_ message: Message.ID) -> MessageView.Member? {
        guard let id = message.text else { return nil }
        return table.members[row.members.range].first { table.names.text($0.messageID) == id }.map(member)
    }

    private func member(_ member: MemberRow) -> MessageView.Member {
        MessageView.Member(
            messageID: table.names.text(member.messageID), context: links[Int(member.link)].context,
            correlationID: table.names.text(member.correlationID), causationIDs: texts(member.causes),
            type: table.names.text(member.type), intent: member.intent, attempt: member.attempt,
            enqueuedTime: member.enqueuedTime)
    }

    private func texts(_ part: Part) -> [String] {
        part.isEmpty ? [] : table.causes[part.range].map { table.names[$0] }
    }
}
