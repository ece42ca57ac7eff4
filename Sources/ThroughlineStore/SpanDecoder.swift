internal import SQLite
internal import ThroughlineModel

/// Reads rows back as records. Belongs to one connection; used inside one transaction at a time, with
/// ``beginTransaction()`` first when the connection outlives it.
struct SpanDecoder {
    /// A record, the interned rows that it names, and the ids as they are stored.
    struct Stored {
        var row: Int64
        var trace: Int64
        var correlation: Int64?
        var messageID: MessageKey?
        var causationID: MessageKey?
        /// The ids of several causes, which have no column of their own.
        var causationIDs: [String] = []
        var record: SpanRecord
    }

    /// What a SELECT must ask for so that ``span(from:)`` can read it.
    static let columns = "id, " + Schema.spanColumnNames.joined(separator: ", ")

    private static let flagsColumn: Int32 = 4
    private static let attributesColumn: Int32 = 15
    private static let eventsColumn: Int32 = 16

    var interned: InternedRows
    private var messageIDs = MessageIDTexts()
    private var knownDeletions: Int64 = -1

    private let deletions: Statement
    private let selectSpan: Statement
    private let selectOpen: Statement
    private let links: LinkCursor
    private let traceSpans: [Statement]

    init(_ connection: Connection) throws(SQLiteError) {
        deletions = try connection.prepare("SELECT value FROM meta WHERE key = 'interned_deletions'")
        selectSpan = try connection.prepare("SELECT \(Self.columns) FROM spans WHERE id = ?1")
        selectOpen = try connection.prepare("SELECT \(Self.columns) FROM open_spans WHERE id = ?1")
        interned = try InternedRows(connection)
        links = try LinkCursor(connection)
        // An index keeps the spans of a trace in the order of their ids.
        traceSpans = [
            try connection.prepare("SELECT \(Self.columns) FROM spans WHERE trace = ?1 ORDER BY span_id, id"),
            try connection.prepare("SELECT \(Self.columns) FROM open_spans WHERE trace = ?1 ORDER BY span_id"),
        ]
    }

    /// Forgets what may have changed since the last transaction: a deleted row's number may be in use again.
    mutating func beginTransaction() throws(SQLiteError) {
        let count = try deletions.step() ? deletions.integer(0) : 0
        deletions.reset()
        guard count != knownDeletions else { return }
        forgetAll()
        knownDeletions = count
    }

    /// Lets go of the tables, so that the connection does not hold on to a moment that has passed.
    func endTransaction() {
        links.reset()
    }

    mutating func forgetAll() {
        interned.forgetAll()
    }

    /// The span of one row: of `open_spans` when the number is negative, else of `spans`; nil when there is none.
    mutating func span(atRow row: Int64) throws(SQLiteError) -> Stored? {
        guard var stored = try bareSpan(atRow: row) else { return nil }
        defer { links.reset() }
        while try links.next(ofSpan: row) { stored.record.links.append(try link()) }
        return stored
    }

    /// The same without its links.
    mutating func bareSpan(atRow row: Int64) throws(SQLiteError) -> Stored? {
        let statement = row < 0 ? selectOpen : selectSpan
        try statement.bind(row, 1)
        defer { statement.reset() }
        return try statement.step() ? try bareSpan(from: statement) : nil
    }

