import ThroughlineModel

/// Finds every operation that a replay brought about: its deliveries, what ran inside them, and on through the
/// messages they published.
struct ReplayReach {
    private(set) var operations: Set<Operation.ID> = []

    init(_ index: OperationIndex, hops: [Hop], publications: [Publication]) {
        var hopsOfPublication: [Publication.ID: [Hop]] = [:]
        for hop in hops { hopsOfPublication[hop.id.publication, default: []].append(hop) }
        var publicationsOfSender: [Operation.ID: [Publication]] = [:]
        for publication in publications {
            for sender in publication.senders { publicationsOfSender[sender, default: []].append(publication) }
        }
        var pending = hops.filter(\.isReplay).flatMap { $0.attempts.map(\.operation) }
        for replay in publications where replay.id.reason == .replayed {
            pending += replay.senders
            // Whoever decided to replay is part of it, up to the handler of something else.
            for position in replay.senders.compactMap(index.position(of:)) {
                operations.formUnion(index.ancestors(of: position).prefix { !index[$0].handles }.map { index[$0].id })
            }
        }
        guard !pending.isEmpty else { return }
        let children = index.children
        while let id = pending.popLast() {
            guard operations.insert(id).inserted, let position = index.position(of: id) else { continue }
            pending += children[position].map { index[$0].id }
            for publication in publicationsOfSender[id] ?? [] {
                for hop in hopsOfPublication[publication.id] ?? [] { pending += hop.attempts.map(\.operation) }
            }
        }
    }
}
