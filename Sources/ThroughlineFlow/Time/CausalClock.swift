import ThroughlineModel

/// Moments of hosts whose clocks differ, as far apart as causes and effects allow: what a flow's duration and its critical
/// path are counted by. What was recorded stays as it is.
///
/// A host whose clock is behind for certain is moved on by the least that lets no effect come before its cause. Where
/// no such move fits all that was recorded, because a clock was set in between, none is made.
struct CausalClock {
    private let graph: FlowGraph
    /// By host: nanoseconds to add; hosts that need none are left out.
    private var shifts: [Name: UInt64] = [:]

    init(_ graph: FlowGraph, _ offsets: [ClockOffset]) {
        self.graph = graph
        let shifts = Self.shifts(offsets.filter { $0.isProven })
        if shifts.isEmpty { return }
        let names = graph.index.table.names
        for host in Set(graph.index.indices.lazy.map { graph.index.row($0).host }) {
            self.shifts[host] = shifts[names[host]]
        }
    }

    /// True when something began, or answered, before what it waited for; without that no two clocks are known to differ,
    /// and no flow needs to be looked at closer.
    static func hasSkew(_ assembly: Assembly, _ flow: Assembly.Extent) -> Bool {
        let (rows, hops) = (assembly.table.rows, assembly.hops)
        for position in flow.operations where rows[position].parent >= 0 {
            let parent = Int(rows[position].parent)
            guard rows[parent].host != rows[position].host else { continue }
            if rows[position].start < rows[parent].start { return true }
            if rows[position].kind == .server, rows[parent].kind == .client, let end = rows[parent].end,
                rows[position].latest > end
            {
                return true
            }
        }
        for hop in flow.hops where !hops.hops[hop].attempts.isEmpty {
            let first = hops.attempts[Int(hops.hops[hop].attempts.start)].operation
            let began = hops.publications.publications[hops.hops[hop].publication].began
            if let began, began > rows[first].start { return true }
        }
        return false
    }

    /// Hosts one after the other along their causes: the longest way to each.
    private static func shifts(_ offsets: [ClockOffset]) -> [String: UInt64] {
        var shifts: [String: UInt64] = [:]
        var rounds = Set(offsets.flatMap { [$0.from, $0.to] }).count
        var isSettled = offsets.isEmpty
        func move(_ host: String, by ahead: Int64?, after other: String) {
            let least = Int64(clamping: shifts[other] ?? 0).addingReportingOverflow(ahead ?? .min)
            guard ahead != nil, !least.overflow, let needed = UInt64(exactly: least.partialValue) else { return }
            if needed > shifts[host] ?? 0 {
                shifts[host] = needed
                isSettled = false
            }
        }
        while !isSettled, rounds >= 0 {
            rounds -= 1
            isSettled = true
            for offset in offsets {
                move(offset.to, by: offset.upper.map { -$0 }, after: offset.from)
                move(offset.from, by: offset.lower, after: offset.to)
            }
        }
        return isSettled ? shifts : [:]
    }

    /// True when every clock is taken as it is.
    var isPlain: Bool { shifts.isEmpty }

    private func shift(_ position: Int) -> UInt64 {
        shifts.isEmpty ? 0 : shifts[graph.index.row(position).host] ?? 0
    }

    /// A moment that an operation recorded.
    func moment(_ time: Timestamp, of position: Int) -> Timestamp {
        time.advanced(byNanoseconds: shift(position))
    }

    func start(_ position: Int) -> Timestamp { moment(graph.index.row(position).start, of: position) }

    func latest(_ position: Int) -> Timestamp { moment(graph.index.row(position).latest, of: position) }

    /// When the last attempt ended; when it began, as long as it has not.
    func finish(_ hop: Int) -> UInt64 {
        guard let last = graph.operationsOfHop[hop].last else { return 0 }
        return latest(last).nanosecondsSinceEpoch
    }

    /// When the broker had the message.
    func arrival(_ hop: Int) -> UInt64 {
        let publication = graph.publicationOfHop[hop]
        guard let sent = graph.publications[publication].sent else { return 0 }
        return (graph.sendersOfPublication[publication].last.map { moment(sent, of: $0) } ?? sent)
            .nanosecondsSinceEpoch
    }

    /// Those that are as late as the latest, first ones first.
    func latest(_ candidates: [Int], by time: (Int) -> UInt64) -> [Int] {
        guard let last = candidates.map(time).max() else { return [] }
        return candidates.filter { last - time($0) < CriticalEnds.tie }
    }

    /// How long the message of a hop waited: as recorded where sender and handler have the same clock.
    func waited(_ hop: Int) -> UInt64? {
        guard let first = graph.hops[hop].attempts.first else { return nil }
        guard let handler = graph.operationsOfHop[hop].first, difference(hop) > 0 else { return first.waited }
        let sent = Timestamp(nanosecondsSinceEpoch: arrival(hop))
        return sent.ifBefore(start(handler)) ?? 0
    }

    /// True when more than half of what was recorded as waiting, or all of it, lies between two clocks.
    func contradictsWait(_ hop: Int) -> Bool {
        guard let first = graph.hops[hop].attempts.first else { return false }
        if let waited = first.waited { return difference(hop) > waited / 2 }
        let publication = graph.publications[graph.publicationOfHop[hop]]
        return publication.began.map { $0 > first.start } ?? false
    }

    private func difference(_ hop: Int) -> UInt64 {
        guard !shifts.isEmpty, let handler = graph.operationsOfHop[hop].first,
            let sender = graph.sendersOfPublication[graph.publicationOfHop[hop]].last
        else { return 0 }
        let (left, right) = (shift(handler), shift(sender))
        return max(left, right) - min(left, right)
    }
}
