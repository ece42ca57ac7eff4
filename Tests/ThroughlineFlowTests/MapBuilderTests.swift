import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

@Suite struct MapBuilderTests {
    private func map(_ records: [SpanRecord], rememberedMessages: Int = 100_000) -> ServiceMap {
        var builder = MapBuilder(rememberedMessages: rememberedMessages)
        for record in records { builder.add(record) }
        return builder.map
    }

    @Test func `a map counts what each service sends and what each consumer handles`() throws {
        let map = map(LargeFlow.orders(count: 1_000))
        #expect(map.services == ["billing", "inventory", "notifications", "orders"])
        #expect(map.destinations == [ServiceMap.Destination(name: "orders", system: "kafka", messages: 1_000)])
        #expect(map.emissions.map(\.count) == [1_000] && map.emissions.map(\.type) == ["OrderPlaced"])
        #expect(map.deliveries.map(\.count) == [1_000, 1_000, 1_000])
        #expect(map.deliveries.map(\.errors) == [0, 0, 4])
    }

    @Test func `percentiles of the time in the queue are right to within two percent`() throws {
        let map = map(LargeFlow.orders(count: 1_000))
        let slow = try #require(map.deliveries.last?.queueTime)
        #expect(abs(Double(slow.p50) / 5e6 - 1) < 0.02)
        #expect(abs(Double(slow.p99) / 2.1e9 - 1) < 0.02)
        let rate = try #require(map.rate(1_000))
        #expect(rate > 95 && rate < 130)
    }

    @Test func `handlers that come before their senders are timed all the same`() throws {
        let records = LargeFlow.orders(count: 200)
        #expect(map(records.reversed()).deliveries == map(records).deliveries)
    }

    @Test func `a builder with little memory forgets waits, never counts`() {
        let map = map(LargeFlow.orders(count: 500).sorted { $0.name < $1.name }, rememberedMessages: 10)
        #expect(map.deliveries.map(\.count) == [500, 500, 500])
    }

    @Test func `spans that have not ended are left for when they have`() {
        #expect(map(GoldenFlow.unfinished.records).deliveries.map(\.consumer.service) == ["thumbnails"])
    }

    @Test func `the sketch is right to within two percent over the whole range`() {
        for exponent in 0..<62 {
            var sketch = LatencySketch()
            let value = UInt64(1) << exponent + UInt64(1) << max(0, exponent - 2)
            sketch.add(value)
            let found = sketch.percentile(0.5) ?? 0
            #expect(abs(Double(found) / Double(value) - 1) < 0.02, "\(value)")
        }
        var largest = LatencySketch()
        largest.add(.max)
        #expect(largest.percentile(1) != nil)
    }
}
