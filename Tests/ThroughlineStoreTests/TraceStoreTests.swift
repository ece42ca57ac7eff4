import FlowFixtures
import Foundation
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("A trace store")
struct TraceStoreTests {
    @Test("does what the first example of its documentation says")
    func firstExample() throws {
        let scratch = try Scratch()
        let path = scratch.path()
        let records = [span(1, [MessagingAttribute.conversationID: "order-42"])]

        let store = try TraceStore(path: path)
        try store.write(records)
        try store.flush()

        let reader = try TraceReader(path: path)
        let flow = try reader.flowSpans(from: reader.find("order-42"))
        #expect(flow.spans == records)
    }

    @Test("shows what was flushed to a reader that was open before")
    func readersSeeWrites() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        let reader = try TraceReader(path: scratch.path())
        #expect(try reader.counts().spans == 0)
        for number in 1...5 as ClosedRange<UInt64> {
            try store.write([span(number, trace: number)])
            try store.flush()
            #expect(try reader.counts().spans == Int(number))
            #expect(try reader.find(trace(number).hex).count == 1)
        }
    }

    @Test("keeps a started span until its end arrives, from whichever process")
    func unfinished() throws {
        let scratch = try Scratch()
        let link = SpanLink(
            context: SpanContext(traceID: trace(9), spanID: SpanID(9)), attributes: [MessagingAttribute.messageID: "m9"]
        )
        var record = span(1, takes: nil, [MessagingAttribute.messageID: "m1"], links: [link])
        try store([record, span(2)], at: scratch.path())
        let reader = try TraceReader(path: scratch.path())
        #expect(try allSpans(scratch.path()).last == record)
        #expect(try reader.counts() == StoreCounts(spans: 1, unfinished: 1, traces: 2, links: 1))
        #expect(try reader.find("m9").map(\.spanID) == [SpanID(1)])

        record.end = record.start.advanced(byNanoseconds: 5)
        record.attributes[MessagingAttribute.messageID] = "m1-ended"
        try store([record], at: scratch.path())
        #expect(try reader.counts() == StoreCounts(spans: 2, unfinished: 0, traces: 2, links: 1))
        #expect(try allSpans(scratch.path()).last == record)
        #expect(try reader.find("m1").isEmpty)
        #expect(try reader.find("m1-ended").count == 1)
    }

    @Test("writes nothing of a start whose end is in the same batch, and one row for a start that comes twice")
    func startAndEndTogether() throws {
        let scratch = try Scratch()
        try store([span(1, takes: nil), span(2, takes: nil), span(2, takes: nil), span(1)], at: scratch.path())
        #expect(try allSpans(scratch.path()).map(\.spanID) == [SpanID(1), SpanID(2)])
        #expect(try TraceReader(path: scratch.path()).counts().unfinished == 1)
    }

    @Test("takes batches from several threads and counts them all")
    func severalThreads() throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for batch in 0..<20 {
                let first = UInt64(thread * 1_000 + batch * 50)
                do {
                    try store.write((0..<50).map { span(first + $0 + 1, trace: first / 8 + 1) })
                    if batch % 7 == 0 { try store.flush() }
                } catch {
                    Issue.record(error)
                }
            }
        }
        try store.flush()
        #expect(store.storedCount == 8_000)
        #expect(store.lostCount == 0)
        #expect(Set(try allSpans(scratch.path()).map(\.spanID)).count == 8_000)
    }

    @Test("gives its file to several that make it at the same moment")
    func simultaneousCreation() throws {
        let scratch = try Scratch()
        let path = scratch.path()
        DispatchQueue.concurrentPerform(iterations: 12) { number in
            do { try store([span(UInt64(number) + 1)], at: path) } catch { Issue.record(error) }
        }
        #expect(try TraceReader(path: path).counts().spans == 12)
    }

    @Test("never uses a row id again, even when the newest spans were deleted")
    func monotonicRows() throws {
        let scratch = try Scratch()
        try store([span(1), span(2)], at: scratch.path())
        let connection = try Connection(path: scratch.path(), mode: .readWrite)
        try connection.execute("DELETE FROM spans")
        try store([span(3)], at: scratch.path())
        #expect(try connection.integer("SELECT id FROM spans") == 3)
    }

    @Test("takes no more than 300 bytes a span on disk, indexes included")
    func size() throws {
        let scratch = try Scratch()
        var records: [SpanRecord] = []
        let ids = IDGenerator(seed: 3)
        for number in 0..<20_000 as Range<UInt64> {
            let moment = UInt64(1_000_000) &* number / 27
            func uuid(_ random: UInt64) -> String {
                MessageKey.uuid((Timestamp.base.nanosecondsSinceEpoch + moment) / 1_000_000 << 16 | 0x7000, random).id
            }
            var record = span(
                ids.spanID().rawValue, trace: number / 8, parent: ids.spanID().rawValue, at: moment / 1_000_000,
                [
                    MessagingAttribute.system: "kafka", MessagingAttribute.operationName: "send",
                    MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "orders",
                    MessagingAttribute.messageID: .string(uuid(ids.randomBits())),
                    MessagingAttribute.conversationID: .string(uuid(number / 8)),
                    ThroughlineAttribute.messageType: "OrderPlaced", ThroughlineAttribute.messageIntent: "event",
                ])
            record.name = "send orders"
            records.append(record)
        }
        try store(records, at: scratch.path())
        let bytes = try #require(StoreFile.size(of: scratch.path()))
        #expect(bytes / 20_000 <= 300)
    }
}
