import FlowFixtures
import SQLite
import Testing
import ThroughlineFlow
import ThroughlineModel

@testable import ThroughlineStore

/// A line of the list is the flow that is shown when somebody asks for it.
@Suite("The list of flows") struct FlowListTests {
    /// An order by Azure's clients, whose consumer says by a span's name alone how it settled the message.
    private static func azure(_ settling: String, fails: Bool = false) -> [SpanRecord] {
        ForeignFlow.azure.records.map { record in
            var record = record
            guard record.name == "ServiceBusReceiver.Complete" else { return record }
            record.name = settling
            if fails { record.status = .error("lock lost") }
            return record
        }
    }

    private func listed(_ path: String, _ change: (inout FlowFilter) -> Void) throws -> [FlowSummary] {
        try TraceReader(path: path).flows(change)
    }

    @Test(
        "has the dead letters that only the name of a span tells, and the span as it was written",
        arguments: [
            "ServiceBusReceiver.DeadLetter", "ServiceBus.deadLetter", "ServiceBus.dead-letter",
            "ServiceBus.dead_letter",
            "ServiceBusReceiver.DeadLetterMessage",
        ])
    func deadLetters(name: String) throws {
        let scratch = try Scratch()
        let records = Self.azure(name)
        try store(records, at: scratch.path())
        for change: (inout FlowFilter) -> Void in [{ $0.deadLettered = true }, { $0.failed = true }] {
            let found = try listed(scratch.path(), change)
            #expect(found.map(\.deadLetters) == [1])
        }
        #expect(try Set(allSpans(scratch.path())) == Set(records))
    }

    @Test(
        "takes nothing for a dead letter that is none, and what was rejected for a failure",
        arguments: [("ServiceBusReceiver.Complete", []), ("ServiceBusReceiver.Abandon", []), ("basic.reject", [1])])
    func others(name: String, rejected: [Int]) throws {
        let scratch = try Scratch()
        try store(Self.azure(name), at: scratch.path())
        #expect(try listed(scratch.path()) { $0.deadLettered = true }.isEmpty)
        #expect(try listed(scratch.path()) { $0.failed = true }.map(\.rejected) == rejected)
    }

    @Test("takes a settlement that failed for a failure, and not for a dead letter")
    func failedSettlement() throws {
        let scratch = try Scratch()
        try store(Self.azure("ServiceBusReceiver.DeadLetter", fails: true), at: scratch.path())
        #expect(try listed(scratch.path()) { $0.deadLettered = true }.isEmpty)
        #expect(try listed(scratch.path()) { $0.failed = true }.map(\.errors) == [1])
    }

    @Test("finds dead letters in a store of the version before, before and after it is brought up to date")
    func olderStore() throws {
        let scratch = try Scratch()
        let records = Self.azure("ServiceBusReceiver.DeadLetter")
        try store(records, at: scratch.path())
        let connection = try Connection(path: scratch.path(), mode: .readWriteCreate, busyTimeout: 1_000)
        try connection.execute(
            """
            UPDATE spans SET flags = flags & 281474976710655;
            DROP INDEX spans_by_trouble;
            CREATE INDEX spans_by_failure ON spans (start) WHERE status = 2;
            PRAGMA user_version = 4;
            """)
        #expect(try listed(scratch.path()) { $0.deadLettered = true }.map(\.deadLetters) == [1])
        #expect(try listed(scratch.path()) { $0.failed = true }.map(\.deadLetters) == [1])
        try store([], at: scratch.path())
        let report = try TraceReader(path: scratch.path()).check()
        #expect(report.isSound && report.schemaVersion == 5)
        #expect(try listed(scratch.path()) { $0.deadLettered = true }.map(\.deadLetters) == [1])
        #expect(try listed(scratch.path()) { $0.failed = true }.map(\.deadLetters) == [1])
        #expect(try Set(allSpans(scratch.path())) == Set(records))
    }

    @Test("knows a flow with messages by whatever convention it was recorded", arguments: ForeignFlow.allCases)
    func withMessages(foreign: ForeignFlow) throws {
        let scratch = try Scratch()
        try store(foreign.records + [span(1, trace: 9, at: 900_000)], at: scratch.path())
        #expect(try listed(scratch.path()) { _ in }.map(\.messages) == [0, 2])
        #expect(try listed(scratch.path()) { $0.withMessages = true }.map(\.messages) == [2])
    }

