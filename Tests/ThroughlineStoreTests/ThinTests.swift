import FlowFixtures
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("Thinning out")
struct ThinTests {
    private static let late = Timestamp.base.advanced(byNanoseconds: 3_600_000_000_000)

    /// A flow of three traces: one by its correlation id, one by a link, one by a message id.
    private func flow(
        _ number: UInt64, correlationID: String, _ change: (inout [SpanRecord]) -> Void = { _ in }
    ) -> [SpanRecord] {
        let first = number * 10
        let message = MessagingAttribute.messageID
        var records = [
            span(first, trace: first, [MessagingAttribute.conversationID: .string(correlationID)]),
            span(first + 1, trace: first, parent: first, [message: .string("m-\(number)")]),
            span(first + 2, trace: first + 1, [MessagingAttribute.conversationID: .string(correlationID)]),
            span(
                first + 3, trace: first + 2,
                links: [SpanLink(context: SpanContext(traceID: trace(first), spanID: SpanID(first)), attributes: [:])]),
            span(first + 4, trace: first + 3, [ThroughlineAttribute.causationID: .string("m-\(number)")]),
        ]
        change(&records)
        return records
    }

    private func left(_ path: String) throws -> [UInt64: Int] {
        try allSpans(path).reduce(into: [:]) { $0[$1.spanID.rawValue / 10, default: 0] += 1 }
    }

    @Test("keeps a share of flows, each whole, and those are the ones that a sampler keeps")
    func share() throws {
        let scratch = try Scratch()
        try store((1...200).flatMap { flow($0, correlationID: "order-\($0)") }, at: scratch.path())
        let store = try TraceStore(path: scratch.path())
        let report = try store.thin(keeping: 0.1, olderThan: Self.late)
        let kept = (1...200).filter { SamplingThreshold(ratio: 0.1).keeps(FlowHash.value(of: "order-\($0)")) }
        #expect((10...30).contains(kept.count))
        let left = try left(scratch.path())
        #expect(Set(left.keys) == Set(kept.map(UInt64.init)))
        #expect(left.values.allSatisfy { $0 == 5 })
        #expect(report.spans == 5 * (200 - kept.count) && report.traces == 4 * (200 - kept.count))
        #expect(try TraceReader(path: scratch.path()).check().isSound)
        #expect(try store.thin(keeping: 0.1, olderThan: Self.late).spans == 0, "what was kept is kept again")
    }

    @Test("keeps every flow with a failed, dead-lettered or unfinished span, or one that is young, whole")
    func failures() throws {
        let scratch = try Scratch()
        let flows = [
            flow(1, correlationID: "a"),
            flow(2, correlationID: "b") { $0[4].status = .error("broken") },
            flow(3, correlationID: "c") { $0[3].attributes[ThroughlineAttribute.settlement] = "dead-lettered" },
            flow(4, correlationID: "d") { $0[2].attributes[ThroughlineAttribute.deadLetterReason] = "not-retryable" },
            flow(5, correlationID: "e") { $0[1].end = nil },
            flow(6, correlationID: "f") {
                $0[4].start = Self.late
                $0[4].end = Self.late
            },
            flow(7, correlationID: "g"),
            flow(8, correlationID: "h") {
                $0[1].name = "ServiceBusReceiver.DeadLetter"
                $0[1].attributes[MessagingAttribute.system] = "servicebus"
            },
            flow(9, correlationID: "i") { $0[1].attributes[ThroughlineAttribute.settlement] = "rejected" },
        ]
        try store(flows.flatMap(\.self), at: scratch.path())
        let store = try TraceStore(path: scratch.path())
        #expect(try store.thin(keeping: 0, olderThan: Self.late).spans == 10)
        let left = try left(scratch.path())
        #expect(Set(left.keys) == [2, 3, 4, 5, 6, 8, 9])
        #expect(try TraceReader(path: scratch.path()).counts().unfinished == 1)
        #expect(try store.thin(keeping: 1, olderThan: Self.late).spans == 0)
    }

    @Test("leaves what an exporter has still to deliver, and what was set aside for another try")
    func exporters() throws {
        let scratch = try Scratch()
        try store((1...4).flatMap { flow($0, correlationID: "order-\($0)") }, at: scratch.path())
        let connection = try Connection(path: scratch.path(), mode: .readWrite)
        // Delivered up to the second flow; of those, one span of the first was refused.
        try connection.execute("INSERT INTO exporters (name, position) VALUES ('otlp', 10)")
        try connection.execute(
            "INSERT INTO set_aside (exporter, first, last, spans, reason, time) VALUES ('otlp', 2, 2, 1, 'refused', 0)")
        let store = try TraceStore(path: scratch.path())
        let report = try store.thin(keeping: 0, olderThan: Self.late)
        #expect(report.spans == 5 && report.undelivered == 0 && report.spared == 15)
        #expect(Set(try left(scratch.path()).keys) == [1, 3, 4])
        let all = try store.thin(keeping: 0, olderThan: Self.late, sparingUndelivered: false)
        #expect(all.spans == 15 && all.undelivered == 10 && all.spared == 0)
    }

    @Test("leaves a flow that is too large to be looked at as one")
    func hub() throws {
        let scratch = try Scratch()
        let hub = (1...40).map { span($0 * 10, trace: $0, [MessagingAttribute.conversationID: "everything"]) }
        try store(hub + flow(50, correlationID: "small"), at: scratch.path())
        let store = try TraceStore(path: scratch.path())
        #expect(try store.thin(keeping: 0, olderThan: Self.late, limit: 20).spans == 5)
        #expect(try allSpans(scratch.path()).count == 40)
    }
}
