internal import SQLite
public import ThroughlineModel

extension TraceReader {
    /// Every span that is connected with the given ones: in the same trace, by a link in either direction, by a
    /// message id with its causation ids and batch members, or by a correlation id; and so on from there.
    ///
    /// Traces that are fewer steps away come first, so that a limit cuts off what is farthest. Spans that were stored
    /// twice come once.
    ///
    /// A correlation id that more traces share than the guard allows is not followed, and of a trace in which more
    /// deliveries begin than the guard allows only those are read that something else leads to. The result names both;
    /// what stronger evidence joins is there all the same.
    ///
    /// - Parameters:
    ///   - limit: how many spans to read at most.
    ///   - guarding: how much one id may join.
    public func flowSpans(
        from seeds: [SpanReference], limit: Int = 10_000, guarding: HubGuard = .standard
    ) throws(StoreError) -> FlowSpans {
        try read { session throws(SQLiteError) in
            var walk = try FlowWalk(session, limit: limit, guarding: guarding)
            for seed in seeds {
                if let trace = try session.row(ofTrace: seed.traceID) { walk.visit(trace, seed.spanID) }
            }
            return try walk.run(&session)
        }
    }

    /// Every span of one trace, in the order of their starts. Spans that were stored twice come once.
    public func spans(of trace: TraceID) throws(StoreError) -> [SpanRecord] {
        try read { session throws(SQLiteError) in
            var spans: [SpanDecoder.Stored] = []
            if let row = try session.row(ofTrace: trace) {
                _ = try session.decoder.appendSpans(ofTrace: row, atMost: .max, to: &spans)
                try session.decoder.readLinks(into: &spans, from: 0) { _ in }
            }
            return spans.recordsByStart
        }
    }
}

extension [SpanDecoder.Stored] {
    /// The records in the order of their starts.
    var recordsByStart: [SpanRecord] {
        var order = indices.map { (start: self[$0].record.start.nanosecondsSinceEpoch, place: $0) }
        order.sort { left, right in
            if left.start != right.start { return left.start < right.start }
            let (left, right) = (self[left.place].record, self[right.place].record)
            return (left.traceID, left.spanID) < (right.traceID, right.spanID)
        }
        return order.map { self[$0.place].record }
    }
}
