internal import SQLite

/// What flows are filtered by.
public enum NameKind: String, Hashable, Sendable, CaseIterable {
    case service, destination
    case messageType = "message type"
}

extension TraceReader {
    /// True when some span names it.
    public func knows(_ name: String, as kind: NameKind) throws(StoreError) -> Bool {
        try read { session throws(SQLiteError) in
            let source: String
            switch kind {
            case .service: source = "SELECT 1 FROM resources WHERE service_name = ?1 LIMIT 1"
            case .destination, .messageType:
                let word = "(SELECT id FROM strings WHERE text = ?1)"
                let selects = ["spans", "open_spans"].map { "SELECT 1 FROM \($0) WHERE \(kind.column) = \(word)" }
                source = "SELECT 1 WHERE EXISTS \(word) AND (EXISTS (\(selects[0])) OR EXISTS (\(selects[1])))"
            }
            return try !session.rows(source) { select throws(SQLiteError) in try select.bind(name, 1) }.isEmpty
        }
    }

    /// The names that spans have, in alphabetical order: all services and destinations, and the message types of the
    /// newest spans.
    public func names(of kind: NameKind) throws(StoreError) -> [String] {
        try read { session throws(SQLiteError) in
            let source: String
            switch kind {
            case .service: source = "SELECT DISTINCT service_name FROM resources WHERE service_name IS NOT NULL"
            case .destination:
                // From one value of the index to the next, and not over all of it.
                source = """
                    WITH RECURSIVE each (id) AS (
                        SELECT (SELECT min(destination) FROM spans WHERE destination IS NOT NULL)
                        UNION ALL SELECT (SELECT min(destination) FROM spans WHERE destination > each.id)
                            FROM each WHERE each.id IS NOT NULL)
                    SELECT text FROM strings WHERE id IN (
                        SELECT id FROM each UNION SELECT destination FROM open_spans)
                    """
            case .messageType:
                source = """
                    SELECT text FROM strings WHERE id IN (
                        SELECT message_type FROM (SELECT message_type FROM spans ORDER BY id DESC LIMIT 100000)
                        UNION SELECT message_type FROM open_spans)
                    """
            }
            let select = try session.connection.prepare(source)
            var names: [String] = []
            while try select.step() { names.append(select.text(0)) }
            return names.sorted()
        }
    }
}

extension NameKind {
    fileprivate var column: String {
        switch self {
        case .service: "resource"
        case .destination: "destination"
        case .messageType: "message_type"
        }
    }
}