    @Test("has one line for traces that a link joins, and filters by all of them")
    func linked() throws {
        let scratch = try Scratch()
        let sent = SpanContext(traceID: trace(1), spanID: SpanID(1))
        try store(
            [
                span(1, trace: 1, at: 100, takes: 5, ["messaging.system": "kafka"], service: "shop"),
                span(
                    2, trace: 2, at: 500, takes: 30, ["messaging.system": "kafka"], links: [SpanLink(context: sent)],
                    service: "billing", status: .error("no")),
                span(3, trace: 3, at: 300, takes: 10, service: "shop"),
            ], at: scratch.path())
        let all = try listed(scratch.path()) { _ in }
        #expect(all.map(\.traceIDs) == [[trace(3)], [trace(1), trace(2)]])
        #expect(all.last?.durationNanoseconds == 430_000_000 && all.last?.services == ["billing", "shop"])
        func found(_ change: (inout FlowFilter) -> Void) throws -> [[TraceID]] {
            try listed(scratch.path(), change).map(\.traceIDs)
        }
        let both = [[trace(1), trace(2)]]
        #expect(try found { $0.slowerThan = 400_000_000 } == both)
        #expect(
            try found {
                $0.service = "shop"
                $0.failed = true
            } == both)
        #expect(try found { $0.until = Timestamp.base.advanced(byNanoseconds: 200_000_000) } == both)
        #expect(try found { $0.since = Timestamp.base.advanced(byNanoseconds: 200_000_000) } == [[trace(3)]])
    }

    @Test("has the flows of which the spans are", arguments: 1...6 as ClosedRange<UInt64>)
    func complete(seed: UInt64) throws {
        var random = RandomSpans(seed: seed)
        let records = random.next(400)
        let scratch = try Scratch()
        try store(records, at: scratch.path())
        let spans = try allSpans(scratch.path())
        let flows = Flow.split(spans).sorted { ($0.start ?? .base) > ($1.start ?? .base) }
        let lines = try TraceReader(path: scratch.path()).flows(limit: .max)
        #expect(lines.map(\.startedAt) == flows.compactMap(\.start))
        #expect(lines.map(\.spans).sorted() == flows.map(\.operations.count).sorted())
        #expect(lines.reduce(0) { $0 + $1.messages } == flows.reduce(0) { $0 + $1.messageCount })
        #expect(lines.reduce(0) { $0 + $1.deadLetters } == flows.reduce(0) { $0 + $1.deadLetterCount })
    }

    @Test("has one line for a flow that is too large for it, however it is met")
    func large() throws {
        let scratch = try Scratch()
        var last: SpanContext?
        let records = (1...60_000 as ClosedRange<UInt64>).map { number in
            let record = span(number, trace: number, at: number, links: last.map { [SpanLink(context: $0)] } ?? [])
            last = SpanContext(traceID: record.traceID, spanID: record.spanID)
            return record
        }
        try store(records, at: scratch.path())
        let lines = try listed(scratch.path()) { _ in }
        #expect(lines.count == 1 && lines[0].isCut && lines[0].spans == 25_000)
    }

    @Test("a message id that too many traces share joins no longer, unless it is unique by its form")
    func sharedMessageID() throws {
        for (id, isUnique) in [("1", false), ("0198b2c4-7d5e-7000-8000-9a3f00000001", true)] {
            let scratch = try Scratch()
            let shared: Attributes = [MessagingAttribute.messageID: .string(id)]
            try store(
                (1...50).map { span($0, trace: $0, shared) } + [span(60, trace: 7, parent: 7)], at: scratch.path())
            let reader = try TraceReader(path: scratch.path())
            let found = try reader.flowSpans(
                from: reader.find(SpanID(60).hex), guarding: HubGuard(maximumParts: 20))
            #expect(found.spans.count == (isUnique ? 51 : 2))
            #expect(found.unfollowedMessageIDs == (isUnique ? [] : [id]))
            #expect(try reader.flowSpans(from: reader.find(SpanID(60).hex)).spans.count == 51)
        }
    }
}
