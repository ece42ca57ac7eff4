import ThroughlineModel

/// Finds how a delivery was settled where a span of its own says so.
struct SettleJoin {
    private struct Place: Hashable {
        var message: Int
        /// The operation that handled it, or the service that settled it.
        var by: Int
    }

    /// What a span says that ran inside the handler.
    private var inside: [Place: Settlement] = [:]
    /// What spans say that ran elsewhere in the service, in time order.
    private var elsewhere: [Place: [(start: Timestamp, settlement: Settlement)]] = [:]
    private let table: OperationTable

    init(_ flow: Range<Int>, _ join: MessageJoin, _ table: OperationTable) {
        self.table = table
        // What failed to settle a message has not settled it.
        for position in flow where table.rows[position].operation == .settle && !table.rows[position].failed {
            guard let settlement = table.rows[position].settlement else { continue }
            let handler = table.nearestAncestor(of: position, where: table.handles)
            var messages = join.messages.find(table.rows[position].messageID).map { [$0] } ?? []
            for member in table.members[table.rows[position].members.range] {
                if let message = join.messages.find(member.messageID) { messages.append(message) }
                if let target = table.position(of: member.target, near: position) {
                    messages += join.messages(of: target)
                }
            }
            if messages.isEmpty, let handler { messages = join.messages(of: handler) }
            for message in messages.uniqued() {
                if let handler {
                    let place = Place(message: message, by: handler)
                    inside[place] = inside[place] ?? settlement
                } else {
                    elsewhere[Place(message: message, by: table.rows[position].service.place), default: []]
                        .append((table.rows[position].start, settlement))
                }
            }
        }
    }

    /// The settlement inside the handler itself, else the first one of its service after it began.
    func settlement(of message: Int, by handler: Int) -> Settlement? {
        if let own = inside[Place(message: message, by: handler)] { return own }
        guard let candidates = elsewhere[Place(message: message, by: table.rows[handler].service.place)] else {
            return nil
        }
        let start = table.rows[handler].start
        var (low, high) = (0, candidates.count)
        while low < high {
            let middle = (low + high) / 2
            if candidates[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low < candidates.count ? candidates[low].settlement : nil
    }
}
