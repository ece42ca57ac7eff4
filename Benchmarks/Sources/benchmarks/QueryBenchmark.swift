import Foundation
import PlainLoop
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// Questions to a store of a million spans, each against plain SQL in C that fetches the same rows and looks at every
/// column of them.
enum QueryBenchmark {
    struct Failed: Error {
        let what: String
    }

    static func run() async throws {
        let kept = ProcessInfo.processInfo.environment["THROUGHLINE_BENCH_STORE"]
        let path =
            kept ?? FileManager.default.temporaryDirectory.appending(path: "queries-\(UUID().uuidString).db").path
        defer {
            if kept == nil {
                for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
            }
        }
        if !FileManager.default.fileExists(atPath: path) { try fill(path) }
        let reader = try TraceReader(path: path)
        report("a store of", "\(try reader.counts().spans) spans, \(flows) flows")
        try byMessage(reader, path, (1...500).map { $0 * flows / 501 })
        try byMessage(reader, path, Array(flows + 1...flows + flowsWithoutBatch))
        try failed(reader, path)
        try fruitless(reader)
        try map(reader, path)
        try assembling(reader)
    }

    private static let flows = 100_000
    /// Batches of twenty join the flows; those at the end have none yet and are flows of ten spans.
    private static let flowsWithoutBatch = 19

    private static func fill(_ path: String) throws {
        let store = try TraceStore(path: path)
        var stories = StoryGenerator()
        var batch: [SpanRecord] = []
        for _ in 0..<flows + flowsWithoutBatch {
            batch += stories.flow()
            if batch.count > 2_000 {
                try store.write(batch)
                batch.removeAll(keepingCapacity: true)
            }
        }
        try store.write(batch)
        try store.flush()
        store.close()
    }

    private static func byMessage(_ reader: TraceReader, _ path: String, _ flows: [Int]) throws {
        let ids = flows.map { StoryGenerator.messageID(ofFlow: $0, 1) }
        let rounds = 500 / ids.count
        func microseconds(_ body: (Int) throws -> Void) rethrows -> Double {
            let seconds = try best { for _ in 0..<rounds { for place in ids.indices { try body(place) } } }
            return seconds / Double(rounds * ids.count) * 1e6
        }
        var spans = 0
        let ours = try microseconds { place in
            if place == 0 { spans = 0 }
            let found = try reader.flowSpans(from: try reader.find(ids[place]))
            spans += Flow(found.spans).operations.count
        }
        let walk = try microseconds { place in _ = try reader.flowSpans(from: try reader.find(ids[place])) }
        // The batches lead from a flow to nineteen others, as they should; the baseline is given the traces.
        let seeds = try ids.map { id in
            let found = try reader.flowSpans(from: try reader.find(id))
            return Set(found.spans.map(\.traceID)).map { "x'\($0.hex)'" }.joined(separator: ",")
        }
        let theirs = try microseconds { place in
            let rows = "SELECT id FROM traces WHERE trace_id IN (\(seeds[place]))"
            try fetch(path, "SELECT * FROM spans WHERE trace IN (\(rows))")
            try fetch(path, "SELECT l.* FROM links l JOIN spans s ON s.id = l.span WHERE s.trace IN (\(rows))")
        }
        report("flow by message id, \(spans / ids.count) spans each", "\(Int(ours)) µs")
        report("of these, finding and reading its spans", "\(Int(walk)) µs")
        report("the same rows by SQL in C", "\(Int(theirs)) µs")
        report("ratio", (ours / theirs).rounded(to: 2))
    }

