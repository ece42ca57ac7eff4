internal import SQLite
internal import ThroughlineModel

/// Finds messages that may have become dead letters although no consumer says so: those that stand in two places.
struct DeadLetterDoubts {
    private struct Places {
        var first: Int64
        var areSeveral = false
        var hasFailed = false
    }

    private var messages: [MessageKey: Places] = [:]

    /// Notes a row of those that a summary reads, of a span that is about a message.
    mutating func note(_ row: Statement, _ interned: inout InternedRows) throws(SQLiteError) {
        guard let destination = row.optionalInteger(6) else { return }
        var hasFailed = row.integer(3) == Int64(SpanStatus.Code.error.rawValue)
        if let settlement = row.optionalInteger(8), !hasFailed {
            hasFailed = try interned.string(settlement) == Settlement.rejected.rawValue
        }
        let message = MessageKey(row, 4)
        var places = messages[message] ?? Places(first: destination)
        places.areSeveral = places.areSeveral || places.first != destination
        places.hasFailed = places.hasFailed || hasFailed
        messages[message] = places
    }

    /// True when some message that is none of these stands in several places.
    ///
    /// - Parameter onlyFailed: somebody must have failed with it.
    func areOpen(besides known: Set<MessageKey>, onlyFailed: Bool) -> Bool {
        messages.contains { message, places in
            places.areSeveral && (places.hasFailed || !onlyFailed) && !known.contains(message)
        }
    }
}
