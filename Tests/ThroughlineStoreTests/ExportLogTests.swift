import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite struct ExportLogTests {
    private let now = Timestamp(nanosecondsSinceEpoch: 1_760_000_000_000_000_000)
    private let lease: UInt64 = 30_000_000_000

    private func spans(_ numbers: ClosedRange<UInt64>) -> [SpanRecord] {
        numbers.map { span($0, trace: $0, at: $0) }
    }

    @Test func `a cursor moves only when a batch was accepted, and outlives the process`() throws {
        let scratch = try Scratch()
        try store(spans(1...5), at: scratch.path())
        do {
            let log = try ExportLog(path: scratch.path())
            #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease))
            let first = try log.nextBatch(for: "otlp", limit: 2)
            #expect(first.spans.map(\.spanID) == [SpanID(1), SpanID(2)])
            #expect(try log.nextBatch(for: "otlp", limit: 2).spans.map(\.spanID) == [SpanID(1), SpanID(2)])
            #expect(try log.advance("otlp", by: "a", past: first))
        }
        try store(spans(6...6), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        #expect(try log.nextBatch(for: "otlp", limit: 10).spans.map(\.spanID) == (3...6).map { SpanID($0) })
        let state = try #require(try TraceReader(path: scratch.path()).exports().first)
        #expect(state.name == "otlp")
        #expect(state.exported == 2)
        #expect(state.backlog == 4)
        #expect(state.oldest == span(3, trace: 3, at: 3).start)
    }

    @Test func `one exporter is held by one, until the lease ends; others go on`() throws {
        let scratch = try Scratch()
        try store(spans(1...3), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        let other = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease))
        #expect(try !other.claim("otlp", by: "b", now: now, forNanoseconds: lease))
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease))
        #expect(try other.claim("zipkin", by: "b", now: now, forNanoseconds: lease))
        let batch = try log.nextBatch(for: "otlp", limit: 10)
        let later = now.advanced(byNanoseconds: lease)
        #expect(try other.claim("otlp", by: "b", now: later, forNanoseconds: lease))
        #expect(try !log.advance("otlp", by: "a", past: batch))
        #expect(try other.advance("otlp", by: "b", past: batch))
        try other.release("otlp", by: "b")
        #expect(try log.claim("otlp", by: "a", now: later, forNanoseconds: lease))
    }

    @Test func `a refused batch is set aside with its reason, and can be read again`() throws {
        let scratch = try Scratch()
        try store(spans(1...4), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease))
        let batch = try log.nextBatch(for: "otlp", limit: 3)
        #expect(try log.setAside(batch, of: "otlp", by: "a", reason: "400 bad data", now: now))
        #expect(try log.nextBatch(for: "otlp", limit: 10).spans.map(\.spanID) == [SpanID(4)])
        let state = try #require(try TraceReader(path: scratch.path()).exports().first)
        let refused = try #require(state.setAside.first)
        #expect(refused.reason == "400 bad data")
        #expect(refused.spanCount == 3)
        #expect(refused.time == now)
        #expect(try log.spans(of: refused).spans.map(\.spanID) == [SpanID(1), SpanID(2), SpanID(3)])
        try log.forget(refused)
        #expect(try TraceReader(path: scratch.path()).exports().first?.setAside.isEmpty == true)
    }

    @Test func `retention counts what it deletes before it was delivered`() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        try store.write(spans(1...10))
        try store.flush()
        let log = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease))
        try log.advance("otlp", by: "a", past: try log.nextBatch(for: "otlp", limit: 4))
        let report = try store.prune(olderThan: span(7, trace: 7, at: 7).start)
        #expect(report.spans == 6)
        #expect(report.undelivered == 2)
        #expect(try TraceReader(path: scratch.path()).exports().first?.lost == 2)
        #expect(try log.nextBatch(for: "otlp", limit: 10).spans.map(\.spanID) == (7...10).map { SpanID($0) })
    }

    @Test func `a store of the first schema is brought up to date, its spans kept`() throws {
        let scratch = try Scratch()
        try store(spans(1...3), at: scratch.path())
        do {
            let old = try Connection(path: scratch.path(), mode: .readWrite)
            try old.execute(
                "DROP TABLE exporters; DROP TABLE set_aside; DROP INDEX spans_by_failure; PRAGMA user_version = 1")
        }
        #expect(try TraceReader(path: scratch.path()).exports().isEmpty)
        let log = try ExportLog(path: scratch.path())
        #expect(try log.nextBatch(for: "otlp", limit: 10).spans.count == 3)
    }
}
