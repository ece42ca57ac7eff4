internal import SQLite
public import ThroughlineModel

/// Spans that an exporter has not delivered yet.
public struct ExportBatch: Sendable {
    /// Where the batch begins in the store.
    public internal(set) var first: Int64
    /// Where it ends.
    public internal(set) var last: Int64
    /// The spans, in the order in which they were stored.
    public internal(set) var spans: [SpanRecord]

    /// True when nothing waits.
    public var isEmpty: Bool { spans.isEmpty }
}

/// A batch that a collector has refused for good.
public struct SetAsideBatch: Hashable, Sendable {
    /// Tells it from others.
    public var id: Int64
    /// Whose it is.
    public var exporter: String
    /// Where it begins and ends in the store.
    public var first: Int64
    /// Where it ends in the store.
    public var last: Int64
    /// How many spans it has.
    public var spanCount: Int
    /// What the collector said.
    public var reason: String
    /// When that was.
    public var time: Timestamp
}

/// How far one exporter has come.
public struct ExportState: Hashable, Sendable {
    /// The exporter.
    public var name: String
    /// How many spans it has delivered.
    public var exported: Int
    /// How many spans wait.
    public var backlog: Int
    /// When the oldest of them started; nil when none waits.
    public var oldest: Timestamp?
    /// How many spans retention has deleted before they were delivered.
    public var lost: Int
    /// Whoever exports at the moment; nil when nobody does.
    public var holder: String?
    /// What was refused for good.
    public var setAside: [SetAsideBatch]
}

extension TraceReader {
    /// How far each exporter has come, by name; empty when nothing was ever exported.
    public func exports() throws(StoreError) -> [ExportState] {
        try read { session throws(SQLiteError) in
            var states: [ExportState] = []
            // A store that nobody has opened for writing since exporting was new has no such tables.
            guard try session.connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'exporters'") == 1 else {
                return []
            }
            let select = try session.statement(
                """
                SELECT e.name, e.exported, e.lost, e.holder, e.position,
                    (SELECT count(*) FROM spans WHERE id > e.position),
                    (SELECT min(start) FROM spans WHERE id > e.position)
                FROM exporters e ORDER BY e.name
                """)
            defer { select.reset() }
            while try select.step() {
                states.append(
                    ExportState(
                        name: select.text(0), exported: Int(clamping: select.integer(1)),
                        backlog: Int(clamping: select.integer(5)),
                        oldest: select.optionalInteger(6).map {
                            Timestamp(nanosecondsSinceEpoch: UInt64(bitPattern: $0))
                        }, lost: Int(clamping: select.integer(2)), holder: select.optionalText(3), setAside: []))
            }
            for index in states.indices {
                states[index].setAside = try Self.setAside(of: states[index].name, &session)
            }
            return states
        }
    }

    private static func setAside(
        of exporter: String, _ session: inout ReadSession
    ) throws(SQLiteError) -> [SetAsideBatch] {
        let select = try session.statement(
            "SELECT id, first, last, spans, reason, time FROM set_aside WHERE exporter = ?1 ORDER BY id")
        try select.bind(exporter, 1)
        defer { select.reset() }
        var batches: [SetAsideBatch] = []
        while try select.step() {
            batches.append(
                SetAsideBatch(
                    id: select.integer(0), exporter: exporter, first: select.integer(1), last: select.integer(2),
                    spanCount: Int(clamping: select.integer(3)), reason: select.text(4),
                    time: Timestamp(nanosecondsSinceEpoch: UInt64(bitPattern: select.integer(5)))))
        }
        return batches
    }
}
