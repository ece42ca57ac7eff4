internal import SQLite
internal import ThroughlineFlow
internal import ThroughlineModel

/// A trace that lasts as long as a consumer lives, taken apart into its deliveries with what happened under each, by the
/// rule that ThroughlineFlow has for spans in memory: a delivery that begins under no sender and no other delivery
/// begins a part of its own.
///
/// Knows four numbers of each span, and reads no more of it.
struct HubTrace {
    private struct Span {
        var id: UInt64
        var parent: UInt64?
        var row: Int64
        var role: Role
    }

    private enum Role {
        case publishes, handles, other

        init(_ operation: MessagingOperation?) {
            self =
                switch operation {
                case .send?, .create?: .publishes
                case .process?, .receive?: .handles
                case .settle?, nil: .other
                }
        }
    }

    /// In the order of their ids, each once.
    private var spans: [Span] = []
    /// For each span the place of another one of its part, or its own for the one that stands for the part.
    private var links: [Int32] = []
    private var looseDeliveries = 0

    /// Nil for a trace in which so many deliveries begin by themselves as the guard lets pass.
    init?(ofTrace trace: Int64, _ session: inout ReadSession, guarding: HubGuard) throws(SQLiteError) {
        guard guarding.maximumDeliveries < Int32.max else { return nil }
        let count = try session.rows(
            "SELECT count(*) FROM (SELECT 1 FROM spans WHERE trace = ?1 LIMIT ?2)"
        ) { select throws(SQLiteError) in
            try select.bind(trace, 1)
            try select.bind(Int64(guarding.maximumDeliveries) + 1, 2)
        }
        guard let count = count.first, count > guarding.maximumDeliveries else { return nil }
        try read(trace, &session)
        join()
        guard looseDeliveries > guarding.maximumDeliveries else { return nil }
    }

    private mutating func read(_ trace: Int64, _ session: inout ReadSession) throws(SQLiteError) {
        var roles: [Int64: Role] = [:]
        var found: [Span] = []
        let columns = """
            id, span_id, parent_id, operation_type, kind,
            operation_type IS NULL
                AND (coalesce(operation_name, system, destination) IS NOT NULL OR \(MessagingRows.names))
            """
        for source in [try Self.source(ofTrace: trace, session), "open_spans WHERE trace = ?1"] {
            let select = try session.connection.prepare("SELECT \(columns) FROM \(source)")
            try select.bind(trace, 1)
            while try select.step() {
                let row = select.integer(0)
                var role = Role.other
                if let word = select.optionalInteger(3) {
                    if let known = roles[word] {
                        role = known
                    } else {
                        role = Role(try Self.operation(word, &session))
                        roles[word] = role
                    }
                } else if Self.mayBeAboutMessages(select) {
                    role = Role(try session.decoder.span(atRow: row).flatMap { MessageView($0.record)?.operation })
                }
                found.append(
                    Span(
                        id: UInt64(bitPattern: select.integer(1)),
                        parent: select.optionalInteger(2).map(UInt64.init(bitPattern:)), row: row, role: role))
            }
        }
        // The later row counts, and one that has not ended, whose row is below zero, only by itself.
        found.sort { ($0.id, $0.row) < ($1.id, $1.row) }
        spans.reserveCapacity(found.count)
        for (place, span) in found.enumerated() where place + 1 == found.count || found[place + 1].id != span.id {
            spans.append(span)
        }
    }

    /// An index leads from row to row anywhere in the table. Where a good part of the rows in between belong to the trace,
    /// passing all of them by is several times quicker.
    private static func source(ofTrace trace: Int64, _ session: ReadSession) throws(SQLiteError) -> String {
        let passedBy: Int64 = 8
        let select = try session.statement("SELECT count(*), min(id), max(id) FROM spans WHERE trace = ?1")
        try select.bind(trace, 1)
        defer { select.reset() }
        guard try select.step(), select.integer(2) &- select.integer(1) < passedBy * select.integer(0) else {
            return "spans WHERE trace = ?1"
        }
        return "spans WHERE +trace = ?1 AND id BETWEEN \(select.integer(1)) AND \(select.integer(2))"
    }

    private static func operation(_ word: Int64, _ session: inout ReadSession) throws(SQLiteError)
        -> MessagingOperation?
    {
        var record = SpanRecord(
            traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), name: "", start: Timestamp(nanosecondsSinceEpoch: 0))
        record.attributes[MessagingAttribute.operationType] = .string(try session.decoder.interned.string(word))
        return MessageView(record)?.operation
    }

    /// Spans of today's conventions say what they do in a column; others are read as a whole.
    private static func mayBeAboutMessages(_ row: Statement) -> Bool {
        let kind = SpanKind(rawValue: Int(clamping: row.integer(4)))
        return kind == .producer || kind == .consumer || row.integer(5) != 0
    }

    private mutating func join() {
        links = spans.indices.map { Int32($0) }
        for place in spans.indices {
            let parent = spans[place].parent.flatMap { self.place(of: $0) }
            if spans[place].role == .handles, parent.map({ spans[$0].role == .other }) ?? true {
                looseDeliveries += 1
            } else if let parent {
                links[part(of: place)] = Int32(part(of: parent))
            }
        }
        for place in spans.indices { links[place] = Int32(part(of: place)) }
    }

    private mutating func part(of place: Int) -> Int {
        var place = place
        while links[place] != place {
            links[place] = links[Int(links[place])]
            place = Int(links[place])
        }
        return place
    }

    private func place(of id: UInt64) -> Int? {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < spans.count && spans[low].id == id ? low : nil
    }

    /// The number of the part that a span belongs to; nil when the span is not there.
    func part(of span: SpanID) -> Int? { place(of: span.rawValue).map { Int(links[$0]) } }

    /// The rows of the spans of some parts.
    func rows(ofParts parts: Set<Int>) -> [Int64] {
        links.indices.lazy.filter { parts.contains(Int(links[$0])) }.map { spans[$0].row }
    }
}
