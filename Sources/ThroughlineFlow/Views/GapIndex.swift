/// The gaps of a flow by what they are found at.
package struct GapIndex {
    /// Consumers that are known to listen and did not handle a message.
    package private(set) var deliveries: [Publication.ID: [(consumer: Consumer, reason: Gap.Reason)]] = [:]
    /// Messages that nobody handled although somebody still may.
    package private(set) var anyDelivery: [Publication.ID: Gap.Reason] = [:]
    /// Attempts that came before the recorded ones.
    package private(set) var attempts: [Hop.ID: [(number: Int, reason: Gap.Reason)]] = [:]
    /// Messages that are known as causes alone.
    package private(set) var messages: [Message.ID: Gap.Reason] = [:]

    package init(_ flow: Flow) {
        for gap in flow.gaps {
            switch gap.missing {
            case .delivery(let publication, let consumer):
                deliveries[publication, default: []].append((consumer, gap.reason))
            case .anyDelivery(let publication): anyDelivery[publication] = gap.reason
            case .attempt(let hop, let number): attempts[hop, default: []].append((number, gap.reason))
            case .message(let message): messages[message] = gap.reason
            case .sender, .operation, .batchMembers: break
            }
        }
    }

    /// What to say of a message without any delivery.
    package func unread(_ publication: Publication.ID) -> String {
        anyDelivery[publication].map { "delivery \($0.ofDelivery)" } ?? "nobody handled it"
    }
}
