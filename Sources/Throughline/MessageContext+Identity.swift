import ThroughlineContext

extension MessageContext {
    init(_ messages: [MessageIdentity]) {
        let first = messages.first?.correlationID
        self.init(
            messageIDs: messages.map(\.messageID),
            correlationID: messages.allSatisfy { $0.correlationID == first } ? first : nil,
            causationIDs: messages.count == 1 ? messages[0].causationIDs : messages.flatMap(\.causationIDs))
    }
}
