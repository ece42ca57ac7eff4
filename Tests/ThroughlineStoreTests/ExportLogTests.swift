import FlowFixtures
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite struct ExportLogTests {
    private let now = Timestamp(nanosecondsSinceEpoch: 1_760_000_000_000_000_000)
    private let lease: UInt64 = 30_000_000_000

    private func spans(_ numbers: ClosedRange<UInt64>, _ flags: TraceFlags = [.sampled]) -> [SpanRecord] {
        numbers.map { number in
            var span = span(number, trace: number, at: number)
            span.flags = flags
            return span
        }
    }

    private func state(_ scratch: Scratch) throws -> ExportState {
        try #require(try TraceReader(path: scratch.path()).exports().first)
    }

    @Test func `a cursor moves only when a batch was accepted, and outlives the process`() throws {
        let scratch = try Scratch()
        try store(spans(1...5), at: scratch.path())
        do {
            let log = try ExportLog(path: scratch.path())
            #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
            let first = try log.nextBatch(after: log.position(of: "otlp"), ExportLimit(spans: 2))
            #expect(first.spans.map(\.spanID) == [SpanID(1), SpanID(2)])
            #expect(try log.position(of: "otlp") == 0)
            #expect(try log.advance("otlp", by: "a", past: first.last, exported: 2))
        }
        try store(spans(6...6), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        let rest = try log.nextBatch(after: log.position(of: "otlp"), ExportLimit(spans: 10))
        #expect(rest.spans.map(\.spanID) == (3...6).map { SpanID($0) })
        let state = try state(scratch)
        #expect(state.name == "otlp")
        #expect(state.exported == 2)
        #expect(state.backlog == 4)
        #expect(state.oldest == span(3, trace: 3, at: 3).start)
        let backlog = try log.backlog(after: log.position(of: "otlp"))
        #expect(backlog == ExportBacklog(count: 4, oldest: state.oldest))
    }

    @Test func `one exporter is held by one, until the lease ends; others go on`() throws {
        let scratch = try Scratch()
        try store(spans(1...3), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        let other = try ExportLog(path: scratch.path())
        let later = now.advanced(byNanoseconds: lease)
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
        #expect(
            try other.claim("otlp", by: "b", now: now, forNanoseconds: lease) == ExportHolder(name: "a", until: later))
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
        #expect(try other.claim("zipkin", by: "b", now: now, forNanoseconds: lease) == nil)
        #expect(try other.claim("otlp", by: "b", now: later, forNanoseconds: lease) == nil)
        #expect(try !log.advance("otlp", by: "a", past: 3, exported: 3))
        #expect(try other.advance("otlp", by: "b", past: 3, exported: 3))
        try other.release("otlp", by: "b")
        #expect(try log.claim("otlp", by: "a", now: later, forNanoseconds: lease) == nil)
    }

    @Test func `a refused batch is set aside with its reason, and can be read again`() throws {
        let scratch = try Scratch()
        try store(spans(1...4), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
        let batch = try log.nextBatch(after: 0, ExportLimit(spans: 3))
        #expect(try log.setAside(batch, of: "otlp", by: "a", reason: "400 bad data", now: now))
        #expect(try log.position(of: "otlp") == 3)
        let refused = try #require(try state(scratch).setAside.first)
        #expect(refused.reason == "400 bad data")
        #expect(refused.spanCount == 3)
        #expect(refused.time == now)
        let again = try log.nextBatch(of: refused, ExportLimit(spans: 2))
        #expect(again.spans.map(\.spanID) == [SpanID(1), SpanID(2)])
        let rest = try #require(try log.resent(again, of: refused, by: "a", exported: 2, rejected: 0))
        #expect(try state(scratch).setAside == [rest] && rest.spanCount == 1)
        let last = try log.nextBatch(of: rest, ExportLimit(spans: 2))
        #expect(last.spans.map(\.spanID) == [SpanID(3)])
        #expect(try log.resent(last, of: rest, by: "a", exported: 1, rejected: 0) == nil)
        #expect(try state(scratch).setAside.isEmpty && state(scratch).exported == 3)
    }

    @Test func `why nobody takes anything is known until somebody does`() throws {
        let scratch = try Scratch()
        try store(spans(1...4), at: scratch.path())
        let log = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
        try log.note(failure: "connection refused", of: "otlp", by: "a", now: now)
        #expect(try state(scratch).failure == ExportFailure(reason: "connection refused", time: now))
        #expect(try log.advance("otlp", by: "a", past: 4, exported: 4))
        #expect(try state(scratch).failure == nil)
    }

    @Test func `retention deletes what was delivered first, and counts what it deletes before it was`() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        try store.write(spans(1...10) + spans(11...12, []) + spans(13...20))
        try store.flush()
        let log = try ExportLog(path: scratch.path())
        for (name, position) in [("otlp", 4), ("zipkin", 8)] as [(String, Int64)] {
            #expect(try log.claim(name, by: "a", now: now, forNanoseconds: lease) == nil)
            try log.advance(name, by: "a", past: position, exported: Int(position))
        }
        #expect(try store.prune(olderThan: span(3, trace: 3, at: 3).start).undelivered == 0)
        let report = try store.prune(olderThan: span(14, trace: 14, at: 14).start)
        #expect(report.spans == 11)
        // Spans 5 to 10 and 13 for one, 9, 10 and 13 for the other; nobody wanted 11 and 12, which are not sampled.
        #expect(report.undelivered == 7 + 3)
        #expect(try TraceReader(path: scratch.path()).exports().map(\.lost) == [7, 3])
        let next = try log.nextBatch(after: log.position(of: "otlp"), ExportLimit(spans: 10))
        #expect(next.spans.map(\.spanID) == (14...20).map { SpanID($0) })
        #expect(try log.backlog(after: log.position(of: "otlp")).count == 7)
    }

    @Test func `retention can spare what is not delivered or set aside, and says how much that is`() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        let note = AttributeValue.string(String(repeating: "x", count: 4_000))
        let padded = spans(1...600).map { span in
            var span = span
            span.attributes["note"] = note
            return span
        }
        try store.write(padded + spans(601...610, []) + spans(611...620))
        try store.flush()
        let log = try ExportLog(path: scratch.path())
        #expect(try log.claim("otlp", by: "a", now: now, forNanoseconds: lease) == nil)
        try log.advance("otlp", by: "a", past: 20, exported: 20)
        let refused = try log.nextBatch(after: 20, ExportLimit(spans: 30))
        try log.setAside(refused, of: "otlp", by: "a", reason: "400", now: now)
        try log.advance("otlp", by: "a", past: 605, exported: 550)
        let report = try store.prune(olderThan: span(616, trace: 616, at: 616).start, sparingUndelivered: true)
        // Set aside: 21 to 50. Waiting: 611 to 615. Nobody wants 606 to 610, which are not sampled.
        #expect(report.spared == 35 && report.undelivered == 0)
        func left() throws -> [UInt64] { try allSpans(scratch.path()).map(\.spanID.rawValue).sorted() }
        let kept = Array(UInt64(21)...50) + Array(611...620)
        #expect(try left() == kept)
        let smaller = try store.prune(maxBytes: 200_000, sparingUndelivered: true)
        #expect(smaller.spared == 40 && smaller.smallestBytes == nil)
        #expect(try left() == kept)
        #expect(try store.prune(maxBytes: 200_000).undelivered > 0)
        #expect(try left().count < 40)
    }

    @Test func `a store of the first schema is brought up to date, its spans kept`() throws {
        let scratch = try Scratch()
        try store(spans(1...3), at: scratch.path())
        do {
            let old = try Connection(path: scratch.path(), mode: .readWrite)
            try old.execute(
                "DROP TABLE exporters; DROP TABLE set_aside; DROP INDEX spans_by_trouble; PRAGMA user_version = 1")
        }
        #expect(try TraceReader(path: scratch.path()).exports().isEmpty)
        let log = try ExportLog(path: scratch.path())
        #expect(try log.nextBatch(after: 0, ExportLimit(spans: 10)).spans.count == 3)
    }
}
