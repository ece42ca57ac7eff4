import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Random flows whose truth is known: what is put back together is a part of it, and all of it when nothing is missing.
@Suite struct TruthTests {
    private static let seeds: Range<UInt64> = 0..<60

    @Test func `with every span there, in any order, the graph is the truth`() {
        for seed in Self.seeds {
            let truth = RandomFlow(seed: seed, messages: 25)
            var random = SeededGenerator(seed: seed)
            let flows = Flow.split(truth.records.shuffled(using: &random))
            #expect(flows.count == 1, "seed \(seed)")
            guard let flow = flows.first else { continue }
            #expect(Self.causes(flow) == truth.causes, "seed \(seed)")
            #expect(Self.sendings(flow) == truth.sendings, "seed \(seed)")
            #expect(Self.deliveries(flow) == truth.deliveries, "seed \(seed)")
            #expect(flow.gaps.isEmpty && flow.conflicts.isEmpty, "seed \(seed)")
        }
    }

    @Test func `of any subset, in any order, the graph is a part of the truth`() {
        for seed in Self.seeds {
            let truth = RandomFlow(seed: seed, messages: 25)
            for share in [0.95, 0.7, 0.4, 0.1] {
                var random = SeededGenerator(seed: seed &+ UInt64(share * 1_000))
                let some = truth.records.filter { _ in Double.random(in: 0..<1, using: &random) < share }
                let flows = Flow.split(some.shuffled(using: &random))
                #expect(flows.reduce(0) { $0 + $1.operations.count } == some.count)
                for flow in flows {
                    let unknown = Self.causes(flow).subtracting(truth.causes)
                    #expect(unknown.isEmpty, "seed \(seed), \(share)")
                    #expect(Self.sendings(flow).isSubset(of: truth.sendings), "seed \(seed), \(share)")
                    #expect(Self.deliveries(flow).isSubset(of: truth.deliveries), "seed \(seed), \(share)")
                    #expect(flow.conflicts.isEmpty, "seed \(seed), \(share)")
                }
            }
        }
    }

    @Test func `so many spans that they are read and joined side by side make the same flows`() throws {
        let truths = (0..<400 as Range<UInt64>).map { RandomFlow(seed: $0, messages: 40, ids: "flow-\($0)-") }
        var random = SeededGenerator(seed: 1)
        let began = truths.flatMap(\.records).map { record in
            var began = record
            began.end = nil
            return began
        }
        let records = (truths.flatMap(\.records) + began).shuffled(using: &random)
        #expect(records.count > 65_536)
        let flows = Flow.split(records)
        #expect(flows.count == truths.count)
        let flowOfTrace = Dictionary(
            flows.flatMap { flow in flow.operations.map { ($0.id.traceID, flow) } },
            uniquingKeysWith: { first, _ in first })
        for truth in truths {
            let flow = try #require(truth.records.first.flatMap { flowOfTrace[$0.traceID] })
            #expect(Self.causes(flow) == truth.causes)
            #expect(Self.sendings(flow) == truth.sendings)
            #expect(Self.deliveries(flow) == truth.deliveries)
        }
        #expect(flows.compactMap(\.start) == flows.compactMap(\.start).sorted())
    }

    @Test(arguments: [("kafka", "other-"), ("rabbitmq", "")])
    func `two flows whose senders count alike are two, each the truth`(system: String, prefix: String) throws {
        for seed in Self.seeds {
            let truths = [
                RandomFlow(seed: seed, messages: 25),
                RandomFlow(seed: seed + 1_000, messages: 25, system: system, prefix: prefix),
            ]
            var random = SeededGenerator(seed: seed)
            let flows = Flow.split(truths.flatMap(\.records).shuffled(using: &random))
            #expect(flows.count == 2, "seed \(seed)")
            for truth in truths {
                let flow = try #require(
                    flows.first { $0.operations.contains { $0.id == truth.records.first.map { Operation($0).id } } })
                #expect(Self.causes(flow) == truth.causes, "seed \(seed)")
                #expect(Self.sendings(flow) == truth.sendings, "seed \(seed)")
                #expect(Self.deliveries(flow) == truth.deliveries, "seed \(seed)")
                #expect(flow.gaps.isEmpty && flow.conflicts.isEmpty, "seed \(seed)")
            }
        }
    }

    @Test func `of any subset of two flows on two brokers whose ids are the same, the graphs are a part of the truth`()
    {
        for seed in Self.seeds {
            let truths = [
                RandomFlow(seed: seed, messages: 25),
                RandomFlow(seed: seed + 1_000, messages: 25, system: "rabbitmq", prefix: "other-"),
            ]
            for share in [0.95, 0.7, 0.4, 0.1] {
                var random = SeededGenerator(seed: seed &+ UInt64(share * 1_000))
                let some = truths.flatMap(\.records).map(Self.withoutCauses)
                    .filter { _ in Double.random(in: 0..<1, using: &random) < share }
                let flows = Flow.split(some.shuffled(using: &random))
                #expect(flows.reduce(0) { $0 + $1.operations.count } == some.count)
                for flow in flows {
                    let truth = flow.services.allSatisfy { $0.hasPrefix("other-") } ? truths[1] : truths[0]
                    #expect(Set(flow.services.map { $0.hasPrefix("other-") }).count == 1, "seed \(seed), \(share)")
                    #expect(Self.sendings(flow).isSubset(of: truth.sendings), "seed \(seed), \(share)")
                    #expect(Self.deliveries(flow).isSubset(of: truth.deliveries), "seed \(seed), \(share)")
                    #expect(flow.conflicts.isEmpty, "seed \(seed), \(share)")
                }
            }
        }
    }

    private static func withoutCauses(_ record: SpanRecord) -> SpanRecord {
        var record = record
        record.attributes[ThroughlineAttribute.causationID] = nil
        record.attributes[ThroughlineAttribute.causationIDs] = nil
        return record
    }

    private static func causes(_ flow: Flow) -> Set<String> {
        Set(flow.messages.flatMap { message in message.causes.map { "\($0) → \(message.id)" } })
    }

    private static func sendings(_ flow: Flow) -> Set<String> {
        Set(
            flow.publications.flatMap { publication in
                publication.senders.map { "\(publication.id.message) @ \(publication.id.destination) by \($0.spanID)" }
            })
    }

    private static func deliveries(_ flow: Flow) -> Set<String> {
        Set(
            flow.hops.flatMap { hop in
                hop.attempts.map { attempt in
                    let consumer = "\(hop.consumer.service)/\(hop.consumer.group ?? "")"
                    return "\(hop.message) @ \(hop.destination) to \(consumer) by \(attempt.operation.spanID)"
                }
            })
    }
}
