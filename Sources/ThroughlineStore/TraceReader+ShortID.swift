internal import SQLite
internal import ThroughlineModel

extension TraceReader {
    /// The ids that begin or end with a text, as titles and lists show them: correlation and trace ids, and where there is
    /// none of these, message ids.
    ///
    /// What ends with the text is looked for in all correlation and trace ids, which are far fewer than spans; message ids
    /// come last because there may be as many.
    ///
    /// - Returns: at most `limit` ids, each once; none for fewer than four characters.
    public func ids(like text: String, limit: Int = 20) throws(StoreError) -> [String] {
        guard let part = IDPart(text) else { return [] }
        return try read { session throws(SQLiteError) in
            var found = try session.ids(like: part, "correlation_id", of: "correlations", limit)
            found += try session.ids(like: part, "trace_id", of: "traces", limit)
            if found.isEmpty { found = try session.ids(like: part, "message_id", of: "message_refs", limit) }
            return Array(found.prefix(limit))
        }
    }
}

/// The beginning or the end of an id.
private struct IDPart {
    let text: String
    /// The hexadecimal digits in it, when it can be a part of a UUID or a trace id.
    private let digits: String?

    private static let shortest = 4
    private static let whole = 32

    init?(_ given: String) {
        text = String(given.trimmingPrefix("…").trimmingPrefix("..."))
        guard text.count >= Self.shortest else { return nil }
        let digits = Self.plain(text)
        let isPart = (Self.shortest..<Self.whole).contains(digits.count) && Hex.value(of: digits.utf8) != nil
        self.digits = isPart ? digits : nil
    }

    /// Ids as bytes and as text that may fit; each finds its rows by a range, or looks at the end of every id.
    func conditions(_ column: String) -> [String] {
        var conditions = [
            "\(column) >= ?1 AND \(column) < ?1 || char(1114111)",
            "typeof(\(column)) = 'text' AND substr(\(column), -\(text.unicodeScalars.count)) = ?1",
        ]
        if let digits {
            let filler = Self.whole - digits.count
            let low = digits + String(repeating: "0", count: filler)
            let high = digits + String(repeating: "f", count: filler)
            let bytes = digits.count / 2
            conditions += [
                "\(column) BETWEEN x'\(low)' AND x'\(high)'",
                "typeof(\(column)) = 'blob' AND substr(\(column), -\(bytes)) = x'\(digits.suffix(bytes * 2))'",
            ]
        }
        return conditions
    }

    /// Bytes say nothing of a single digit.
    func fits(_ id: String) -> Bool {
        if id.hasPrefix(text) || id.hasSuffix(text) { return true }
        guard let digits else { return false }
        let id = Self.plain(id)
        return id.hasPrefix(digits) || id.hasSuffix(digits)
    }

    private static func plain(_ id: String) -> String { id.lowercased().filter { $0 != "-" } }
}

extension ReadSession {
    fileprivate func ids(
        like part: IDPart, _ column: String, of table: String, _ limit: Int
    ) throws(SQLiteError) -> [String] {
        var found: [String] = []
        for condition in part.conditions(column) {
            let select = try connection.prepare("SELECT DISTINCT \(column) FROM \(table) WHERE \(condition)")
            // What has no text in it has no parameter.
            if condition.contains("?1") { try select.bind(part.text, 1) }
            while found.count < limit, try select.step() {
                let id = table == "traces" ? Self.traceID(select) : MessageKey(select, 0).id
                if part.fits(id), !found.contains(id) { found.append(id) }
            }
        }
        return found
    }

    private static func traceID(_ row: Statement) -> String {
        row.halves(0).map { Hex.string($0.high, $0.low) } ?? row.text(0)
    }
}
