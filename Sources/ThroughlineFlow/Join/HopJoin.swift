import ThroughlineModel

/// Finds the hops from each publication to its consumers, and the attempts of each.
struct HopJoin: Sendable {
    private(set) var publications: PublicationJoin
    /// By number, in the order in which they were found.
    private(set) var hops: [Hop] = []
    /// By hop: the number of its publication.
    private(set) var publicationOfHop: [Int] = []
    /// By hop: the operations of its attempts.
    private(set) var operations = Lists()

    private let index: OperationIndex
    private let join: MessageJoin

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        publications = PublicationJoin(index, join)
        let groups = Groups(index, join)
        // By publication the first of its hops, and by hop the next one of its publication; -1 for none.
        var first: [Int] = Array(repeating: -1, count: publications.publications.count)
        var next: [Int] = []
        var hopOfHandling: [Int] = []
        hopOfHandling.reserveCapacity(join.handlings.count)
        hops.reserveCapacity(join.handlings.count)
        publicationOfHop.reserveCapacity(join.handlings.count)
        next.reserveCapacity(join.handlings.count)
        operations.reserveCapacity(join.handlings.count)
        for handling in join.handlings {
            let operation = index.reading(handling.operation)
            let publication = publications.publication(of: handling)
            while first.count <= publication { first.append(-1) }
            let group = operation.group ?? groups.group(of: handling)
            let isReplay = operation.isReplay || publications.publications[publication].id.reason == .replayed
            var known = first[publication]
            while known >= 0, !hops[known].id.isFor(operation.service, group, isReplay) { known = next[known] }
            if known >= 0 {
                hops[known].evidence = min(hops[known].evidence, handling.evidence)
            } else {
                known = hops.count
                let id = Hop.ID(
                    publication: publications.publications[publication].id,
                    consumer: Consumer(service: operation.service, group: group), isReplay: isReplay)
                hops.append(Hop(id: id, evidence: handling.evidence))
                publicationOfHop.append(publication)
                // The newest first: whoever is delivered to again was delivered to lately.
                next.append(first[publication])
                first[publication] = known
            }
            hopOfHandling.append(known)
        }
        let deliveries = Lists(count: hops.count, keys: hopOfHandling, values: Array(join.handlings.indices))
        let settlements = SettleJoin(index, join)
        for hop in hops.indices { addAttempts(deliveries[hop], to: hop, settlements) }
    }

    private mutating func addAttempts(_ delivered: ArraySlice<Int>, to hop: Int, _ settlements: SettleJoin) {
        let kept = delivered.count == 1 ? delivered : withoutContainers(delivered)
        var succeeded = false
        hops[hop].attempts.reserveCapacity(kept.count)
        for number in kept {
            let handling = join.handlings[number]
            var attempt = attempt(handling, after: hops[hop].attempts.last, publicationOfHop[hop], settlements)
            attempt.isDuplicate = succeeded && attempt.succeeded
            succeeded = succeeded || attempt.succeeded
            hops[hop].attempts.append(attempt)
            operations.append(handling.operation)
        }
        operations.close()
    }

    /// Pulling a message and handling it are two spans and one delivery: a span that contains another delivery of the
    /// same message is its frame, and pulling counts only where handling was not recorded.
    private func withoutContainers(_ delivered: ArraySlice<Int>) -> ArraySlice<Int> {
        let own = Set(delivered.map { join.handlings[$0].operation })
        var frames: Set<Int> = []
        for operation in own {
            var current = index.parent(of: operation)
            var steps = 0
            while let ancestor = current, ancestor != operation, steps < 64 {
                if own.contains(ancestor) { frames.insert(ancestor) }
                current = index.parent(of: ancestor)
                steps += 1
            }
        }
        let inner = delivered.filter { !frames.contains(join.handlings[$0].operation) }
        let processing = inner.filter { index.reading(join.handlings[$0].operation).operation == .process }
        let kept = processing.isEmpty ? inner : processing
        return kept.isEmpty ? delivered : kept[...]
    }

    private func attempt(
        _ handling: MessageJoin.Handling, after previous: Attempt?, _ publication: Int, _ settlements: SettleJoin
    ) -> Attempt {
        let operation = index.reading(handling.operation)
        let enqueued = handling.member.flatMap { operation.members[$0].enqueuedTime } ?? operation.enqueuedTime
        let number = operation.attempt ?? handling.member.flatMap { operation.members[$0].attempt }
        let start = operation.start
        let waited: UInt64?
        if let previous {
            waited = (previous.end ?? previous.start).nanoseconds(until: start)
        } else if let enqueued {
            waited = enqueued.nanoseconds(until: start)
        } else {
            waited = operation.queueTime ?? publications.publications[publication].sent?.nanoseconds(until: start)
        }
        return Attempt(
            operation: operation.id, number: number ?? (previous?.number ?? 0) + 1, waited: waited, start: start,
            end: operation.end,
            settlement: operation.settlement ?? settlements.settlement(of: handling.message, by: handling.operation),
            error: operation.failed ? index[handling.operation].error : nil, batchSize: handling.batchSize)
    }
}

/// The consumer group of each delivery: what its span says, else what the other spans of its service about the same
/// message agree on.
private struct Groups {
    private let index: OperationIndex
    private let join: MessageJoin
    /// By message: the groups that spans name. Only where some span of the flow names none.
    private var named: [Int: [(service: String, group: String)]] = [:]

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        guard join.handlings.contains(where: { index.reading($0.operation).group == nil }) else { return }
        for handling in join.handlings {
            guard let group = index.reading(handling.operation).group else { continue }
            let service = index.reading(handling.operation).service
            let known = named[handling.message] ?? []
            if !known.contains(where: { $0.service == service && $0.group == group }) {
                named[handling.message, default: []].append((service, group))
            }
        }
    }

    func group(of handling: MessageJoin.Handling) -> String? {
        if let group = index.reading(handling.operation).group { return group }
        let service = index.reading(handling.operation).service
        let candidates = named[handling.message]?.filter { $0.service == service } ?? []
        return candidates.count == 1 ? candidates.first?.group : nil
    }
}

extension Hop.ID {
    fileprivate func isFor(_ service: String, _ group: String?, _ replay: Bool) -> Bool {
        isReplay == replay && consumer.service == service && consumer.group == group
    }
}
