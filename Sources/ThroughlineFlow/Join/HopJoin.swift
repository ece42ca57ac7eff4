import ThroughlineModel

/// Finds the hops from each publication to its consumers, and the attempts of each.
struct HopJoin: Sendable {
    private(set) var publications: PublicationJoin
    /// By number, in the order in which they were found.
    private(set) var hops: [Hop] = []
    /// By hop: the number of its publication.
    private(set) var publicationOfHop: [Int] = []
    /// By hop: the operations of its attempts.
    private(set) var operations: [[Int]] = []

    private let index: OperationIndex
    private let join: MessageJoin

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        publications = PublicationJoin(index, join)
        let groups = Groups(index, join)
        var deliveries: [[Int]] = []
        var ofPublication: [[Int]] = []
        for (number, handling) in join.handlings.enumerated() {
            let operation = index[handling.operation]
            let publication = publications.publication(of: handling)
            while ofPublication.count <= publication { ofPublication.append([]) }
            let consumer = Consumer(service: operation.service, group: groups.group(of: handling))
            let isReplay = operation.isReplay || publications.publications[publication].id.reason == .replayed
            let known = ofPublication[publication].first {
                hops[$0].isReplay == isReplay && hops[$0].consumer == consumer
            }
            if let known {
                hops[known].evidence = min(hops[known].evidence, handling.evidence)
                deliveries[known].append(number)
                continue
            }
            let id = Hop.ID(
                publication: publications.publications[publication].id, consumer: consumer, isReplay: isReplay)
            ofPublication[publication].append(hops.count)
            hops.append(Hop(id: id, evidence: handling.evidence))
            publicationOfHop.append(publication)
            deliveries.append([number])
        }
        let settlements = SettleJoin(index, join)
        operations.reserveCapacity(hops.count)
        for hop in hops.indices { addAttempts(deliveries[hop], to: hop, settlements) }
    }

    private mutating func addAttempts(_ delivered: [Int], to hop: Int, _ settlements: SettleJoin) {
        let kept = withoutContainers(delivered)
        var succeeded = false
        hops[hop].attempts.reserveCapacity(kept.count)
        for number in kept {
            let handling = join.handlings[number]
            var attempt = attempt(handling, after: hops[hop].attempts.last, publicationOfHop[hop], settlements)
            attempt.isDuplicate = succeeded && attempt.succeeded
            succeeded = succeeded || attempt.succeeded
            hops[hop].attempts.append(attempt)
        }
        operations.append(kept.map { join.handlings[$0].operation })
    }

    /// Pulling a message and handling it are two spans and one delivery: a span that contains another delivery of the
    /// same message is its frame, and pulling counts only where handling was not recorded.
    private func withoutContainers(_ delivered: [Int]) -> [Int] {
        guard delivered.count > 1 else { return delivered }
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
        let processing = inner.filter { index[join.handlings[$0].operation].messaging?.operation == .process }
        let kept = processing.isEmpty ? inner : processing
        return kept.isEmpty ? delivered : kept
    }

    private func attempt(
        _ handling: MessageJoin.Handling, after previous: Attempt?, _ publication: Int, _ settlements: SettleJoin
    ) -> Attempt {
        let operation = index[handling.operation]
        let view = operation.messaging
        let member = handling.member.flatMap { view?.members[$0] }
        let start = operation.record.start
        let waited: UInt64?
        if let previous {
            waited = (previous.end ?? previous.start).nanoseconds(until: start)
        } else if let enqueued = member?.enqueuedTime ?? view?.enqueuedTime {
            waited = enqueued.nanoseconds(until: start)
        } else {
            waited = view?.queueTime ?? publications.publications[publication].sent?.nanoseconds(until: start)
        }
        return Attempt(
            operation: operation.id, number: view?.attempt ?? member?.attempt ?? (previous?.number ?? 0) + 1,
            waited: waited, start: start, end: operation.record.end,
            settlement: view?.settlement ?? settlements.settlement(of: handling.message, by: handling.operation),
            error: operation.error, batchSize: handling.batchSize)
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
        guard join.handlings.contains(where: { index[$0.operation].messaging?.group == nil }) else { return }
        for handling in join.handlings {
            guard let group = index[handling.operation].messaging?.group else { continue }
            let service = index[handling.operation].service
            let known = named[handling.message] ?? []
            if !known.contains(where: { $0.service == service && $0.group == group }) {
                named[handling.message, default: []].append((service, group))
            }
        }
    }

    func group(of handling: MessageJoin.Handling) -> String? {
        if let group = index[handling.operation].messaging?.group { return group }
        let service = index[handling.operation].service
        let candidates = named[handling.message]?.filter { $0.service == service } ?? []
        return candidates.count == 1 ? candidates.first?.group : nil
    }
}
