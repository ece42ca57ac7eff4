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
    }

    @Test func `what clocks that contradict each other say of a wait counts for no percentile`() throws {
        let skewed = map(GoldenFlow.skewed.records).deliveries
        #expect(skewed.map(\.consumer.service) == ["meters", "billing"])
        #expect(skewed.last?.queueTime == nil && skewed.last?.count == 1)
        var script = FlowScript(correlation: nil)
        for (number, start) in [30.0, 3, 50].enumerated() {
            let sent = script.send("a", "X", id: "\(number)", to: "x", at: 9, took: 1)
            script.process("b", "X", id: "\(number)", from: "x", at: start, took: 1, of: sent)
            script.process("b", "X", id: "\(number)", from: "x", at: start + 5, took: 1, of: sent, enqueued: 900)
        }
        let waits = try #require(map(script.records).deliveries.first?.queueTime)
        #expect(abs(Double(waits.p50) / 20e6 - 1) < 0.02 && abs(Double(waits.p99) / 40e6 - 1) < 0.02)
    }

    @Test func `there is a rate over the time that was asked for, and none otherwise`() throws {
        var map = map(LargeFlow.orders(count: 1_000))
        #expect(map.rate(1_000) == nil)
        let end = try #require(map.end)
        map.window = end..<end.advanced(byNanoseconds: 100_000_000_000)
        #expect(map.rate(1_000) == 10)
    }

    @Test func `handlers that come before their senders are timed all the same`() throws {
        let records = LargeFlow.orders(count: 200)
        #expect(map(records.reversed()).deliveries == map(records).deliveries)
    }

    @Test func `a dead letter waits since it was given up, as it does in a flow`() throws {
        let records = GoldenFlow.brokerDeadLetter.records
        for records in [records, records.reversed()] {
            let waits = map(records).deliveries.compactMap { $0.queueTime?.p50 }.map { Double($0) / 1e6 }
            #expect(waits.count == 2)
            #expect(zip(waits.sorted(), [5, 30]).allSatisfy { abs($0 / $1 - 1) < 0.02 })
        }
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
        #expect(delivery.count == 6 && delivery.attempts == 7 && delivery.retries == 1)
        #expect(delivery.errors == 1 && delivery.deadLetters == 1)
        #expect(delivery.backlog == 4)
        #expect(abs(delivery.retryShare - 1.0 / 7) < 1e-9 && abs(delivery.deadLetterShare - 1.0 / 6) < 1e-9)
        let size = try #require(map.destinations.first?.bodySize)
        #expect(abs(Double(size.p50) / 5_000 - 1) < 0.02 && abs(Double(size.p99) / 10_000 - 1) < 0.02)
        #expect(self.map(handled).deliveries.first?.backlog == nil)
    }

    @Test func `a delivery that succeeds in the end has not failed, and a retry has not waited in the queue`() throws {
        let attempts = [1, 2, 3].map {
            MapScript.process(
                1, attempt: $0, at: UInt64($0) * 60_000, fails: $0 < 3, settlement: $0 < 3 ? nil : .acknowledged)
        }
        let records = [MapScript.send(1, size: 10)] + attempts
        for records in [records, records.reversed(), records + records] {
            let delivery = try #require(map(records).deliveries.first)
            #expect(delivery.count == 1 && delivery.attempts == 3 && delivery.retries == 2 && delivery.errors == 0)
            #expect(delivery.backlog == 0)
            let (queue, retry) = (try #require(delivery.queueTime), try #require(delivery.retryTime))
            #expect(queue.p99 == 59_998_500_000 && queue.p50 == queue.p99)
            #expect(retry.p50 == 59_999_500_000)
        }
    }

    @Test func `what is handled once more after a success is a duplicate, and no retry`() throws {
        let seats = try #require(map(GoldenFlow.duplicates.records).deliveries.first { $0.consumer.service == "seats" })
        #expect(seats.count == 1 && seats.attempts == 2 && seats.duplicates == 1 && seats.retries == 0)
        #expect(seats.retryTime == nil && seats.retryShare == 0)
        let attempts = [(1, true), (2, false), (3, false), (4, true)].map { number, fails in
            MapScript.process(1, attempt: number, fails: fails, settlement: fails ? .requeued : .acknowledged)
        }
        let delivery = try #require(map(attempts).deliveries.first)
        #expect(delivery.attempts == 4 && delivery.duplicates == 1 && delivery.retries == 2)
    }

    @Test func `one id at two brokers is no message that moved from one to the other`() {
        let records = GoldenFlow.namesakes.records.filter { $0.resource.serviceName != "billing" }
        #expect(records.count == 3)
        let (map, flows) = (map(records), Flow.split(records))
        #expect(map.routes.isEmpty)
        #expect(flows.flatMap(\.publications).allSatisfy { $0.id.reason == .sent })
    }

    @Test func `a pull that no message is known of is no delivery`() {
        let map = map(PullTests.vain(batch: nil) + PullTests.vain(batch: 0))
        #expect(map.deliveries.isEmpty && map.destinations.isEmpty && map.services == ["billing"])
    }

    @Test func `work that has not ended is counted until it has`() throws {
        let begun = map(GoldenFlow.unfinished.records)
        let unfinished = begun.deliveries.filter { $0.unfinished > 0 }
        #expect(unfinished.map(\.count) == [1] && unfinished.allSatisfy { $0.errors == 0 && $0.backlog == 1 })
        var started = MapScript.process(1, attempt: 1, fails: false)
        let ended = started
        started.end = nil
        for records in [[started, ended], [ended, started]] {
            #expect(map(records).deliveries.map(\.unfinished) == [0] && map(records).deliveries.map(\.count) == [1])
        }
    }

    @Test func `what the broker moves by itself is a route`() {
        let routed = map(GoldenFlow.routed.records)
        #expect(!routed.routes.isEmpty && routed.routes.allSatisfy { !$0.isDeadLetter && $0.count == 1 })
        let dead = map(GoldenFlow.brokerDeadLetter.records).routes
        #expect(dead.map(\.isDeadLetter) == [true])
        #expect(map(GoldenFlow.order.records).routes.isEmpty)
    }

    /// What flows show of many messages is what the map counts.
    @Test(arguments: GoldenFlow.allCases)
    func `a map counts what the flow shows, whatever the order of its spans`(_ golden: GoldenFlow) {
        struct Counts: Hashable {
            var deliveries = 0
            var attempts = 0
            var failed = 0
            var deadLetters = 0
            var unfinished = 0
        }
        var shown: [String: Counts] = [:]
        for flow in Flow.split(golden.records) {
            for hop in flow.hops where !hop.destination.isEmpty {
                let name = "\(hop.destination) → \(hop.consumer.service)\(hop.isReplay ? ", replayed" : "")"
                shown[name, default: Counts()].deliveries += 1
                shown[name, default: Counts()].attempts += hop.attempts.count
                shown[name, default: Counts()].failed += hop.failed && hop.settlement != .requeued ? 1 : 0
                shown[name, default: Counts()].deadLetters += hop.isDeadLetter ? 1 : 0
                shown[name, default: Counts()].unfinished += hop.isUnfinished ? 1 : 0
            }
        }
        var random = SeededGenerator(seed: 3)
        let first = MapJSON.text(of: map(golden.records))
        let again = golden.records + golden.records.filter { $0.kind == .producer || $0.kind == .consumer }
        for records in [golden.records, golden.records.shuffled(using: &random), again] {
            let map = map(records)
            #expect(MapJSON.text(of: map) == first)
            var counted: [String: Counts] = [:]
            for delivery in map.deliveries {
                let name =
                    "\(delivery.destination) → \(delivery.consumer.service)\(delivery.isReplay ? ", replayed" : "")"
                counted[name, default: Counts()].deliveries += delivery.count
                counted[name, default: Counts()].attempts += delivery.attempts
                counted[name, default: Counts()].failed += delivery.errors
                counted[name, default: Counts()].deadLetters += delivery.deadLetters
                counted[name, default: Counts()].unfinished += delivery.unfinished
            }
            #expect(counted == shown)
        }
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
        _ number: UInt64, attempt: Int, at milliseconds: UInt64? = nil, fails: Bool,
        settlement: Settlement? = .acknowledged
    ) -> SpanRecord {
        var record = record(
            number + 100 * UInt64(attempt), "process", .consumer, "billing",
            [ThroughlineAttribute.attempt: .int(Int64(attempt))])
        if let milliseconds {
            record.start = Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000)
            record.end = record.start.advanced(byNanoseconds: 500_000)
        }
        if let settlement { record.attributes[ThroughlineAttribute.settlement] = .string(settlement.rawValue) }
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
