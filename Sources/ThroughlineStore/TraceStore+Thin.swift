internal import SQLite
public import ThroughlineModel

extension TraceStore {
    /// Thins out old flows: keeps a share of them, and every one in which anything failed. The decision after the fact
    /// that a sampler cannot make at the start.
    ///
    /// A flow is everything that hangs together over traces, and goes or stays whole. It stays when it has a span that
    /// failed, was dead-lettered, has not ended, or began after `olderThan`; or when `FlowHash` of one of its correlation
    /// ids is in the share, which is what a sampler with the same share would have kept. What is too large to be read as
    /// one flow stays too.
    ///
    /// Each flow is one small transaction, so writers wait for milliseconds only.
    ///
    /// - Parameters:
    ///   - share: How much is kept of what went well, from 0 to 1.
    ///   - olderThan: Only flows that were over by then are looked at.
    ///   - sparingUndelivered: Keeps flows with a span that an exporter has still to deliver or that was set aside for one;
    ///     ``PruneReport/spared`` says how many spans that are. Otherwise they go too, and are counted as lost.
    ///   - limit: How many spans a flow may have to be looked at as one.
    public func thin(
        keeping share: Double, olderThan: Timestamp, sparingUndelivered: Bool = true, limit: Int = 10_000
    ) throws(StoreError) -> PruneReport {
        let reader = try TraceReader(path: path)
        var thinning = Thinning(threshold: SamplingThreshold(ratio: share), olderThan: olderThan, limit: limit)
        var pruning = try StoreError.wrapping("thin", path) { () throws(SQLiteError) in
            try Pruning(try StoreFile.openForWriting(path, busyTimeout: max(options.busyTimeoutMilliseconds, 1_000)))
        }
        pruning.sparesUndelivered = sparingUndelivered
        let pagesBefore = try StoreError.wrapping("thin", path) { () throws(SQLiteError) in
            try pruning.pragma("page_count")
        }
        var last: Int64 = 0
        while true {
            let page = try StoreError.wrapping("thin", path) { () throws(SQLiteError) in
                try pruning.traces(after: last, olderThan: olderThan)
            }
            guard let end = page.last else { break }
            last = end.row
            for trace in page {
                guard let flow = try thinning.expendableFlow(of: trace.id, reader) else { continue }
                try StoreError.wrapping("thin", path) { () throws(SQLiteError) in
                    try pruning.remove(flow, olderThan: olderThan)
                }
            }
        }
        return try StoreError.wrapping("thin", path) { () throws(SQLiteError) in try pruning.shrink(from: pagesBefore) }
    }
}

/// Decides which flows can go.
private struct Thinning {
    let threshold: SamplingThreshold
    let olderThan: Timestamp
    let limit: Int
    private var visited: Set<TraceID> = []
    /// Correlation ids of flows that are too large: a trace that names one is not walked from again.
    private var hubs: Set<String> = []

    init(threshold: SamplingThreshold, olderThan: Timestamp, limit: Int) {
        self.threshold = threshold
        self.olderThan = olderThan
        self.limit = limit
    }

    /// All traces of the flow that a trace belongs to, when it may go; nil when it stays, or was looked at before.
    mutating func expendableFlow(of trace: TraceID, _ reader: TraceReader) throws(StoreError) -> Set<TraceID>? {
        guard visited.insert(trace).inserted else { return nil }
        if !hubs.isEmpty {
            let ids = try reader.spans(of: trace).flatMap(\.correlationIDs)
            if ids.contains(where: hubs.contains) { return nil }
        }
        let flow = try reader.flowSpans(from: [SpanReference(traceID: trace, spanID: SpanID(0))], limit: limit)
        var traces: Set<TraceID> = [trace]
        var correlationIDs: Set<String> = []
        for span in flow.spans {
            traces.insert(span.traceID)
            correlationIDs.formUnion(span.correlationIDs)
        }
        visited.formUnion(traces)
        if flow.isCut {
            hubs.formUnion(correlationIDs)
            return nil
        }
        if flow.spans.contains(where: { $0.start >= olderThan || $0.isWorthKeeping }) { return nil }
        let hashes = correlationIDs.isEmpty ? traces.map(\.low) : correlationIDs.map(FlowHash.value(of:))
        return hashes.contains(where: threshold.keeps) ? nil : traces
    }
}

extension SpanRecord {
    fileprivate var correlationIDs: [String] {
        ([attributes] + links.map(\.attributes)).compactMap { $0[MessagingAttribute.conversationID]?.stringValue }
    }

    /// True for what somebody may want to look into later.
    fileprivate var isWorthKeeping: Bool {
        end == nil || status.code == .error || attributes[ThroughlineAttribute.deadLetterReason] != nil
            || Trouble.isGivingUp(self) || attributes[ThroughlineAttribute.sagaStepFailed]?.boolValue == true
    }
}

extension Pruning {
    private static let tracesPerPage = 500

    /// The next traces that have a span from before.
    fileprivate func traces(
        after row: Int64, olderThan: Timestamp
    ) throws(SQLiteError) -> [(row: Int64, id: TraceID)] {
        let select = try connection.prepare(
            """
            SELECT id, trace_id FROM traces WHERE id > ?1
                AND EXISTS (SELECT 1 FROM spans WHERE trace = traces.id AND start < ?2) ORDER BY id LIMIT ?3
            """)
        try select.bind(row, 1)
        try select.bind(Int64(clamping: olderThan.nanosecondsSinceEpoch), 2)
        try select.bind(Int64(Self.tracesPerPage), 3)
        var page: [(row: Int64, id: TraceID)] = []
        while try select.step() {
            guard let halves = select.halves(1) else { continue }
            page.append((select.integer(0), TraceID(high: halves.high, low: halves.low)))
        }
        return page
    }

    /// Removes a flow whole, unless it has grown meanwhile or an exporter wants some of it still.
    fileprivate mutating func remove(_ flow: Set<TraceID>, olderThan: Timestamp) throws(SQLiteError) {
        let sparesUndelivered = sparesUndelivered
        var spared = 0
        _ = try removeSpans { connection throws(SQLiteError) in
            let select = try connection.prepare(
                """
                SELECT s.id, s.start, \(Self.isFree("s")) FROM traces t JOIN spans s ON s.trace = t.id
                    WHERE t.trace_id = ?1
                UNION ALL SELECT 0, 0, 0 FROM traces t JOIN open_spans s ON s.trace = t.id WHERE t.trace_id = ?1
                """)
            var rows: [Int64] = []
            var isFree = true
            for trace in flow {
                try select.bind(trace.high, trace.low, 1)
                while try select.step() {
                    let row = select.integer(0)
                    guard row > 0, select.integer(1) < Int64(clamping: olderThan.nanosecondsSinceEpoch) else {
                        return []
                    }
                    isFree = isFree && select.integer(2) != 0
                    rows.append(row)
                }
                select.reset()
            }
            if isFree || !sparesUndelivered { return rows }
            spared = rows.count
            return []
        }
        report.spared += spared
    }
}
