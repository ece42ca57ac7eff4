import FlowFixtures
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("Pruning")
struct PruneTests {
    private let full: Attributes = [
        MessagingAttribute.messageID: "m", MessagingAttribute.conversationID: "c",
        ThroughlineAttribute.causationIDs: ["a", "b"],
    ]

    private func rows(_ path: String) throws -> [String: Int64] {
        let connection = try Connection(path: path, mode: .readOnly)
        var counts: [String: Int64] = [:]
        for table in ["spans", "open_spans", "links", "traces", "correlations", "message_refs"] {
            counts[table] = try connection.integer("SELECT count(*) FROM \(table)")
        }
        return counts
    }

    @Test("by age removes old spans with everything that hangs on them, and nothing else")
    func byAge() throws {
        let scratch = try Scratch()
        func link(_ number: UInt64) -> SpanLink {
            SpanLink(
                context: SpanContext(traceID: trace(number), spanID: SpanID(1)),
                attributes: [MessagingAttribute.messageID: "linked"])
        }
        let recent = span(
            3, trace: 3, at: 1_000, [MessagingAttribute.messageID: "new", MessagingAttribute.conversationID: "kept"],
            links: [link(1)])
        let store = try TraceStore(path: scratch.path())
        try store.write([
            span(1, trace: 1, at: 0, full), span(2, trace: 2, at: 5, full, links: [link(1), link(8)]), recent,
            span(4, trace: 4, at: 6, takes: nil, full),
        ])
        try store.flush()
        let report = try store.prune(olderThan: Timestamp.base.advanced(byNanoseconds: 500_000_000))
        #expect(report.spans == 3)
        #expect(report.links == 2)
        // Trace 1 stays: the recent span's link names it.
        #expect(report.traces == 3)
        let left = try rows(scratch.path())
        #expect(left == ["spans": 1, "open_spans": 0, "links": 1, "traces": 2, "correlations": 1, "message_refs": 2])
        #expect(try allSpans(scratch.path()) == [recent])
        #expect(try TraceReader(path: scratch.path()).check().isSound)
    }

    @Test("by size removes what was stored first until the rest fits, and gives the room back")
    func bySize() throws {
        let scratch = try Scratch()
        let note = AttributeValue.string(String(repeating: "x", count: 500))
        try store((1...4_000).map { span($0, trace: $0, ["note": note]) }, at: scratch.path())
        let before = try #require(StoreFile.size(of: scratch.path()))
        let store = try TraceStore(path: scratch.path())
        let report = try store.prune(maxBytes: before / 2)
        store.close()
        let after = try #require(StoreFile.size(of: scratch.path()))
        #expect(after <= before / 2)
        #expect(after > before / 2 * 95 / 100, "no more goes than has to")
        #expect(report.bytesFreed == before - after)
        let left = try allSpans(scratch.path()).map(\.spanID.rawValue)
        #expect(left.count == 4_000 - report.spans)
        #expect(left.count > 1_000)
        #expect(left == Array(UInt64(report.spans) + 1...4_000))
    }

    @Test("to a size that no store can have deletes nothing, and says which size one can have")
    func unreachable() throws {
        let scratch = try Scratch()
        try store((1...2_000).map { span($0, trace: $0, ["note": .string("order \($0)")]) }, at: scratch.path())
        let store = try TraceStore(path: scratch.path())
        let refused = try store.prune(maxBytes: 1)
        let smallest = try #require(refused.smallestBytes)
        #expect(refused.spans == 0)
        #expect(try allSpans(scratch.path()).count == 2_000)
        #expect(try store.prune(maxBytes: smallest - 1).smallestBytes == smallest)
        let report = try store.prune(maxBytes: smallest)
        store.close()
        #expect(report.smallestBytes == nil && report.spans > 0)
        let size = try #require(StoreFile.size(of: scratch.path()))
        #expect(size <= smallest && smallest < 2 * size)
    }

    @Test("while a store is open does not mislead what it remembers about interned values")
    func remembered() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        let reader = try TraceReader(path: scratch.path())
        try store.write([span(1, trace: 1, full), span(2, trace: 2, full)])
        try store.flush()
        #expect(try reader.find("c").count == 2)
        // Another process, as far as SQLite can tell, prunes everything and stores new values in the freed rows.
        let other = try TraceStore(path: scratch.path())
        _ = try other.prune(olderThan: Timestamp.base.advanced(byNanoseconds: 1_000_000_000))
        try other.write([span(3, trace: 3, [MessagingAttribute.conversationID: "d"])])
        try other.flush()
        // The same trace and correlation as before, which the first store remembers under rows that are gone.
        try store.write([span(4, trace: 1, full)])
        try store.flush()
        #expect(try reader.find("c").map(\.traceID) == [trace(1)])
        #expect(try reader.find("d").map(\.traceID) == [trace(3)])
        #expect(try reader.spans(of: trace(1)).map(\.spanID) == [SpanID(4)])
    }

    @Test("goes on beside writers, who lose nothing")
    func besideWriters() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        try store.write((1...5_000).map { span($0, trace: $0 / 8 + 1) })
        try store.flush()
        let writing = startThread {
            for batch in 0..<50 as Range<UInt64> {
                let first = 10_000 + batch * 100
                try? store.write((0..<100).map { span(first + $0, trace: first / 8 + 1, at: 10_000) })
            }
        }
        #expect(writing)
        let other = try TraceStore(path: scratch.path())
        #expect(try other.prune(olderThan: Timestamp.base.advanced(byNanoseconds: 1_000_000)).spans == 5_000)
        while store.storedCount + store.lostCount < 10_000, store.failure == nil { try store.flush() }
        #expect(store.lostCount == 0)
        #expect(try TraceReader(path: scratch.path()).counts().spans == 5_000)
    }
}
