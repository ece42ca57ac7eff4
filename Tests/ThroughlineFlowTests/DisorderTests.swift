import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Records come late, twice, in any order, or not at all.
@Suite struct DisorderTests {
    @Test(arguments: GoldenFlow.allCases)
    func `the order of the records does not matter`(golden: GoldenFlow) {
        let expected = Self.everything(golden.records)
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            #expect(Self.everything(golden.records.shuffled(using: &random)) == expected, "seed \(seed)")
        }
    }

    @Test(arguments: GoldenFlow.allCases)
    func `a record that arrives twice, or first as started, counts once`(golden: GoldenFlow) {
        let expected = Self.everything(golden.records)
        let started = golden.records.map { record in
            var started = record
            started.end = nil
            started.attributes[ThroughlineAttribute.settlement] = nil
            return started
        }
        let known = golden.records.filter { $0.end != nil }
        #expect(Self.everything(golden.records + golden.records) == expected)
        let began = started.filter { start in known.contains { $0.spanID == start.spanID } }
        #expect(Self.everything(began + golden.records) == expected)
    }

    @Test(arguments: GoldenFlow.allCases)
    func `any one span may be missing`(golden: GoldenFlow) {
        let records = golden.records
        for missing in records.indices {
            var rest = records
            rest.remove(at: missing)
            let flow = Flow(rest)
            #expect(flow.operations.count == records.count - 1)
            #expect(flow.hops.allSatisfy { !$0.attempts.isEmpty && flow.publication($0.id.publication) != nil })
            #expect(flow.publications.allSatisfy { flow.message($0.id.message) != nil })
            #expect(!FlowTree.text(of: flow).isEmpty)
        }
    }

    @Test func `mixed flows are told apart, each whole`() {
        let goldens = GoldenFlow.allCases.filter { $0 != .hostile }
        // The scripts share one sequence of ids, so each flow gets trace ids of its own.
        let all = goldens.enumerated().flatMap { place, golden in
            golden.records.map { record in
                var record = record
                let shift = UInt64(place + 1) << 56
                record.traceID = TraceID(high: record.traceID.high ^ shift, low: record.traceID.low)
                for link in record.links.indices {
                    let trace = record.links[link].context.traceID
                    record.links[link].context.traceID = TraceID(high: trace.high ^ shift, low: trace.low)
                }
                return record
            }
        }
        var random = SeededGenerator(seed: 3)
        let flows = Flow.split(all.shuffled(using: &random))
        #expect(flows.count == goldens.count)
        #expect(flows.map(\.operations.count).sorted() == goldens.map(\.records.count).sorted())
    }

    /// Everything that a user sees of a flow.
    private static func everything(_ records: [SpanRecord]) -> [String] {
        Flow.split(records).flatMap { [FlowTree.text(of: $0), FlowJSON.text(of: $0), "\($0.topology.edges)"] }
    }
}
