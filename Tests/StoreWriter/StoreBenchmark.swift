import SQLite
import ThroughlineModel
import ThroughlineStore

/// The store against a plain loop over prepared statements that inserts the same rows, encoded before the clock starts,
/// into the same tables.
struct StoreBenchmark {
    let directory: String
    let spans: Int
    private let batchSize = 4_096

    init(directory: String, spans: Int) {
        self.directory = directory
        self.spans = spans
    }

    func run() throws {
        var samples = SampleSpans(seed: 7, service: "checkout")
        let records = (0..<spans).map { _ in samples.next() }
        for round in 1...3 {
            let plain = try insertPlainly(records, into: "\(directory)/plain-\(round).db")
            let stored = try insertThroughStore(records, into: "\(directory)/store-\(round).db")
            print("ROUND \(round) plain \(Int(plain)) rows/s store \(Int(stored)) rows/s ratio \(stored / plain)")
        }
        let report = try TraceReader(path: "\(directory)/store-1.db").check()
        print("BYTES/SPAN \(Double(report.fileBytes) / Double(spans)) sound \(report.isSound) \(report.counts)")
    }

    /// What the index by span id costs, whose keys are random: without it, as the store has it, and as one index over
    /// all spans.
    func runSpanIndexes() throws {
        var samples = SampleSpans(seed: 7, service: "checkout")
        let records = (0..<spans).map { _ in samples.next() }
        let variants = [
            ("none", "DROP INDEX spans_by_span"), ("segmented", ""),
            ("whole", "DROP INDEX spans_by_span; CREATE INDEX spans_by_span ON spans (span_id)"),
        ]
        for (name, change) in variants {
            let path = "\(directory)/index-\(name).db"
            let rate = try insertPlainly(records, into: path, change: change)
            let bytes = try TraceReader(path: path).check().fileBytes
            print("INDEX \(name) \(Int(rate)) rows/s \(Double(bytes) / Double(spans)) bytes/span")
        }
    }

    private func insertThroughStore(_ records: [SpanRecord], into path: String) throws -> Double {
        let store = try TraceStore(path: path)
        let clock = ContinuousClock()
        let time = try clock.measure {
            for start in stride(from: 0, to: records.count, by: batchSize) {
                try store.write(Array(records[start..<min(start + batchSize, records.count)]))
            }
            try store.flush()
        }
        store.close()
        return Double(records.count) / (time / .seconds(1))
    }

    /// A row of `spans`, with what is to be bound in place.
    private struct Row {
        var trace: Int64
        var span: Int64
        var parent: Int64?
        var kind: Int64
        var name: Int64
        var start: Int64
        var duration: Int64
        var texts: (system: Int64, name: Int64, type: Int64, destination: Int64, message: Int64, intent: Int64)
        var message: (UInt64, UInt64)
        var correlation: Int64
    }