    /// Adds the spans of a trace to `spans`, each once and without its links; ``readLinks(into:from:_:)`` reads those of
    /// many. Of a span that is there twice the later row counts, and an ended one before one that is not.
    ///
    /// - Returns: how many rows were read; more than `limit` means that there were more, which were not added.
    mutating func appendSpans(
        ofTrace trace: Int64, atMost limit: Int, to spans: inout [Stored]
    ) throws(SQLiteError) -> Int {
        var rows = 0
        let first = spans.count
        var ended: Set<SpanID>?
        for select in traceSpans {
            try select.bind(trace, 1)
            defer { select.reset() }
            while try select.step() {
                rows += 1
                if rows > limit { return rows }
                let stored = try bareSpan(from: select)
                if stored.row < 0 {
                    let known = ended ?? Set(spans[first...].lazy.map(\.record.spanID))
                    ended = known
                    if !known.contains(stored.record.spanID) { spans.append(stored) }
                } else if spans.count > first, spans[spans.count - 1].record.spanID == stored.record.spanID,
                    !SharedSpan.areSides(spans[spans.count - 1].record, stored.record)
                {
                    spans[spans.count - 1] = stored
                } else {
                    spans.append(stored)
                }
            }
        }
        return rows
    }

    /// Gives the spans from the place `first` on their links, and hands each to `body` as it is stored. Rows that were
    /// written together lie together, so all links are read in the order of the rows.
    mutating func readLinks(
        into spans: inout [Stored], from first: Int, _ body: (LinkCursor.Target) -> Void
    ) throws(SQLiteError) {
        let places = (first..<spans.count).sorted { spans[$0].row < spans[$1].row }
        defer { links.reset() }
        for place in places {
            while try links.next(ofSpan: spans[place].row) {
                spans[place].record.links.append(try link())
                body(links.target)
            }
        }
    }

    /// How many bytes of attributes and events the row has that `statement` is at.
    static func textBytes(of statement: Statement) -> Int {
        func count(_ column: Int32) -> Int { statement.isNull(column) ? 0 : statement.withText(column, \.count) }
        return count(attributesColumn) + count(eventsColumn)
    }

    /// The span of the row that `statement` is at; its columns are ``columns``. Quickest in the order of the rows, because
    /// it stays where the last span's links ended, until ``endTransaction()``.
    mutating func span(from statement: Statement) throws(SQLiteError) -> Stored {
        var stored = try bareSpan(from: statement)
        while try links.next(ofSpan: stored.row) { stored.record.links.append(try link()) }
        return stored
    }

    /// The span without its links.
    private mutating func bareSpan(from statement: Statement) throws(SQLiteError) -> Stored {
        let row = statement.integer(0)
        let trace = statement.integer(1)
        let start = UInt64(bitPattern: statement.integer(7))
        let flags = WireFlags.parts(of: statement.integer(Self.flagsColumn))
        guard let kind = SpanKind(rawValue: Int(clamping: statement.integer(5))),
            let code = SpanStatus.Code(rawValue: Int(clamping: statement.integer(9)))
        else { throw .corrupt("span \(row) has an unknown kind or status") }
        var record = SpanRecord(
            traceID: try interned.traceID(trace), spanID: SpanID(UInt64(bitPattern: statement.integer(2))),
            parentID: statement.optionalInteger(3).map { SpanID(UInt64(bitPattern: $0)) },
            parentIsRemote: flags.isRemote, flags: flags.flags, name: try interned.string(statement.integer(6)),
            kind: kind,
            start: Timestamp(nanosecondsSinceEpoch: start),
            end: statement.optionalInteger(8).map {
                Timestamp(nanosecondsSinceEpoch: start &+ UInt64(bitPattern: $0))
            })
        record.status.code = code
        record.status.message = statement.optionalText(10)
        record.resource = try interned.resource(statement.integer(11))
        record.scope = try interned.scope(statement.integer(12))
        if let header = statement.optionalText(13) { record.traceState = TraceState(header: header) ?? TraceState() }
        if let dropped = try attributes(statement, 14) {
            func count(_ key: String) -> Int { dropped[key]?.intValue.map { Int(clamping: $0) } ?? 0 }
            record.dropped = DroppedCounts(
                attributes: count("attributes"), events: count("events"), links: count("links"))
        }
        var stored = Stored(row: row, trace: trace, record: record)
        stored.record.attributes = try attributes(statement, &stored)
        if !statement.isNull(Self.eventsColumn) {
            guard let events = statement.withText(Self.eventsColumn, EventJSON.events) else {
                throw .corrupt("the events of span \(row) cannot be read")
            }
            stored.record.events = events
        }
        return stored
    }

