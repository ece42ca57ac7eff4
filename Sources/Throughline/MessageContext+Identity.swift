import ThroughlineContext

extension MessageContext {
    init(_ messages: [MessageIdentity]) {
        let first = messages.first?.correlationID
        self.init(
            messageIDs: messages.map(\.messageID),
            correlationID: messages.allSatisfy { $0.correlationID == first } ? first : nil)
    }
}
