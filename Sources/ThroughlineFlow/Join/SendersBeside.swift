/// Finds senders that stand beside their handlers. Some instrumentations hand on the context around a send instead of
/// the send's own, so that both are children of one span.
struct SendersBeside: Sendable {
    /// By handler.
    private var senders: [Int: Int] = [:]

    init() {}

    init(_ table: OperationTable, _ flow: Range<Int>) {
        let handlers = flow.filter { Self.cameFromElsewhere($0, table) }
        guard !handlers.isEmpty else { return }
        var sent: [Operation.ID: [Int]] = [:]
        for handler in handlers { if let parent = table.rows[handler].parentID { sent[parent] = [] } }
        for position in flow where table.publishes(position) {
            if let parent = table.rows[position].parentID { sent[parent]?.append(position) }
        }
        for handler in handlers {
            var fitting: [Int] = []
            for sender in table.rows[handler].parentID.flatMap({ sent[$0] }) ?? []
            where Self.fits(sender, handler, table) {
                fitting.append(sender)
                // Two leave it open, and so would more.
                if fitting.count == 2 { break }
            }
            if fitting.count == 1 { senders[handler] = fitting.first }
        }
    }

    func sender(of handler: Int) -> Int? { senders.isEmpty ? nil : senders[handler] }

    /// A handler below a span of another service, or of one that is not here, which did not send: only the message can
    /// have carried that context.
    private static func cameFromElsewhere(_ position: Int, _ table: OperationTable) -> Bool {
        guard table.handles(position), table.rows[position].parentSpan != nil else { return false }
        guard let parent = table.parent(of: position) else { return true }
        return !table.publishes(parent) && table.rows[parent].service != table.rows[position].service
    }

    private static func fits(_ sender: Int, _ handler: Int, _ table: OperationTable) -> Bool {
        let (from, to) = (table.rows[sender], table.rows[handler])
        if from.service == to.service { return false }
        if from.system.isPresent, to.system.isPresent, from.system != to.system { return false }
        guard let sent = table.names.text(from.destination), let arrived = table.names.text(to.destination) else {
            return true
        }
        return sent == arrived || arrived.hasPrefix(sent + ":")
    }
}