    private mutating func attributes(_ statement: Statement, _ stored: inout Stored) throws(SQLiteError) -> Attributes {
        var elements: [Attributes.Element] = []
        elements.reserveCapacity(PromotedAttribute.allCases.count)
        let flags = statement.integer(Self.flagsColumn)
        for column in Self.promoted {
            let value: AttributeValue
            switch column.attribute {
            case .messageID:
                guard !statement.isNull(column.number) else { continue }
                let key = MessageKey(statement, column.number)
                stored.messageID = key
                value = .string(messageIDs.text(of: key))
            case .causationID:
                guard !statement.isNull(column.number) else { continue }
                let key = MessageKey(statement, column.number)
                stored.causationID = key
                value = .string(messageIDs.text(of: key))
            case .correlation:
                guard let row = statement.optionalInteger(column.number) else { continue }
                stored.correlation = row
                value = .string(try interned.correlation(row))
            case _ where column.isText:
                // Rows are numbered from 1: none is 0, and NULL reads as 0.
                let row = statement.integer(column.number)
                if row == 0 { continue }
                value = .string(try interned.string(row))
            default:
                guard let number = statement.optionalInteger(column.number) else { continue }
                value = .int(number)
            }
            // The JSON tells it under the name that it came with.
            if flags & WireFlags.repeats(column.attribute) != 0 { continue }
            elements.append(Attributes.Element(key: column.key, value: value))
        }
        if let others = try attributes(statement, Self.attributesColumn) {
            stored.causationIDs = others[ThroughlineAttribute.causationIDs]?.stringArrayValue ?? []
            elements += others
        }
        return Attributes(uniqueElements: elements)
    }

    /// The promoted columns with their names, which a span's attributes share.
    private static let promoted = PromotedAttribute.allCases.map { attribute in
        (
            attribute: attribute, key: attribute.key, isText: attribute.kind == .text,
            number: Schema.promotedColumn(attribute)
        )
    }

    /// The link that ``links`` is at.
    private mutating func link() throws(SQLiteError) -> SpanLink {
        let row = links.row
        let target = links.target
        let flags = WireFlags.parts(of: row.integer(LinkCursor.flags))
        var context = SpanContext(
            traceID: try interned.traceID(target.trace), spanID: target.span, flags: flags.flags,
            isRemote: flags.isRemote)
        if let header = row.optionalText(LinkCursor.traceState) {
            context.traceState = TraceState(header: header) ?? TraceState()
        }
        var elements: [Attributes.Element] = []
        if let type = row.optionalInteger(LinkCursor.type) {
            elements.append(.init(key: ThroughlineAttribute.linkType, value: .string(try interned.string(type))))
        }
        if let key = target.messageID {
            elements.append(.init(key: MessagingAttribute.messageID, value: .string(messageIDs.text(of: key))))
        }
        if let others = try attributes(row, LinkCursor.attributes) { elements += others }
        return SpanLink(
            context: context, attributes: Attributes(uniqueElements: elements),
            droppedAttributes: Int(clamping: row.optionalInteger(LinkCursor.dropped) ?? 0))
    }

    private func attributes(_ statement: Statement, _ column: Int32) throws(SQLiteError) -> Attributes? {
        guard !statement.isNull(column) else { return nil }
        guard let attributes = statement.withText(column, AttributeJSONParser.attributes) else {
            throw .corrupt("attributes are no JSON object: \(statement.text(column).prefix(80))")
        }
        return attributes
    }
}

extension Schema {
    /// Where a promoted attribute stands among ``SpanDecoder/columns``, which begin with the row id.
    static func promotedColumn(_ attribute: PromotedAttribute) -> Int32 {
        1 + firstPromotedColumn + Int32(attribute.rawValue)
    }
}
