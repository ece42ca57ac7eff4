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
        #expect(
            map.destinations == [
                ServiceMap.Destination(name: "orders", system: "kafka", messages: 1_000, bodySize: nil)
            ])
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

    @Test func `requests between services are calls, whichever end was recorded first`() throws {
        let records = GoldenFlow.requests.records
        for map in [map(records), map(records.reversed())] {
            let call = try #require(map.calls.first)
            #expect(map.calls.count == 1)
            #expect(call.caller == "shop" && call.called == "pricing" && call.count == 1 && call.errors == 0)
            #expect(call.duration?.p50 == 50_000_000)
        }
    }

    @Test func `a builder with little memory forgets waits, never counts`() {
        let map = map(LargeFlow.orders(count: 500).sorted { $0.name < $1.name }, rememberedMessages: 10)
        #expect(map.deliveries.map(\.count) == [500, 500, 500])
    }

    @Test func `retries, dead letters, sizes and what still waits are counted`() throws {
        let sent = (1...10).map { MapScript.send(.init($0), size: 1_000 * $0) }
        let handled = (1...6).map { MapScript.process(.init($0), attempt: 1, fails: $0 == 6) }
        let retried = [MapScript.process(6, attempt: 2, fails: true, settlement: .deadLettered)]
        let map = map(sent + handled + retried)
        let delivery = try #require(map.deliveries.first)
        #expect(delivery.count == 7 && delivery.retries == 1 && delivery.errors == 2 && delivery.deadLetters == 1)
        #expect(delivery.backlog == 4)
        #expect(abs(delivery.retryShare - 1.0 / 7) < 1e-9 && abs(delivery.deadLetterShare - 1.0 / 7) < 1e-9)
        let size = try #require(map.destinations.first?.bodySize)
        #expect(abs(Double(size.p50) / 5_000 - 1) < 0.02 && abs(Double(size.p99) / 10_000 - 1) < 0.02)
        #expect(self.map(handled).deliveries.first?.backlog == nil)
    }

    @Test func `spans that have not ended are left for when they have`() {
        #expect(map(GoldenFlow.unfinished.records).deliveries.map(\.consumer.service) == ["thumbnails"])
    }

    @Test func `the sketch is right to within two percent over the whole range`() {
        for exponent in 0..<62 {
            var sketch = PercentileSketch()
            let value = UInt64(1) << exponent + UInt64(1) << max(0, exponent - 2)
            sketch.add(value)
            let found = sketch.percentile(0.5) ?? 0
            #expect(abs(Double(found) / Double(value) - 1) < 0.02, "\(value)")
        }
        var largest = PercentileSketch()
        largest.add(.max)
        #expect(largest.percentile(1) != nil)
    }
}

private enum MapScript {
    static func send(_ number: UInt64, size: Int) -> SpanRecord {
        record(number, "send", .producer, "orders", [MessagingAttribute.bodySize: .int(Int64(size))])
    }

    static func process(
        _ number: UInt64, attempt: Int64, fails: Bool, settlement: Settlement = .acknowledged
    ) -> SpanRecord {
        var record = record(
            number + 100 * UInt64(attempt), "process", .consumer, "billing",
            [
                ThroughlineAttribute.attempt: .int(attempt),
                ThroughlineAttribute.settlement: .string(settlement.rawValue),
            ])
        record.attributes[MessagingAttribute.messageID] = .string("m\(number)")
        if fails { record.status = .error("refused") }
        return record
    }

    private static func record(
        _ number: UInt64, _ operation: String, _ kind: SpanKind, _ service: String, _ more: [String: AttributeValue]
    ) -> SpanRecord {
        var attributes: Attributes = [
            MessagingAttribute.system: .string("kafka"), MessagingAttribute.operationType: .string(operation),
            MessagingAttribute.destinationName: .string("orders"),
            MessagingAttribute.messageID: .string("m\(number)"),
        ]
        for (key, value) in more { attributes[key] = value }
        return SpanRecord(
            traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: operation, kind: kind,
            start: Timestamp(nanosecondsSinceEpoch: number * 1_000_000),
            end: Timestamp(nanosecondsSinceEpoch: number * 1_000_000 + 500_000), attributes: attributes,
            resource: Resource(attributes: ["service.name": .string(service)]))
    }
}
