extension PublicationJoin {
    /// By message: where it arrived, for messages whose senders do not say where they sent them. Only where all who
    /// handled the message name the same destination.
    func arrivals(_ flow: Range<Int>, _ join: MessageJoin, _ handlings: Range<Int>) -> [Int: Name] {
        var unknown: Set<Int> = []
        for sender in flow where table.publishes(sender) && !table.rows[sender].destination.isPresent {
            unknown.formUnion(join.published[sender])
        }
        guard !unknown.isEmpty else { return [:] }
        for sender in flow where table.publishes(sender) && table.rows[sender].destination.isPresent {
            unknown.subtract(join.published[sender])
        }
        var found: [Int: Set<Name>] = [:]
        for handling in join.handlings[handlings] where unknown.contains(handling.message) {
            let name = table.rows[handling.operation].destination
            if name.isPresent { found[handling.message, default: []].insert(name) }
        }
        return found.compactMapValues { $0.count == 1 ? $0.first : nil }
    }
}
