import ThroughlineModel

/// Finds the message that is meant where a framework names the causing message by its correlation id and by no message
/// id, as MassTransit's InitiatorId does.
struct InitiatorJoin {
    /// The messages of one such id. A saga may give the same one to all of its messages.
    private struct Candidates {
        /// In time order.
        var messages: [Int] = []
        /// By message: its place among them.
        var places: [Int: Int] = [:]
        /// By place: the earliest sending of that message and of those behind it.
        var earliest: [UInt64] = []

        mutating func add(_ message: Int) {
            guard places[message] == nil else { return }
            places[message] = messages.count
            messages.append(message)
        }
    }

    private var candidates: [Name: Candidates] = [:]
    private let table: OperationTable

    init(_ flow: Range<Int>, _ join: MessageJoin, _ table: OperationTable) {
        self.table = table
        for position in flow where table.rows[position].ownCorrelationID.isPresent {
            for message in join.messages(of: position) {
                candidates[table.rows[position].ownCorrelationID, default: Candidates()].add(message)
            }
        }
        for id in candidates.keys {
            var earliest = UInt64.max
            let times = candidates[id, default: Candidates()].messages.reversed().map { message in
                earliest = min(earliest, sent(message, join) ?? .max)
                return earliest
            }
            candidates[id]?.earliest = times.reversed()
        }
    }

    private func sent(_ message: Int, _ join: MessageJoin) -> UInt64? {
        join.firstPublisher(of: message).map { table.rows[$0].start.nanosecondsSinceEpoch }
    }

    /// Several messages may share the id: the one that was being handled is meant, else the last that was sent before.
    func initiator(_ id: Name, _ surrounding: [Int], _ position: Int, _ join: MessageJoin) -> Int? {
        guard id.isPresent, let found = candidates[id] else { return nil }
        if let place = surrounding.compactMap({ found.places[$0] }).min() { return found.messages[place] }
        let own = join.messages(of: position)
        let start = table.rows[position].start.nanosecondsSinceEpoch
        // The last place from which on something was sent in time is itself in time.
        var (low, high) = (0, found.earliest.count)
        while low < high {
            let middle = (low + high) / 2
            if found.earliest[middle] <= start { low = middle + 1 } else { high = middle }
        }
        return found.messages[..<low].last { candidate in
            !own.contains(candidate) && sent(candidate, join).map { $0 <= start } ?? false
        }
    }
}
