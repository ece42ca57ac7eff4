import ThroughlineModel

/// Any number of flows put together: all their parts by number, and which belong to which. Those of one flow stand
/// together, in the order in which a reader wants them.
///
/// One assembly for many flows, because a million spans are a hundred thousand flows, and making the forty arrays that
/// hold a flow takes longer than finding what is in them.
final class Assembly: Sendable {
    /// One flow's part of everything.
    struct Extent: Sendable {
        var number: Int
        var operations: Range<Int>
        var messages: Range<Int>
        var publications: Range<Int>
        var hops: Range<Int>
        /// Its part of the causes, and of the pairs that only a correlation id joins.
        var causes: Range<Int>
        var correlated: Range<Int>
        /// What its spans contradict each other about.
        var conflicts: [Conflict]
        var hubs: [Hub]

        /// The flow of nothing.
        static let empty = Extent(
            number: 0, operations: 0..<0, messages: 0..<0, publications: 0..<0, hops: 0..<0, causes: 0..<0,
            correlated: 0..<0, conflicts: [], hubs: [])
    }

    let table: OperationTable
    let flows: [Extent]
    /// The traces that were not followed as a whole.
    let hubTraces: Set<TraceID>
    let join: MessageJoin
    let hops: HopJoin
    let causation: CausationJoin
    let messages: MessageOrder
    /// By publication: the operations that sent it.
    let senders: Lists
    /// By operation: the part that it belongs to by anything stronger than a correlation id; the numbers mean nothing.
    let parts: [Int]

    /// Puts all flows together, in their order. No flow needs another, so groups of them are done side by side.
    static func all(_ table: SplitTable) -> [Assembly] {
        SideBySide.map(table.groups) { Assembly(table, flows: $0) }
    }

    /// - Parameter flows: nil for all of them.
    init(_ split: SplitTable, flows: Range<Int>? = nil) {
        table = split.operations
        parts = split.parts
        hubTraces = split.hubTraces
        let starts = table.starts
        let flows = flows ?? starts.indices.dropLast()
        var assembler = Assembler(table, starts[flows.lowerBound]..<starts[flows.upperBound])
        self.flows = flows.map { number in
            var extent = assembler.add(starts[number]..<starts[number + 1], number: number, parts: split.parts)
            if let conflicts = split.conflicts[number] { extent.conflicts.insert(contentsOf: conflicts, at: 0) }
            if !split.hubs.isEmpty { extent.hubs = split.hubs[number] ?? [] }
            return extent
        }
        join = assembler.join
        hops = assembler.hops
        causation = assembler.causation
        messages = assembler.messages
        senders = assembler.publications.senders
    }
}

/// Puts flows together, one after the other.
private struct Assembler {
    var join: MessageJoin
    var hops: HopJoin
    var causation: CausationJoin
    var messages: MessageOrder
    var publications: PublicationOrder

    init(_ table: OperationTable, _ operations: Range<Int>) {
        join = MessageJoin(table, operations)
        hops = HopJoin(table, operations)
        causation = CausationJoin(table, operations)
        messages = MessageOrder(table, operations)
        publications = PublicationOrder(table, operations)
    }

    mutating func add(_ flow: Range<Int>, number: Int, parts: [Int]) -> Assembly.Extent {
        let firsts = (
            handling: join.handlings.count, message: join.messages.count, hop: hops.hops.count,
            publication: hops.publications.publications.count, cause: causation.causes.count,
            correlated: causation.correlated.count
        )
        let conflicts = (join.conflicts.count, causation.conflicts.count, messages.conflicts.count)
        join.join(flow)
        hops.join(flow, join, handlings: firsts.handling..<join.handlings.count)
        causation.join(flow, &join, parts: parts)
        messages.sort(flow, join, (causation.causes[firsts.cause...], causation.correlated[firsts.correlated...]))
        let extent = Assembly.Extent(
            number: number, operations: flow, messages: firsts.message..<join.messages.count,
            publications: firsts.publication..<hops.publications.publications.count,
            hops: firsts.hop..<hops.hops.count, causes: firsts.cause..<causation.causes.count,
            correlated: firsts.correlated..<causation.correlated.count,
            conflicts: Array(join.conflicts[conflicts.0...]) + causation.conflicts[conflicts.1...]
                + messages.conflicts[conflicts.2...],
            hubs: [])
        publications.sort(&hops, publications: extent.publications, hops: extent.hops, messages)
        return extent
    }
}
