internal import SQLite
package import ThroughlineModel

/// Spans that an exporter has not delivered yet.
package struct ExportBatch: Sendable {
    /// Where the batch begins in the store.
    package let first: Int64
    /// Where it ends; spans that are not to be exported may lie between.
    package internal(set) var last: Int64
    /// The spans, in the order in which they were stored.
    package internal(set) var spans: [SpanRecord] = []

    /// True when the store has nothing there.
    package var isEmpty: Bool { last < first }
}

/// How much an exporter reads at once.
package struct ExportLimit: Sendable {
    /// How many spans at most.
    package var spans: Int
    /// How many bytes of attributes and events, as they are stored, at most; one span of any size is always read.
    package var bytes: Int
    /// Whether spans without the sampled flag are read too; they were recorded for this store alone.
    package var includesUnsampled: Bool

    /// A limit.
    package init(spans: Int, bytes: Int = .max, includesUnsampled: Bool = false) {
        self.spans = max(1, spans)
        self.bytes = bytes
        self.includesUnsampled = includesUnsampled
    }
}

extension ExportLog {
    /// The spans behind a position, in the order in which they were stored. An empty batch means that nothing is
    /// there; one without spans, that nothing of it is to be exported.
    package func nextBatch(after position: Int64, _ limit: ExportLimit) throws(StoreError) -> ExportBatch {
        try read { session throws(SQLiteError) in try session.batch(after: position, limit) }
    }
}

extension ReadSession {
    mutating func batch(
        after position: Int64, through end: Int64 = .max, _ limit: ExportLimit
    ) throws(SQLiteError) -> ExportBatch {
        // A span is a few hundred bytes beside its attributes and events.
        let bytesOfASpan = 200
        var batch = ExportBatch(first: position + 1, last: position)
        let select = try statement(
            """
            SELECT \(SpanDecoder.columns) FROM spans WHERE id > ?1 AND id <= ?2 AND (flags & 1 OR ?3)
            ORDER BY id LIMIT ?4
            """)
        try select.bind(position, 1)
        try select.bind(end, 2)
        try select.bind(Int64(limit.includesUnsampled ? 1 : 0), 3)
        try select.bind(Int64(limit.spans), 4)
        defer { select.reset() }
        batch.spans.reserveCapacity(min(limit.spans, 4_096))
        var bytes = 0
        while try select.step() {
            let stored = try decoder.span(from: select)
            batch.last = stored.row
            batch.spans.append(stored.record)
            bytes += bytesOfASpan + SpanDecoder.textBytes(of: select)
            if bytes >= limit.bytes || batch.spans.count == limit.spans { return batch }
        }
        // To the end of what is there: what was left out behind the last span read is passed too.
        let last = try statement("SELECT max(id) FROM spans WHERE id <= ?1")
        try last.bind(end, 1)
        defer { last.reset() }
        if try last.step() { batch.last = max(batch.last, last.integer(0)) }
        return batch
    }
}
