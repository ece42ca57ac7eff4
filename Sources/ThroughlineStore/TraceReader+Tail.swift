internal import SQLite
public import ThroughlineModel

/// Spans in the order in which they were stored, and where to go on from.
public struct StoredSpans: Sendable {
    /// The spans that have ended.
    public var spans: [SpanRecord]
    /// Give this to ``TraceReader/spans(after:limit:)`` to get what is stored later.
    public var position: Int64
}

extension TraceReader {
    /// Where the store ends at the moment: what is stored from now on comes after it.
    public func position() throws(StoreError) -> Int64 {
        try read { session throws(SQLiteError) in try session.connection.integer("SELECT max(id) FROM spans") ?? 0 }
    }

    /// Where the spans begin that were stored since a moment, to within those that were stored out of the order of
    /// their starts.
    public func position(since: Timestamp) throws(StoreError) -> Int64 {
        try read { session throws(SQLiteError) in
            let select = try session.statement("SELECT min(id) FROM spans WHERE start >= ?1")
            try select.bind(Int64(clamping: since.nanosecondsSinceEpoch), 1)
            defer { select.reset() }
            if try select.step(), let first = select.optionalInteger(0) { return first - 1 }
            return try session.connection.integer("SELECT max(id) FROM spans") ?? 0
        }
    }

    /// The spans that were stored after a position.
    public func spans(after position: Int64, limit: Int = 1_000) throws(StoreError) -> StoredSpans {
        try read { session throws(SQLiteError) in
            let batch = try session.batch(after: position, ExportLimit(spans: limit, includesUnsampled: true))
            return StoredSpans(spans: batch.spans, position: batch.last)
        }
    }
}
