internal import ThroughlineModel

/// Views for people with a plain `sqlite3`: hexadecimal ids, ISO times, names in place of numbers.
enum Views {
    static let all = [spans, open, links, messages].joined(separator: "\n")

    private static let spans = "CREATE VIEW spans_view AS \(spanView(of: "spans"));"
    private static let open = "CREATE VIEW open_view AS \(spanView(of: "open_spans"));"

    private static let links = """
        CREATE VIEW links_view AS SELECT
            lower(hex(t.trace_id)) AS trace_id, printf('%016x', s.span_id) AS span_id, n.text AS name,
            y.text AS type, lower(hex(target.trace_id)) AS target_trace_id,
            printf('%016x', l.target_span) AS target_span_id, \(text(ofKey: "l.message_id")) AS message_id,
            json_patch(ifnull(l.attributes, '{}'), json_object(
                '\(ThroughlineAttribute.linkType)', y.text,
                '\(MessagingAttribute.messageID)', \(text(ofKey: "l.message_id")))) AS attributes
        FROM links l
        JOIN (SELECT id, trace, span_id, name FROM spans UNION ALL SELECT id, trace, span_id, name FROM open_spans) s
            ON s.id = l.span
        JOIN traces t ON t.id = s.trace
        JOIN traces target ON target.id = l.target_trace
        JOIN strings n ON n.id = s.name
        LEFT JOIN strings y ON y.id = l.type;
        """

    private static let messages = """
        CREATE VIEW messages_view AS SELECT
            message_id, min(time) AS first_seen, max(message_type) AS type, max(intent) AS intent,
            max(destination) AS destination, max(correlation_id) AS correlation_id,
            max(causation_id) AS causation_id,
            group_concat(DISTINCT CASE WHEN kind = 'producer' THEN service END) AS sent_by,
            group_concat(DISTINCT CASE WHEN operation_type = 'process' THEN service END) AS handled_by,
            sum(operation_type = 'process') AS attempts, sum(status = 'error') AS errors
        FROM spans_view WHERE message_id IS NOT NULL GROUP BY message_id;
        """

    private static func spanView(of table: String) -> String {
        var columns: [String] = []
        var joins = ""
        var members: [String] = []
        for attribute in PromotedAttribute.allCases {
            let value: String
            switch attribute.kind {
            case .text:
                value = "\(attribute.column)_text.text"
                columns.append("\(value) AS \(attribute.column)")
                joins += "\nLEFT JOIN strings \(attribute.column)_text"
                joins += " ON \(attribute.column)_text.id = s.\(attribute.column)"
            case .number:
                value = "s.\(attribute.column)"
                columns.append("\(value) AS \(attribute.column)")
            case .id:
                value = text(ofKey: attribute == .correlation ? "c.correlation_id" : "s.\(attribute.column)")
                columns.append("\(value) AS \(attribute == .correlation ? "correlation_id" : attribute.column)")
            }
            members.append("'\(attribute.key)', \(value)")
        }
        // json_patch leaves out what is NULL in its second argument: the promoted attributes that a span lacks.
        return """
            SELECT
                s.id, lower(hex(t.trace_id)) AS trace_id, printf('%016x', s.span_id) AS span_id,
                CASE WHEN s.parent_id IS NOT NULL THEN printf('%016x', s.parent_id) END AS parent_id,
                r.service_name AS service, n.text AS name,
                CASE s.kind \(cases(["unspecified", "internal", "server", "client", "producer", "consumer"])) END AS kind,
                \(iso("s.start")) AS time, s.duration / 1e6 AS duration_ms,
                CASE s.status \(cases(["unset", "ok", "error"])) END AS status, s.status_message,
                \(columns.joined(separator: ", ")),
                json_patch(ifnull(s.attributes, '{}'), json_object(\(members.joined(separator: ", ")))) AS attributes,
                s.events, r.attributes AS resource, p.name AS scope
            FROM \(table) s
            JOIN traces t ON t.id = s.trace
            JOIN strings n ON n.id = s.name
            JOIN resources r ON r.id = s.resource
            JOIN scopes p ON p.id = s.scope
            LEFT JOIN correlations c ON c.id = s.correlation\(joins)
            """
    }

    private static func cases(_ names: [String]) -> String {
        names.enumerated().map { "WHEN \($0.offset) THEN '\($0.element)'" }.joined(separator: " ")
    }

    private static func iso(_ nanoseconds: String) -> String {
        "strftime('%Y-%m-%dT%H:%M:%S', \(nanoseconds) / 1000000000, 'unixepoch')"
            + " || printf('.%03dZ', \(nanoseconds) / 1000000 % 1000)"
    }

    /// The text of a column that a ``MessageKey`` was bound to.
    private static func text(ofKey column: String) -> String {
        let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
            .map { "substr(hex(\(column)), \($0.0), \($0.1))" }.joined(separator: " || '-' || ")
        return "CASE typeof(\(column)) WHEN 'blob' THEN lower(\(parts)) ELSE \(column) END"
    }
}
