import ThroughlineModel

/// One publication going to one consumer, in numbers; see ``Hop``.
struct HopRow: Sendable {
    @Narrow var publication: Int
    var service: Name
    var group: Name
    var isReplay: Bool
    var evidence: Evidence
    /// Its part of the attempts.
    var attempts: Part = .none
}

/// One delivery, in numbers; see ``Attempt``.
struct AttemptRow: Sendable {
    @Narrow var operation: Int
    @Narrow var number: Int
    @Compact var waited: UInt64?
    var settlement: Settlement?
    @Narrow var batchSize: Int
    var isDuplicate = false
}

/// Finds the hops from each publication to its consumers, and the attempts of each.
struct HopJoin: Sendable {
    var publications: PublicationJoin
    /// By number, in the order in which they were found.
    var hops: [HopRow] = []
    private(set) var attempts: [AttemptRow] = []

    private let table: OperationTable
    /// The hops of the flow that is being joined.
    private var places = HashTable()

    /// - Parameter operations: those of the flows that will be joined.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        publications = PublicationJoin(table, operations)
        hops.reserveCapacity(operations.count)
        attempts.reserveCapacity(operations.count)
    }

    /// Joins what was handled in one flow; they come in order.
    ///
    /// - Parameter handlings: those of the flow.
    mutating func join(_ flow: Range<Int>, _ join: MessageJoin, handlings: Range<Int>) {
        publications.join(flow, join, handlings: handlings)
        places.removeAll(makingRoomFor: handlings.count)
        let groups = Groups(handlings, join, table)
        let first = hops.count
        // By handling: its hop, once some hop has a second one.
        var hopOfHandling: [Int]?
        for place in handlings {
            let hop = hop(of: join.handlings[place], groups)
            if hopOfHandling == nil, hop != first + place - handlings.lowerBound {
                hopOfHandling = Array(0..<place - handlings.lowerBound)
            }
            hopOfHandling?.append(hop - first)
        }
        let settlements = SettleJoin(flow, join, table)
        guard let hopOfHandling else {
            for (hop, place) in zip(first..., handlings) { addAttempt(place, to: hop, join, settlements) }
            return
        }
        let delivered = Lists(count: hops.count - first, keys: hopOfHandling, values: Array(handlings))
        for hop in first..<hops.count {
            let kept = delivered.only(of: hop - first).map { [$0] } ?? withoutContainers(delivered[hop - first], join)
            for place in kept { addAttempt(place, to: hop, join, settlements) }
            hops[hop].markDuplicates(&attempts, table)
        }
    }

    /// When the first attempt of a hop began.
    func start(of hop: HopRow) -> UInt64 {
        hop.attempts.isEmpty
            ? .max : table.rows[attempts[Int(hop.attempts.start)].operation].start.nanosecondsSinceEpoch
    }

    private mutating func hop(of handling: MessageJoin.Handling, _ groups: Groups) -> Int {
        let publication = publications.publication(of: handling)
        let service = table.rows[handling.operation].service
        let group = groups.group(of: handling)
        let isReplay =
            table.rows[handling.operation].isReplay || publications.publications[publication].reason == .replayed
        let hash = Hash.of(
            UInt64(publication) << 1 | (isReplay ? 1 : 0),
            UInt64(UInt32(bitPattern: service.number)) << 32 | UInt64(UInt32(bitPattern: group.number)))
        let known = places.find(hash) { hop in
            hops[hop].publication == publication && hops[hop].isReplay == isReplay && hops[hop].service == service
                && hops[hop].group == group
        }
        if let known {
            hops[known].evidence = min(hops[known].evidence, handling.evidence)
            return known
        }
        places.insert(hash, hops.count)
        hops.append(
            HopRow(
                publication: publication, service: service, group: group, isReplay: isReplay,
                evidence: handling.evidence))
        return hops.count - 1
    }

    /// Pulling a message and handling it are two spans and one delivery: a span that contains another delivery of the
    /// same message is its frame, and pulling counts only where handling was not recorded.
    private func withoutContainers(_ delivered: Lists.List, _ join: MessageJoin) -> [Int] {
        let own = Set(delivered.map { join.handlings[$0].operation })
        var frames: Set<Int> = []
        for operation in own {
            var current = table.parent(of: operation)
            var steps = 0
            while let ancestor = current, ancestor != operation, steps < 64 {
                if own.contains(ancestor) { frames.insert(ancestor) }
                current = table.parent(of: ancestor)
                steps += 1
            }
        }
        let inner = delivered.filter { !frames.contains(join.handlings[$0].operation) }
        let processing = inner.filter { table.rows[join.handlings[$0].operation].operation == .process }
        let kept = processing.isEmpty ? inner : processing
        return kept.isEmpty ? Array(delivered) : kept
    }

    private mutating func addAttempt(_ place: Int, to hop: Int, _ join: MessageJoin, _ settlements: SettleJoin) {
        let handling = join.handlings[place]
        let operation = handling.operation
        let previous = hops[hop].attempts.isEmpty ? nil : attempts.last
        var (number, enqueued) = (table.rows[operation].attempt, table.rows[operation].enqueuedTime)
        // Not as a closure, which would copy all that is joined.
        if let member = handling.member {
            number = number ?? table.members[member].attempt
            enqueued = table.members[member].enqueuedTime ?? enqueued
        }
        let start = table.rows[operation].start
        let waited: UInt64?
        if let previous {
            waited = table.rows[previous.operation].latest.ifBefore(start)
        } else {
            waited = publications.waited(operation, hops[hop].publication, since: enqueued)
        }
        let settlement =
            table.rows[operation].settlement ?? settlements.settlement(of: handling.message, by: operation)
        if hops[hop].attempts.isEmpty { hops[hop].attempts.start = Int32(truncatingIfNeeded: attempts.count) }
        hops[hop].attempts.count += 1
        attempts.append(
            AttemptRow(
                operation: operation, number: number ?? (previous?.number ?? 0) + 1, waited: waited,
                settlement: settlement, batchSize: handling.batchSize))
    }
}

