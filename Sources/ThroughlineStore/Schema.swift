internal import SQLite

/// The tables of a trace store; docs/store.md describes them for people who read the file with other tools.
enum Schema {
    static let migrations = Migrations([version1, version2, version3, version4, version5])

    /// In the header of every store, so that a database of another program is told from ours: "THRU".
    static let applicationID: Int64 = 0x5448_5255

    /// How many bits of a span's row id are left out of ``version1``'s index by span id. Span ids are random: one
    /// index over all of them would write a page of its own for nearly every span. Spans of one segment share a few
    /// hundred pages, which stay in the cache, and a lookup asks each segment once.
    static let segmentBits = 12

    /// The first version whose spans are marked; see ``Trouble``.
    static let firstMarkedVersion: Int64 = 5

    /// The columns that `spans` and `open_spans` share, in the order in which they are bound and read.
    static let spanColumns: [(name: String, type: String)] =
        [
            ("trace", "INTEGER NOT NULL"), ("span_id", "INTEGER NOT NULL"), ("parent_id", "INTEGER"),
            ("flags", "INTEGER NOT NULL"), ("kind", "INTEGER NOT NULL"), ("name", "INTEGER NOT NULL"),
            ("start", "INTEGER NOT NULL"), ("duration", "INTEGER"), ("status", "INTEGER NOT NULL"),
            ("status_message", "TEXT"), ("resource", "INTEGER NOT NULL"), ("scope", "INTEGER NOT NULL"),
            ("trace_state", "TEXT"), ("dropped", "TEXT"), ("attributes", "TEXT"), ("events", "TEXT"),
        ]
        + PromotedAttribute.allCases.map { attribute in
            switch attribute.kind {
            case .id where attribute != .correlation: (attribute.column, "ANY")
            default: (attribute.column, "INTEGER")
            }
        }

    static let spanColumnNames = spanColumns.map(\.name)

    /// The number of the first promoted column.
    static let firstPromotedColumn = Int32(spanColumns.count - PromotedAttribute.allCases.count)

    private static let spanColumnDefinitions = spanColumns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")

    private static let version1 = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('interned_deletions', 0);

        CREATE TABLE strings (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE traces (id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE correlations (id INTEGER PRIMARY KEY, correlation_id ANY NOT NULL UNIQUE) STRICT;
        CREATE TABLE resources (
            id INTEGER PRIMARY KEY, service_name TEXT, attributes TEXT NOT NULL, schema_url TEXT) STRICT;
        CREATE UNIQUE INDEX resources_by_content ON resources (attributes, ifnull(schema_url, x'00'));
        CREATE TABLE scopes (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT, attributes TEXT NOT NULL, schema_url TEXT)
            STRICT;
        CREATE UNIQUE INDEX scopes_by_content
            ON scopes (name, ifnull(version, x'00'), attributes, ifnull(schema_url, x'00'));

        CREATE TABLE spans (id INTEGER PRIMARY KEY AUTOINCREMENT, \(spanColumnDefinitions)) STRICT;
        CREATE INDEX spans_by_trace ON spans (trace);
        CREATE INDEX spans_by_span ON spans (id >> \(segmentBits), span_id);
        CREATE INDEX spans_by_start ON spans (start);
        CREATE INDEX spans_by_correlation ON spans (correlation) WHERE correlation IS NOT NULL;
        CREATE INDEX spans_by_destination ON spans (destination, start) WHERE destination IS NOT NULL;

        CREATE TABLE open_spans (
            id INTEGER PRIMARY KEY, \(spanColumnDefinitions), UNIQUE (trace, span_id)) STRICT;
        CREATE INDEX open_spans_by_span ON open_spans (span_id);
        CREATE INDEX open_spans_by_correlation ON open_spans (correlation) WHERE correlation IS NOT NULL;

        CREATE TABLE links (
            span INTEGER NOT NULL, position INTEGER NOT NULL, target_trace INTEGER NOT NULL,
            target_span INTEGER NOT NULL, flags INTEGER NOT NULL, type INTEGER, message_id ANY, trace_state TEXT,
            dropped INTEGER, attributes TEXT, PRIMARY KEY (span, position)) STRICT, WITHOUT ROWID;
        CREATE INDEX links_by_target ON links (target_trace, target_span);

        CREATE TABLE message_refs (
            message_id ANY NOT NULL, role INTEGER NOT NULL, span INTEGER NOT NULL,
            PRIMARY KEY (message_id, role, span)) STRICT, WITHOUT ROWID;

        PRAGMA application_id = \(applicationID);
        \(Views.all)
        """

    /// Cursors for store-and-forward.
    private static let version2 = """
        CREATE TABLE exporters (
            name TEXT PRIMARY KEY, position INTEGER NOT NULL DEFAULT 0, holder TEXT,
            held_until INTEGER NOT NULL DEFAULT 0, exported INTEGER NOT NULL DEFAULT 0,
            rejected INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
            failure TEXT, failure_time INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE set_aside (
            id INTEGER PRIMARY KEY, exporter TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            spans INTEGER NOT NULL, reason TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
        """

    /// What failed is asked for most, and is rare.
    private static let version3 = "CREATE INDEX spans_by_failure ON spans (start) WHERE status = 2"

    /// Spans that others send come at least once. Trace rows are numbered in the order of their first span, so this
    /// index still grows at its end, and tells in one look whether a span is there.
    private static let version4 = """
        DROP INDEX spans_by_trace;
        CREATE INDEX spans_by_trace ON spans (trace, span_id);
        """

    /// Not every failure shows in a status: see ``Trouble``.
    private static let version5 = """
        UPDATE spans SET flags = flags | \(Trouble.givingUp) WHERE \(Trouble.unmarked);
        UPDATE open_spans SET flags = flags | \(Trouble.givingUp) WHERE \(Trouble.unmarked);
        DROP INDEX IF EXISTS spans_by_failure;
        CREATE INDEX IF NOT EXISTS spans_by_trouble ON spans (start) WHERE \(Trouble.condition);
        """
}

/// Why a span is listed under a message id in `message_refs`.
enum MessageRole: Int64 {
    /// The span sends or handles that message.
    case own = 1
    /// What the span publishes was caused by that message.
    case cause = 2
    /// A link of the span names that message: a member of a batch, as a rule.
    case linked = 3
}
