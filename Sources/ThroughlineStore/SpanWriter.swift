internal import SQLite
internal import ThroughlineModel

/// Inserts encoded batches through statements that are prepared once. Lives on one thread.
struct SpanWriter {
    private let connection: Connection
    private var interner: Interner
    private let insertSpan: Statement
    private let insertOpenSpan: Statement
    private let insertLink: Statement
    private let insertRef: Statement
    private let hasOpenSpans: Statement
    private let findSpan: Statement
    private var remover: SpanRemover
    private var rows = BatchRows()
    /// What the transaction at hand has taken of the traces that began in it.
    private var ofNewTraces: Set<SpanKey> = []

    private struct SpanKey: Hashable {
        let trace: Int64
        let spanID: Int64
    }

    /// The rows that the lists of the batch at hand have in the tables.
    private struct BatchRows {
        var strings: [Int64] = []
        var traces: [Int64] = []
        var correlations: [Int64] = []
        var resources: [Int64] = []
        var scopes: [Int64] = []
    }

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        interner = try Interner(connection)
        let columns = Schema.spanColumnNames.joined(separator: ", ")
        let parameters = (1...Schema.spanColumnNames.count).map { "?\($0)" }.joined(separator: ", ")
        insertSpan = try connection.prepare("INSERT INTO spans (\(columns)) VALUES (\(parameters))")
        // Row ids of unfinished spans are negative, so that `links` and `message_refs` can name a row of either table.
        insertOpenSpan = try connection.prepare(
            """
            INSERT INTO open_spans (id, \(columns))
            VALUES ((SELECT min(ifnull(min(id), 0), 0) - 1 FROM open_spans), \(parameters))
            """)
        insertLink = try connection.prepare("INSERT INTO links VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        insertRef = try connection.prepare("INSERT OR IGNORE INTO message_refs VALUES (?1, ?2, ?3)")
        hasOpenSpans = try connection.prepare("SELECT EXISTS (SELECT 1 FROM open_spans)")
        findSpan = try connection.prepare(
            "SELECT 1 FROM spans WHERE trace = ?1 AND span_id = ?2 AND kind NOT IN (?3, ?4)")
        remover = try SpanRemover(connection)
    }

    /// Writes batches in one transaction: all of them, or none when it throws.
    ///
    /// - Returns: How many ended spans of each batch were there already and were left out.
    mutating func write(_ batches: [EncodedBatch]) throws(SQLiteError) -> [Int] {
        do throws(SQLiteError) {
            return try connection.transaction { () throws(SQLiteError) in
                try interner.beginTransaction()
                try remover.beginTransaction()
                ofNewTraces.removeAll(keepingCapacity: true)
                let mayRepeat = batches.contains(where: \.mayRepeat)
                var duplicates: [Int] = []
                for batch in batches { duplicates.append(try insert(batch, mayBeRepeated: mayRepeat)) }
                return duplicates
            }
        } catch {
            interner.forgetAll()
            remover.forgetAll()
            throw error
        }
    }

    private mutating func insert(_ batch: EncodedBatch, mayBeRepeated: Bool) throws(SQLiteError) -> Int {
        try resolve(batch)
        var duplicates = 0
        _ = try hasOpenSpans.step()
        var mayHaveOpenSpans = hasOpenSpans.integer(0) != 0
        hasOpenSpans.reset()
        for span in batch.spans {
            let trace = rows.traces[Int(span.trace)]
            let mayBeStored = mayBeRepeated && self.mayBeStored(span.spanID, trace: trace)
            if mayBeStored, batch.mayRepeat, try isStored(span, trace: trace) {
                if !span.isOpen { duplicates += 1 }
                continue
            }
            if mayHaveOpenSpans { try remover.removeOpenSpan(trace: trace, spanID: span.spanID) }
            try insert(span, of: batch)
            mayHaveOpenSpans = mayHaveOpenSpans || span.isOpen
        }
        return duplicates
    }

    /// False when it is certain that the store has no such span, without asking it: of a trace that began in this
    /// transaction it has only what came in this transaction too.
    private mutating func mayBeStored(_ spanID: Int64, trace: Int64) -> Bool {
        guard interner.isNew(trace: trace) else { return true }
        return !ofNewTraces.insert(SpanKey(trace: trace, spanID: spanID)).inserted
    }

    /// True when the span is there and has ended. What comes later can only be the same again, or its beginning; or the
    /// other side of a call, to which some of Zipkin's tracers give the same id.
    private func isStored(_ span: EncodedBatch.Span, trace: Int64) throws(SQLiteError) -> Bool {
        let otherSide: (SpanKind, SpanKind)? =
            switch SpanKind(rawValue: Int(span.kind)) {
            case .client, .producer: (.server, .consumer)
            case .server, .consumer: (.client, .producer)
            default: nil
            }
        try findSpan.bind(trace, 1)
        try findSpan.bind(span.spanID, 2)
        try findSpan.bind(Int64(otherSide?.0.rawValue ?? -1), 3)
        try findSpan.bind(Int64(otherSide?.1.rawValue ?? -1), 4)
        defer { findSpan.reset() }
        return try findSpan.step()
    }