extension HopRow {
    /// Marks the attempts that succeeded although one had succeeded before.
    fileprivate func markDuplicates(_ rows: inout [AttemptRow], _ table: OperationTable) {
        guard attempts.count > 1 else { return }
        var succeeded = false
        for place in attempts.range {
            let operation = table.rows[rows[place].operation]
            let succeeds = Attempt.succeeded(
                ended: operation.end != nil, failed: operation.failed, settlement: rows[place].settlement)
            rows[place].isDuplicate = succeeded && succeeds
            succeeded = succeeded || succeeds
        }
    }
}

/// The consumer group of each delivery: what its span says, else what the other spans of its service about the same
/// message agree on.
private struct Groups {
    private let table: OperationTable
    /// By message: the groups that spans name. Only where some span of the flow names none.
    private var named: [Int: [Name: Set<Name>]] = [:]

    init(_ handlings: Range<Int>, _ join: MessageJoin, _ table: OperationTable) {
        self.table = table
        var isComplete = true
        // Not as a closure, which would copy the whole join.
        for place in handlings where !table.rows[join.handlings[place].operation].group.isPresent { isComplete = false }
        guard !isComplete else { return }
        for place in handlings {
            let operation = join.handlings[place].operation
            guard table.rows[operation].group.isPresent else { continue }
            named[join.handlings[place].message, default: [:]][table.rows[operation].service, default: []]
                .insert(table.rows[operation].group)
        }
    }

    func group(of handling: MessageJoin.Handling) -> Name {
        let own = table.rows[handling.operation].group
        guard !own.isPresent, let groups = named[handling.message]?[table.rows[handling.operation].service] else {
            return own
        }
        return groups.count == 1 ? groups.first ?? .absent : .absent
    }
}
