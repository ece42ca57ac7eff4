import FlowFixtures
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("Spans that are received")
struct ReceiveTests {
    @Test("are in the file when the call returns, and are stored once however often they come")
    func once() async throws {
        let scratch = try Scratch()
        let batch = (1...20 as ClosedRange<UInt64>).map { span($0, trace: $0 % 3 + 1) }
        let store = try TraceStore(path: scratch.path())
        #expect(try await store.receive(batch) == ReceivedSpans(stored: 20, duplicates: 0))
        #expect(try Set(allSpans(scratch.path())) == Set(batch))
        #expect(try await store.receive(batch + [span(21)]) == ReceivedSpans(stored: 1, duplicates: 20))
        #expect(try await store.receive([span(22), span(22)]) == ReceivedSpans(stored: 1, duplicates: 1))
        #expect(store.storedCount == 22)
        store.close()

        let later = try TraceStore(path: scratch.path())
        #expect(try await later.receive(batch) == ReceivedSpans(stored: 0, duplicates: 20))
        #expect(try allSpans(scratch.path()).count == 22)
        #expect(try await later.receive([]) == ReceivedSpans(stored: 0, duplicates: 0))
    }

    @Test("of the same id in different traces are different spans")
    func sameSpanID() async throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        _ = try await store.receive([span(7, trace: 1), span(7, trace: 2)])
        #expect(try allSpans(scratch.path()).count == 2)
    }

    @Test("are stored once when all of a new trace comes in one transaction, from whomever")
    func newTrace() async throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 120_000
        let store = try TraceStore(path: scratch.path(), options: options)
        let other = try Connection(path: scratch.path(), mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        func waits(_ batches: Int) async { while store.queue.read(\.pending.count) < batches { await Task.yield() } }
        // The first waits for the lock, in a transaction of its own; the others gather behind it.
        async let first = store.receive([span(100, trace: 100)])
        await waits(1)
        await offPool { try? store.write([span(1, trace: 9)]) }
        async let second = store.receive([span(1, trace: 9), span(2, trace: 9, takes: nil), span(2, trace: 9)])
        await waits(3)
        async let third = store.receive([span(2, trace: 9), span(3, trace: 9), span(3, trace: 9), span(1, trace: 8)])
        await waits(4)
        try other.execute("COMMIT")
        #expect(try await first == ReceivedSpans(stored: 1, duplicates: 0))
        #expect(try await second == ReceivedSpans(stored: 1, duplicates: 1))
        #expect(try await third == ReceivedSpans(stored: 2, duplicates: 2))
        let expected = [
            span(100, trace: 100), span(1, trace: 9), span(2, trace: 9), span(3, trace: 9), span(1, trace: 8),
        ]
        let stored = try allSpans(scratch.path())
        #expect(stored.count == expected.count && Set(stored) == Set(expected))
    }

    @Test("leave the beginning of a span behind once its end has come, in either order")
    func endedWins() async throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        let begun = span(1, takes: nil)
        let ended = span(1, takes: 5)
        _ = try await store.receive([begun])
        _ = try await store.receive([begun])
        #expect(try allSpans(scratch.path()) == [begun])
        _ = try await store.receive([ended])
        _ = try await store.receive([begun])
        #expect(try allSpans(scratch.path()) == [ended])
    }

    @Test("are found in a file whose schema was older, too")
    func migrated() async throws {
        let scratch = try Scratch()
        let batch = [span(1), span(2)]
        try ThroughlineStoreTests.store(batch, at: scratch.path())
        do {
            let connection = try Connection(path: scratch.path(), mode: .readWrite)
            try connection.execute(
                """
                DROP INDEX spans_by_trace; CREATE INDEX spans_by_trace ON spans (trace); PRAGMA user_version = 3;
                """)
        }
        let store = try TraceStore(path: scratch.path())
        #expect(try await store.receive(batch) == ReceivedSpans(stored: 0, duplicates: 2))
        let connection = try Connection(path: scratch.path(), mode: .readOnly)
        let plan = "EXPLAIN QUERY PLAN SELECT 1 FROM spans WHERE trace = 1 AND span_id = 1"
        let statement = try connection.prepare(plan)
        #expect(try statement.step())
        #expect(statement.text(3).contains("spans_by_trace (trace=? AND span_id=?)"))
    }

    @Test("are refused, not kept, while the file is locked, and nothing that others write is lost by that")
    func locked() async throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 20
        let store = try TraceStore(path: scratch.path(), options: options)
        let other = try Connection(path: scratch.path(), mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        await #expect(throws: StoreError.self) { _ = try await store.receive([span(1)]) }
        // What the application wrote waits in line, and what is received meanwhile does not pass for it.
        await offPool { try? store.write([span(2)]) }
        await #expect(throws: StoreError.self) { _ = try await store.receive([span(3)]) }
        #expect(await offPool { (try? store.flush()) == nil })
        #expect(store.lostCount == 0)
        try other.execute("COMMIT")
        #expect(try await store.receive([span(1), span(3)]).stored == 2)
        #expect(await offPool { (try? store.flush()) != nil })
        #expect(try Set(allSpans(scratch.path())) == [span(1), span(2), span(3)])
    }

    @Test("are refused at once when too many wait, and when the store is closed")
    func full() async throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.spansInFlight = 3
        options.busyTimeoutMilliseconds = 120_000
        let store = try TraceStore(path: scratch.path(), options: options)
        let other = try Connection(path: scratch.path(), mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        async let first = store.receive([span(1), span(2)])
        while store.queue.read(\.pending.isEmpty) { await Task.yield() }
        let refusal = await #expect(throws: StoreError.self) { _ = try await store.receive([span(3), span(4)]) }
        #expect(refusal?.code == .busy)
        try other.execute("COMMIT")
        #expect(try await first.stored == 2)
        store.close()
        await #expect(throws: StoreError.self) { _ = try await store.receive([span(5)]) }
    }

    /// The write side blocks, and Swift's pool is not for that.
    private func offPool<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            _ = startThread { continuation.resume(returning: body()) }
        }
    }
}
