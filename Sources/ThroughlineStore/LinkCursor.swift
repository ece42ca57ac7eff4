internal import SQLite
internal import ThroughlineModel

/// Reads the links of many spans, quickest when they are asked for in the order of their rows: it walks along the table
/// over short gaps, and looks only where the next ones lie far away.
final class LinkCursor {
    /// What a link leads to, as it is stored.
    struct Target {
        var trace: Int64
        var span: SpanID
        var messageID: MessageKey?
    }

    static let flags: Int32 = 3
    static let type: Int32 = 4
    static let traceState: Int32 = 6
    static let dropped: Int32 = 7
    static let attributes: Int32 = 8

    /// The statement, at the link that ``next(ofSpan:)`` found.
    let row: Statement
    /// The span whose link the statement is at, `.max` behind the last; nil when it is nowhere.
    private var span: Int64?
    /// The span that was asked for last.
    private var asked = Int64.min
    /// True when the link that the statement is at was handed out.
    private var isTaken = false
    /// Where spans are so far apart, a look costs no more than to walk.
    private static let longestWalk: Int64 = 16

    init(_ connection: Connection) throws(SQLiteError) {
        row = try connection.prepare(
            """
            SELECT span, target_trace, target_span, flags, type, message_id, trace_state, dropped, attributes FROM links
            WHERE span >= ?1 ORDER BY span, position
            """)
    }

    /// Moves to the next link of a span; false when it has no more.
    func next(ofSpan wanted: Int64) throws(SQLiteError) -> Bool {
        if wanted < asked { reset() }
        asked = wanted
        if isTaken { try step() }
        if span.map({ $0 < wanted &- Self.longestWalk }) ?? true {
            row.reset()
            try row.bind(wanted, 1)
            try step()
        }
        while let span, span < wanted { try step() }
        isTaken = span == wanted
        return isTaken
    }

    var target: Target {
        Target(
            trace: row.integer(1), span: SpanID(UInt64(bitPattern: row.integer(2))),
            messageID: row.isNull(5) ? nil : MessageKey(row, 5))
    }

    /// Lets go of the table.
    func reset() {
        row.reset()
        span = nil
        asked = .min
        isTaken = false
    }

    private func step() throws(SQLiteError) {
        isTaken = false
        span = try row.step() ? row.integer(0) : .max
    }
}
