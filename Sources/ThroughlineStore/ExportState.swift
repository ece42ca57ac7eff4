internal import SQLite
public import ThroughlineModel

/// A batch that a collector has refused for good.
public struct SetAsideBatch: Hashable, Sendable {
    /// Tells it from others.
    public var id: Int64
    /// Whose it is.
    public var exporter: String
    /// Where it begins in the store.
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

/// Whoever exports, and until when the exporter is theirs unless they prolong it.
public struct ExportHolder: Hashable, Sendable {
    /// The name: service, process and host.
    public var name: String
    /// When others may take over.
    public var until: Timestamp
}

/// What came of forgetting an exporter.
package enum ForgetOutcome: Sendable {
    case forgotten
    /// Somebody exports under the name at the moment; nothing was forgotten.
    case held(ExportHolder)
    /// There is no exporter of that name.
    case unknown
}

/// Why nobody takes an exporter's spans at the moment.
public struct ExportFailure: Hashable, Sendable {
    /// What the last attempt came to.
    public var reason: String
    /// When that was.
    public var time: Timestamp
}

/// How much waits for an exporter.
public struct ExportBacklog: Hashable, Sendable {
    /// How many spans; an estimate that costs nothing, too high where the store has gaps or spans that are not sampled.
    public var count: Int
    /// When the one that was stored first started; nil when none waits.
    public var oldest: Timestamp?
}

/// How far one exporter has come.
public struct ExportState: Hashable, Sendable {
    /// The exporter.
    public var name: String
    /// How many spans it has delivered.
    public var exported: Int
    /// How many spans the collector has rejected when it accepted the rest of their batch.
    public var rejected: Int
    /// How many sampled spans wait.
    public var backlog: Int
    /// When the oldest of them started; nil when none waits.
    public var oldest: Timestamp?
    /// How many spans retention has deleted before they were delivered.
    public var lost: Int
    /// Whoever holds it, or has held it and was killed; nil when nobody does.
    public var holder: ExportHolder?
    /// Why nobody takes its spans; nil when the last attempt went well.
    public var failure: ExportFailure?
    /// What was refused for good.
    public var setAside: [SetAsideBatch]
}

extension TraceReader {
    /// How far each exporter has come, by name; empty when nothing was ever exported.
    public func exports() throws(StoreError) -> [ExportState] {
        try read { session throws(SQLiteError) in
            // A store that nobody has opened for writing since exporting was new has no such tables.
            guard try session.connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'exporters'") == 1 else {
                return []
            }
            var states: [ExportState] = []
            let select = try session.statement(
                """
                SELECT name, exported, rejected, lost, holder, held_until, failure, failure_time,
                    (SELECT count(*) FROM spans WHERE id > position AND flags & 1),
                    (SELECT min(start) FROM spans WHERE id > position AND flags & 1)
                FROM exporters ORDER BY name
                """)
            defer { select.reset() }
            while try select.step() { states.append(Self.state(select)) }
            for index in states.indices {
                states[index].setAside = try ExportLog.setAside(of: states[index].name, session)
            }
            return states
        }
    }

    private static func state(_ row: Statement) -> ExportState {
        func time(_ column: Int32) -> Timestamp { Timestamp(storedNanoseconds: row.integer(column)) }
        return ExportState(
            name: row.text(0), exported: Int(clamping: row.integer(1)), rejected: Int(clamping: row.integer(2)),
            backlog: Int(clamping: row.integer(8)), oldest: row.isNull(9) ? nil : time(9),
            lost: Int(clamping: row.integer(3)),
            holder: row.optionalText(4).map { ExportHolder(name: $0, until: time(5)) },
            failure: row.optionalText(6).map { ExportFailure(reason: $0, time: time(7)) }, setAside: [])
    }
}
