import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel

@testable import ThroughlineStore

/// What a filter lets pass does not depend on the way by which the spans are found.
@Suite("A filter of flows") struct FlowFilterTests {
    @Test("lists what an unfiltered list has that fits", arguments: 1...40 as ClosedRange<UInt64>)
    func fitting(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let scratch = try Scratch()
        try store(Self.records(&random), at: scratch.path())
        let reader = try TraceReader(path: scratch.path())
        let all = try reader.flows(limit: .max)
        #expect(all.count > 20)
        for _ in 0..<30 {
            let filter = Self.filter(&random)
            let limit = [1, 3, 50].randomElement(using: &random) ?? 1
            let expected = all.filter { filter.admits($0) }.prefix(limit)
            // Whether an index is followed to all spans, to some, or to none.
            for count in [0, 20, FlowCandidates.followed] {
                let found = try reader.flows(limit: limit, filter, following: count)
                #expect(found.map(\.startedAt) == expected.map(\.startedAt), "\(filter)")
                #expect(Set(found.map(\.traceIDs)) == Set(expected.map(\.traceIDs)), "\(filter)")
            }
        }
    }

    @Test("of dead letters lists those that a sender shows, as the flows themselves tell", arguments: [true, false])
    func deadLettersOfSenders(withCorrelation: Bool) throws {
        let scratch = try Scratch()
        let store = try TraceStore(path: scratch.path())
        var expected: [TraceID] = []
        func write(_ seed: UInt64, isDeadLetter: Bool, _ script: (inout FlowScript) -> Void) throws {
            var flow = FlowScript(correlation: withCorrelation ? "flow-\(seed)" : nil, seed: seed)
            script(&flow)
            try store.write(flow.records)
            #expect(Flow(flow.records).deadLetterCount == (isDeadLetter ? 1 : 0), "\(seed)")
            if isDeadLetter { expected.append(flow.records[0].traceID) }
        }
        func handled(_ seed: UInt64, _ script: inout FlowScript, settled: Settlement?, error: String?) -> SpanContext {
            let sent = script.send("orders", nil, id: "\(seed)", to: "orders", at: 0)
            return script.process(
                "billing", nil, id: "\(seed)", from: "orders", at: 5, took: 9, of: sent, settled: settled, error: error)
        }
        try write(1, isDeadLetter: true) { script in
            let failed = handled(1, &script, settled: nil, error: "Timeout")
            script.send("billing", nil, id: "1", to: "orders.DLQ", at: 8, in: failed)
        }
        try write(2, isDeadLetter: true) { script in
            let refused = handled(2, &script, settled: .rejected, error: nil)
            script.process("desk", nil, id: "2", from: "orders.DLQ", at: 80, took: 2, of: refused)
        }
        try write(3, isDeadLetter: false) { script in _ = handled(3, &script, settled: nil, error: "Timeout") }
        try write(4, isDeadLetter: false) { script in
            let done = handled(4, &script, settled: .acknowledged, error: nil)
            script.send("billing", nil, id: "4", to: "audit", at: 8, in: done)
        }
        try write(5, isDeadLetter: true) { script in
            let done = handled(5, &script, settled: nil, error: nil)
            script.send(
                "mover", nil, id: "5", to: "parked", at: 8, in: done, links: [FlowScript.link(done, .deadLetterOf)])
        }
        try store.flush()
        let reader = try TraceReader(path: scratch.path())
        var filter = FlowFilter()
        filter.deadLettered = true
        for count in [0, FlowCandidates.followed] {
            let found = try reader.flows(limit: 10, filter, following: count)
            #expect(Set(found.map { $0.traceIDs[0] }) == Set(expected) && found.count == expected.count)
            #expect(found.allSatisfy { $0.deadLetters == 1 })
        }
        store.close()
    }

    private static let services = ["orders", "billing", "stock", "mail", "cron"]
    private static let names = ["orders", "payments", "stock.low"]

    /// Flows of one to four traces that overlap in time, some without a correlation id, none starting when another does.
    private static func records(_ random: inout SeededGenerator) -> [SpanRecord] {
        var records: [SpanRecord] = []
        for number in 1...120 as ClosedRange<UInt64> {
            let flow = UInt64.random(in: 1...40, using: &random)
            var attributes: Attributes = [MessagingAttribute.system: "kafka"]
            if flow.isMultiple(of: 3) {
                attributes[MessagingAttribute.messageID] = .string("m\(number)")
            } else if number % 4 != 0 {
                attributes[MessagingAttribute.conversationID] = .string("flow \(flow)")
            }
            if Bool.random(using: &random) {
                attributes[MessagingAttribute.destinationName] = names.randomElement(using: &random).map { .string($0) }
            }
            if Int.random(in: 0..<3, using: &random) == 0 {
                attributes[ThroughlineAttribute.messageType] = names.randomElement(using: &random).map { .string($0) }
            }
            if Int.random(in: 0..<12, using: &random) == 0 {
                attributes[ThroughlineAttribute.settlement] = .string(Settlement.deadLettered.rawValue)
            }
            let fails = Int.random(in: 0..<10, using: &random) == 0
            records.append(
                span(
                    number, trace: flow * 4 + number % 2, at: flow * 1_000 + number,
                    takes: Int.random(in: 0..<15, using: &random) == 0
                        ? nil : UInt64.random(in: 1...900, using: &random),
                    attributes, service: services.randomElement(using: &random) ?? "",
                    status: fails ? .error("no") : .unset))
        }
        return records.shuffled(using: &random)
    }

    private static func filter(_ random: inout SeededGenerator) -> FlowFilter {
        func now(_ chance: Int) -> Bool { Int.random(in: 0..<chance, using: &random) == 0 }
        func time() -> Timestamp {
            Timestamp.base.advanced(byNanoseconds: UInt64.random(in: 0...42_000, using: &random) * 1_000_000)
        }
        var filter = FlowFilter()
        if now(3) { filter.since = time() }
        if now(3) { filter.until = time() }
        if now(3) { filter.service = (services + ["nobody", "payments"]).randomElement(using: &random) }
        if now(4) { filter.destination = (names + ["nowhere", "m7"]).randomElement(using: &random) }
        if now(4) { filter.messageType = (names + ["Nothing"]).randomElement(using: &random) }
        filter.failed = now(5)
        filter.deadLettered = now(5)
        filter.unfinished = now(8)
        if now(6) { filter.slowerThan = UInt64.random(in: 0...900, using: &random) * 1_000_000 }
        return filter
    }
}