    private mutating func resolve(_ batch: EncodedBatch) throws(SQLiteError) {
        rows.strings.removeAll(keepingCapacity: true)
        rows.traces.removeAll(keepingCapacity: true)
        rows.correlations.removeAll(keepingCapacity: true)
        rows.resources.removeAll(keepingCapacity: true)
        rows.scopes.removeAll(keepingCapacity: true)
        for string in batch.strings { rows.strings.append(try interner.row(of: string)) }
        for trace in batch.traces { rows.traces.append(try interner.row(of: trace)) }
        for correlation in batch.correlations { rows.correlations.append(try interner.row(of: correlation)) }
        for resource in batch.resources { rows.resources.append(try interner.row(of: resource)) }
        for scope in batch.scopes { rows.scopes.append(try interner.row(of: scope)) }
    }

    private func insert(_ span: EncodedBatch.Span, of batch: EncodedBatch) throws(SQLiteError) {
        let statement = span.isOpen ? insertOpenSpan : insertSpan
        try bind(span, of: batch, to: statement)
        try statement.run()
        guard !span.refs.isEmpty || !span.links.isEmpty else { return }
        let row = connection.lastInsertedRowID
        for index in span.refs { try insert(batch.refs[index], of: row) }
        for (position, index) in span.links.enumerated() {
            try insert(batch.links[index], at: position, of: row, in: batch)
        }
    }

    /// Binds what is there and leaves the rest NULL; the order is that of ``Schema/spanColumns``.
    private func bind(
        _ span: EncodedBatch.Span, of batch: EncodedBatch, to statement: Statement
    ) throws(SQLiteError) {
        statement.clearBindings()
        try statement.bind(rows.traces[Int(span.trace)], 1)
        try statement.bind(span.spanID, 2)
        if let parentID = span.parentID { try statement.bind(parentID, 3) }
        try statement.bind(span.flags, 4)
        try statement.bind(span.kind, 5)
        try statement.bind(rows.strings[Int(span.name)], 6)
        try statement.bind(span.start, 7)
        if let duration = span.duration { try statement.bind(duration, 8) }
        try statement.bind(span.status, 9)
        if let message = span.statusMessage { try statement.bind(message, 10) }
        try statement.bind(rows.resources[Int(span.resource)], 11)
        try statement.bind(rows.scopes[Int(span.scope)], 12)
        if let state = span.traceState { try statement.bind(state, 13) }
        try bind(span.dropped, of: batch, to: statement, 14)
        try bind(span.attributes, of: batch, to: statement, 15)
        try bind(span.events, of: batch, to: statement, 16)
        for column in 0..<PromotedAttribute.textCount {
            let place = batch.texts[span.texts + column]
            if place >= 0 { try statement.bind(rows.strings[Int(place)], 17 + Int32(column)) }
        }
        if let offset = span.numbers.offset { try statement.bind(offset, 26) }
        if let attempt = span.numbers.attempt { try statement.bind(attempt, 27) }
        if let enqueuedTime = span.numbers.enqueuedTime { try statement.bind(enqueuedTime, 28) }
        if let queueTime = span.numbers.queueTime { try statement.bind(queueTime, 29) }
        if let messageID = span.messageID { try messageID.bind(to: statement, 30) }
        if let causationID = span.causationID { try causationID.bind(to: statement, 31) }
        if span.correlation >= 0 { try statement.bind(rows.correlations[Int(span.correlation)], 32) }
    }

    private func bind(
        _ slice: EncodedBatch.Slice, of batch: EncodedBatch, to statement: Statement, _ index: Int32
    ) throws(SQLiteError) {
        guard slice.count >= 0 else { return }
        var failure: SQLiteError?
        batch.bytes.withUnsafeBytes { bytes in
            let text = UnsafeRawBufferPointer(rebasing: bytes[slice.start..<slice.start + slice.count])
            do throws(SQLiteError) { try statement.bind(utf8: text, index) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func insert(_ ref: EncodedBatch.Reference, of row: Int64) throws(SQLiteError) {
        try ref.key.bind(to: insertRef, 1)
        try insertRef.bind(ref.role.rawValue, 2)
        try insertRef.bind(row, 3)
        try insertRef.run()
    }

    private func insert(
        _ link: EncodedBatch.Link, at position: Int, of row: Int64, in batch: EncodedBatch
    ) throws(SQLiteError) {
        insertLink.clearBindings()
        try insertLink.bind(row, 1)
        try insertLink.bind(Int64(position), 2)
        try insertLink.bind(rows.traces[Int(link.targetTrace)], 3)
        try insertLink.bind(link.targetSpan, 4)
        try insertLink.bind(link.flags, 5)
        if link.type >= 0 { try insertLink.bind(rows.strings[Int(link.type)], 6) }
        if let messageID = link.messageID { try messageID.bind(to: insertLink, 7) }
        if let state = link.traceState { try insertLink.bind(state, 8) }
        if let dropped = link.dropped { try insertLink.bind(dropped, 9) }
        try bind(link.attributes, of: batch, to: insertLink, 10)
        try insertLink.run()
    }
}
