import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

@Suite struct KnowledgeTests {
    private let now = FlowScript.at(3_600_000)

    @Test func `who listens to a flow's destinations is known from other flows`() throws {
        let scratch = try Scratch()
        try store(LargeFlow.orders(count: 20), at: scratch.path())
        let reader = try TraceReader(path: scratch.path())
        var script = FlowScript(correlation: "late", seed: 99)
        script.send("orders", "OrderPlaced", id: "late-1", to: "orders", at: 1)
        let knowledge = try reader.knowledge(of: script.records, now: now)
        #expect(knowledge.consumers["orders"]?.map(\.service).sorted() == ["billing", "inventory", "notifications"])
        #expect(knowledge.retainedSince == nil)
        let missing = Flow(script.records, knowing: knowledge).gaps.compactMap { gap -> String? in
            if case .delivery(_, let consumer) = gap.missing { return consumer.service }
            return nil
        }
        #expect(missing.sorted() == ["billing", "inventory", "notifications"])
    }

    @Test func `what retention has deleted is known to be gone`() throws {
        let scratch = try Scratch()
        let records = LargeFlow.orders(count: 20)
        let store = try TraceStore(path: scratch.path())
        try store.write(records)
        try store.flush()
        let starts = records.map(\.start).sorted()
        _ = try store.prune(olderThan: starts[starts.count / 2])
        store.close()
        let knowledge = try TraceReader(path: scratch.path()).knowledge(of: records, now: now)
        let since = try #require(knowledge.retainedSince)
        #expect(since > starts[0])
    }
}
