extension PublicationJoin {
    /// By message: where it arrived, for messages whose senders do not say where they sent them. Only where all who
    /// handled the message name the same destination.
    func arrivals(_ flow: Range<Int>, _ join: MessageJoin, _ handlings: Range<Int>) -> [Int: Name] {
        func published(where isNamed: Bool) -> Set<Int> {
            let senders = flow.lazy.filter {
                table.publishes($0) && table.rows[$0].destination.isPresent == isNamed
            }
            return Set(senders.flatMap { join.published[$0] })
        }
        var unknown = published(where: false)
        guard !unknown.isEmpty else { return [:] }
        unknown.subtract(published(where: true))
        var found: [Int: Set<Name>] = [:]
        for handling in join.handlings[handlings] where unknown.contains(handling.message) {
            let name = table.rows[handling.operation].destination
            if name.isPresent { found[handling.message, default: []].insert(name) }
        }
        return found.compactMapValues { $0.count == 1 ? $0.first : nil }
    }
}
