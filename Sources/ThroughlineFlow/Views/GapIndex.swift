/// The gaps of a flow by what they are found at.
package struct GapIndex {
    /// Consumers that are known to listen and of which nothing says that they handled a message.
    package private(set) var deliveries: [Publication.ID: [(consumer: Consumer, reason: Gap.Reason)]] = [:]
    /// Messages of which no delivery is recorded although one may still be.
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

    /// What to say of a message without any delivery. Its consumer may record nothing, so that it was handled or not is
    /// more than anybody knows.
    package func unread(_ publication: Publication.ID) -> String {
        "no delivery recorded" + (anyDelivery[publication].map { "; perhaps \($0.rawValue)" } ?? "")
    }
}