    private func insertPlainly(
        _ records: [SpanRecord], into path: String, change: String = ""
    ) throws -> Double {
        try TraceStore(path: path).close()
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(
            "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -32768")
        if !change.isEmpty { try connection.execute(change) }
        var traces: [TraceID] = []
        var correlations: [(UInt64, UInt64)] = []
        var strings: [String: Int64] = [:]
        var rows: [Row] = []
        rows.reserveCapacity(records.count)
        for record in records {
            if traces.last != record.traceID {
                traces.append(record.traceID)
                correlations.append(Self.halves(record.attributes[MessagingAttribute.conversationID]))
            }
            func string(_ text: String?) -> Int64 {
                let text = text ?? ""
                if let row = strings[text] { return row }
                strings[text] = Int64(strings.count + 1)
                return Int64(strings.count)
            }
            func attribute(_ key: String) -> Int64 { string(record.attributes[key]?.stringValue) }
            rows.append(
                Row(
                    trace: Int64(traces.count), span: Int64(bitPattern: record.spanID.rawValue),
                    parent: record.parentID.map { Int64(bitPattern: $0.rawValue) }, kind: Int64(record.kind.rawValue),
                    name: string(record.name), start: Int64(record.start.nanosecondsSinceEpoch),
                    duration: Int64(record.duration ?? 0),
                    texts: (
                        attribute(MessagingAttribute.system), attribute(MessagingAttribute.operationName),
                        attribute(MessagingAttribute.operationType), attribute(MessagingAttribute.destinationName),
                        attribute(ThroughlineAttribute.messageType), attribute(ThroughlineAttribute.messageIntent)
                    ), message: Self.halves(record.attributes[MessagingAttribute.messageID]),
                    correlation: Int64(correlations.count)))
        }
        let columns = """
            trace, span_id, parent_id, flags, kind, name, start, duration, status, resource, scope, system, \
            operation_name, operation_type, destination, message_type, intent, message_id, correlation
            """
        let insertSpan = try connection.prepare(
            "INSERT INTO spans (\(columns)) VALUES (\((1...19).map { "?\($0)" }.joined(separator: ", ")))")
        let insertRef = try connection.prepare("INSERT INTO message_refs VALUES (?1, 1, ?2)")
        let insertTrace = try connection.prepare("INSERT INTO traces VALUES (?1, ?2)")
        let insertCorrelation = try connection.prepare("INSERT INTO correlations VALUES (?1, ?2)")
        let time = try ContinuousClock().measure {
            var lastTrace: Int64 = 0
            for start in stride(from: 0, to: rows.count, by: batchSize) {
                try connection.execute("BEGIN IMMEDIATE")
                for index in start..<min(start + batchSize, rows.count) {
                    let row = rows[index]
                    if row.trace != lastTrace {
                        lastTrace = row.trace
                        let trace = traces[Int(row.trace) - 1]
                        try insertTrace.bind(row.trace, 1)
                        try insertTrace.bind(trace.high, trace.low, 2)
                        try insertTrace.run()
                        let correlation = correlations[Int(row.correlation) - 1]
                        try insertCorrelation.bind(row.correlation, 1)
                        try insertCorrelation.bind(correlation.0, correlation.1, 2)
                        try insertCorrelation.run()
                    }
                    try insertSpan.bind(row.trace, 1)
                    try insertSpan.bind(row.span, 2)
                    try insertSpan.bind(row.parent, 3)
                    try insertSpan.bind(3 as Int64, 4)
                    try insertSpan.bind(row.kind, 5)
                    try insertSpan.bind(row.name, 6)
                    try insertSpan.bind(row.start, 7)
                    try insertSpan.bind(row.duration, 8)
                    try insertSpan.bind(0 as Int64, 9)
                    try insertSpan.bind(1 as Int64, 10)
                    try insertSpan.bind(1 as Int64, 11)
                    try insertSpan.bind(row.texts.system, 12)
                    try insertSpan.bind(row.texts.name, 13)
                    try insertSpan.bind(row.texts.type, 14)
                    try insertSpan.bind(row.texts.destination, 15)
                    try insertSpan.bind(row.texts.message, 16)
                    try insertSpan.bind(row.texts.intent, 17)
                    try insertSpan.bind(row.message.0, row.message.1, 18)
                    try insertSpan.bind(row.correlation, 19)
                    try insertSpan.run()
                    try insertRef.bind(row.message.0, row.message.1, 1)
                    try insertRef.bind(connection.lastInsertedRowID, 2)
                    try insertRef.run()
                }
                try connection.execute("COMMIT")
            }
        }
        return Double(records.count) / (time / .seconds(1))
    }

    private static func halves(_ id: AttributeValue?) -> (UInt64, UInt64) {
        let trace = TraceID(hex: (id?.stringValue ?? "").filter { $0 != "-" })
        return (trace?.high ?? 0, trace?.low ?? 0)
    }
}
