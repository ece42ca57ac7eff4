internal import SQLite
public import ThroughlineModel

/// Which flows are wanted; what is not set leaves nothing out.
public struct FlowFilter: Hashable, Sendable {
    /// Flows that started then or later.
    public var since: Timestamp?
    /// Flows that started before.
    public var until: Timestamp?
    /// Flows in which a service of that name took part.
    public var service: String?
    /// Flows with a message on a destination of that name.
    public var destination: String?
    /// Flows with a message of that type.
    public var messageType: String?
    /// Flows in which a span failed.
    public var failed = false
    /// Flows in which a delivery ended as a dead letter.
    public var deadLettered = false
    /// Flows with a span that was started and never ended.
    public var unfinished = false
    /// Flows that took longer, in nanoseconds.
    public var slowerThan: UInt64?

    /// Every flow.
    public init() {}

    /// True for a flow that meets everything.
    func admits(_ flow: FlowSummary) -> Bool {
        if let since, flow.startedAt < since { return false }
        if let until, flow.startedAt >= until { return false }
        if let service, !flow.services.contains(service) { return false }
        if let destination, !flow.destinations.contains(destination) { return false }
        if let messageType, !flow.messageTypes.contains(messageType) { return false }
        if let slowerThan, flow.durationNanoseconds <= slowerThan { return false }
        return (!failed || flow.errors > 0) && (!deadLettered || flow.deadLetters > 0)
            && (!unfinished || flow.unfinished > 0)
    }

    /// Start, trace and correlation of the spans among which every wanted flow has one, the latest first; nil when the
    /// store knows that there is none. The rarest thing that is asked for decides which spans those are.
    func candidates(_ session: ReadSession) throws(SQLiteError) -> Statement? {
        let (tables, condition, text): ([String], String, String?) =
            switch self {
            case _ where unfinished: (["open_spans"], "", nil)
            case _ where deadLettered: (["spans"], "settlement = ?1", Settlement.deadLettered.rawValue)
            case _ where failed: (["spans"], "status = \(SpanStatus.Code.error.rawValue)", nil)
            case _ where destination != nil: (["spans", "open_spans"], "destination = ?1", destination)
            case _ where messageType != nil: (["spans", "open_spans"], "message_type = ?1", messageType)
            default: (["spans", "open_spans"], "", nil)
            }
        var row: Int64?
        if let text {
            let select = try session.statement("SELECT id FROM strings WHERE text = ?1")
            try select.bind(text, 1)
            row = try select.integers().first
            if row == nil { return nil }
        }
        let selects = tables.map { table in
            "SELECT start, trace, correlation FROM \(table)\(condition.isEmpty ? "" : " WHERE " + condition)"
        }
        // Dead letters are rare and have no index: reading the table in its own order and sorting the few is faster
        // than following an index of starts to every row.
        let order = deadLettered && !unfinished ? "+start" : "start"
        let walk = try session.connection.prepare(
            tables.count == 1
                ? "\(selects[0]) ORDER BY \(order) DESC"
                : "SELECT start, trace, correlation FROM (\(selects.joined(separator: " UNION ALL "))) ORDER BY start DESC"
        )
        if let row { try walk.bind(row, 1) }
        return walk
    }
}