    private static func failed(_ reader: TraceReader, _ path: String) throws {
        var filter = FlowFilter()
        filter.failed = true
        var found: [FlowSummary] = []
        let ours = try best { found = try reader.flows(limit: 1_000, filter) }
        // Each flow is put together: the same rows are all of its spans with their links.
        let traces = found.flatMap(\.traceIDs).map { "x'\($0.hex)'" }.joined(separator: ",")
        let rows = "SELECT id FROM traces WHERE trace_id IN (\(traces))"
        let theirs = try best {
            try fetch(path, "SELECT * FROM spans WHERE trace IN (\(rows))")
            try fetch(path, "SELECT l.* FROM links l JOIN spans s ON s.id = l.span WHERE s.trace IN (\(rows))")
        }
        let first = try best { _ = try reader.flows(limit: 20, filter) }
        report("flows --failed, 20 flows", "\((first * 1e3).rounded(to: 1)) ms")
        report("flows --failed, \(found.count) flows", "\((ours * 1e3).rounded(to: 1)) ms")
        report("the same rows by SQL in C", "\((theirs * 1e3).rounded(to: 1)) ms")
        report("ratio", (ours / theirs).rounded(to: 2))
    }

    /// Filters that leave nothing.
    private static func fruitless(_ reader: TraceReader) throws {
        func measure(_ name: String, _ change: (inout FlowFilter) -> Void) throws {
            var filter = FlowFilter()
            change(&filter)
            var found = 0
            let seconds = try best { found = try reader.flows(limit: 20, filter).count }
            report("flows \(name), \(found) flows", "\((seconds * 1e3).rounded(to: 1)) ms")
        }
        try measure("--service of a name that none has") { $0.service = "nobody" }
        try measure("--until before the first") { $0.until = Timestamp(nanosecondsSinceEpoch: 1) }
        try measure("--type of a name that is a destination's") { $0.messageType = "orders" }
        try measure("--failed --until before the first") {
            $0.failed = true
            $0.until = Timestamp(nanosecondsSinceEpoch: 1)
        }
        try measure("--slower-than an hour") { $0.slowerThan = 3_600_000_000_000 }
        try measure("--dead-lettered") { $0.deadLettered = true }
        try measure("--service of all, --until before the first") {
            $0.service = "orders"
            $0.until = Timestamp(nanosecondsSinceEpoch: 1)
        }
    }

    /// All spans of the store in memory, put together as flows.
    private static func assembling(_ reader: TraceReader) throws {
        let count = try reader.counts().spans
        var spans: [SpanRecord] = []
        let reading = try nanosecondsOfOne(count) {
            var page = try reader.spans(after: 0, limit: 10_000)
            while !page.spans.isEmpty {
                spans += page.spans
                page = try reader.spans(after: page.position, limit: 10_000)
            }
        }
        var flows = 0
        let joining = nanoseconds(spans.count, runs: 5) { flows = Flow.split(spans).count }
        report("all \(spans.count) spans, read into memory", "\(Int(1e9 / reading)) spans/s")
        report("split and joined as \(flows) flows", "\(Int(1e9 / joining)) spans/s")
    }

    private static func map(_ reader: TraceReader, _ path: String) throws {
        // The peak of what ran before is forgotten (proc(5), clear_refs).
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let before = peakMemory()
        let ours = try best { _ = try reader.map() }
        let memory = peakMemory() - before
        let theirs = try best {
            try fetch(
                path,
                """
                SELECT id, resource, kind, start, duration, status, system, operation_type, destination,
                    consumer_group, message_type, intent, settlement, attempt, enqueued_time, queue_time, message_id,
                    span_id, parent_id, attributes FROM spans
                """)
        }
        report("map", "\((ours * 1e3).rounded(to: 0)) ms")
        report("the same rows by SQL in C", "\((theirs * 1e3).rounded(to: 0)) ms")
        report("ratio", (ours / theirs).rounded(to: 2))
        report("memory that the map added at its peak", "\(memory / 1_000) MB")
    }

    private static func fetch(_ path: String, _ sql: String) throws {
        guard plain_fetch(path, sql) >= 0 else { throw Failed(what: "SQL in C failed: \(sql.prefix(200))") }
    }

    private static func best(_ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<5 { best = min(best, try ContinuousClock().measure(body) / .seconds(1)) }
        return best
    }

    /// Kilobytes, as Linux counts them.
    private static func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
