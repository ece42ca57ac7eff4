internal import SQLite
internal import ThroughlineModel

/// Removes spans with everything that hangs on them. Used inside a write transaction only.
struct SpanRemover {
    /// What was removed, and which interned rows may now be unused.
    struct Removed {
        var spans = 0
        var links = 0
        var traces: Set<Int64> = []
        var correlations: Set<Int64> = []
    }

    private let connection: Connection
    private var decoder: SpanDecoder
    private let findOpen: Statement
    private let deleteSpan: Statement
    private let deleteOpen: Statement
    private let linkTargets: Statement
    private let deleteLinks: Statement
    private let deleteRef: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        decoder = try SpanDecoder(connection)
        findOpen = try connection.prepare("SELECT id FROM open_spans WHERE trace = ?1 AND span_id = ?2")
        deleteSpan = try connection.prepare("DELETE FROM spans WHERE id = ?1")
        deleteOpen = try connection.prepare("DELETE FROM open_spans WHERE id = ?1")
        linkTargets = try connection.prepare("SELECT target_trace FROM links WHERE span = ?1")
        deleteLinks = try connection.prepare("DELETE FROM links WHERE span = ?1")
        deleteRef = try connection.prepare("DELETE FROM message_refs WHERE message_id = ?1 AND role = ?2 AND span = ?3")
    }

    /// See ``SpanDecoder/beginTransaction()``.
    mutating func beginTransaction() throws(SQLiteError) {
        try decoder.beginTransaction()
    }

    /// Rows that a rolled-back transaction added are gone again.
    mutating func forgetAll() {
        decoder.forgetAll()
    }

    /// Removes the unfinished form of a span, if there is one.
    mutating func removeOpenSpan(trace: Int64, spanID: Int64) throws(SQLiteError) {
        try findOpen.bind(trace, 1)
        try findOpen.bind(spanID, 2)
        let row = try findOpen.step() ? findOpen.integer(0) : nil
        findOpen.reset()
        guard let row else { return }
        var removed = Removed()
        try remove(row, into: &removed)
    }

    /// Removes the span of one row: of `open_spans` when the number is negative, else of `spans`.
    mutating func remove(_ row: Int64, into removed: inout Removed) throws(SQLiteError) {
        guard let stored = try decoder.span(atRow: row) else { return }
        removed.traces.insert(stored.trace)
        if let correlation = stored.correlation { removed.correlations.insert(correlation) }
        // The references are found by encoding the span again: the table is keyed by message, not by span.
        for ref in BatchEncoder.encode(CollectionOfOne(stored.record)).refs {
            try ref.key.bind(to: deleteRef, 1)
            try deleteRef.bind(ref.role.rawValue, 2)
            try deleteRef.bind(row, 3)
            try deleteRef.run()
        }
        if !stored.record.links.isEmpty {
            try linkTargets.bind(row, 1)
            while try linkTargets.step() { removed.traces.insert(linkTargets.integer(0)) }
            linkTargets.reset()
            try deleteLinks.bind(row, 1)
            try deleteLinks.run()
            removed.links += connection.changes
        }
        let delete = row < 0 ? deleteOpen : deleteSpan
        try delete.bind(row, 1)
        try delete.run()
        removed.spans += connection.changes
    }
}
