import FlowFixtures
import Testing
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// The map that is read from columns is the one that is made of records.
@Suite struct MapTests {
    private func mapped(_ records: [SpanRecord], from: Timestamp? = nil, to: Timestamp? = nil) throws -> ServiceMap {
        let scratch = try Scratch()
        try store(records, at: scratch.path())
        return try TraceReader(path: scratch.path()).map(from: from, to: to)
    }

    private func built(_ records: [SpanRecord]) -> ServiceMap {
        var builder = MapBuilder()
        for record in records { builder.add(record) }
        return builder.map
    }

    @Test(arguments: GoldenFlow.allCases)
    func `golden flows have the same map from the store as in memory`(_ flow: GoldenFlow) throws {
        let (stored, built) = (try mapped(flow.records), built(flow.records))
        #expect(MapJSON.text(of: stored) == MapJSON.text(of: built))
    }

    @Test(arguments: ForeignFlow.allCases)
    func `so have flows that others recorded`(_ flow: ForeignFlow) throws {
        let (stored, built) = (try mapped(flow.records), built(flow.records))
        #expect(MapJSON.text(of: stored) == MapJSON.text(of: built))
        // NServiceBus names no destination.
        let services = flow == .nServiceBus ? [] : ["billing", "mail"]
        #expect(stored.deliveries.map(\.consumer.service).sorted() == services)
    }

    @Test func `a message that Datadog's agent saw being pulled is a delivery, and a pull below anything else is none`()
        throws
    {
        func command(_ number: UInt64, _ service: String, _ attributes: Attributes) -> SpanRecord {
            let start = Timestamp(nanosecondsSinceEpoch: number * 1_000_000)
            return SpanRecord(
                traceID: TraceID(high: 3, low: 1), spanID: SpanID(number), parentID: number > 1 ? SpanID(1) : nil,
                name: "amqp.command", kind: .internal, start: start, end: start.advanced(byNanoseconds: 1_000),
                attributes: attributes, resource: Resource(attributes: ["service.name": .string(service)]))
        }
        let sent = command(
            1, "shop",
            [
                "amqp.command": "basic.publish", "amqp.exchange": "", "amqp.routing_key": "jobs",
                "span.kind": "producer",
            ])
        let pull: Attributes = [
            "amqp.command": "basic.get", "amqp.queue": "jobs", "span.kind": "consumer", "message.size": "42",
        ]
        let map = try mapped([sent, command(9, "worker", pull)])
        #expect(map.deliveries.map(\.consumer.service) == ["worker"] && map.deliveries[0].count == 1)
        #expect(map.deliveries[0].queueTime?.p50 ?? 0 > 7_000_000)
        #expect(try mapped([command(1, "worker", [:]), command(9, "worker", pull)]).deliveries.isEmpty)
    }

    /// As Azure's processor writes it: the child names no message, and what it does with it is its name.
    @Test(arguments: [("DeadLetter", false, 1), ("DeadLetter", true, 0), ("Abandon", false, 0)])
    func `what a child settles counts for the message of its handler, unless it failed`(
        _ name: String, _ failed: Bool, _ deadLetters: Int
    ) throws {
        var script = FlowScript(correlation: nil)
        script.system = "servicebus"
        let sent = script.send("billing", nil, id: nil, to: "invoices", at: 0)
        let handler = script.process(
            "archive", nil, id: nil, from: "invoices", at: 10, took: 8, of: sent, settled: nil, error: "broken")
        let settling = script.work(
            "archive", "ServiceBusReceiver.\(name)", kind: .client, at: 12, took: 2, in: handler,
            error: failed ? "gone" : nil)
        script.set(
            [MessagingAttribute.system: "servicebus", MessagingAttribute.destinationName: "invoices"], on: settling)
        // A child ends, and is stored, before its parent; files have them in any order.
        for records in [script.records, script.records.reversed()] {
            let stored = try mapped(records)
            #expect(MapJSON.text(of: stored) == MapJSON.text(of: built(records)))
            #expect(stored.deliveries.map(\.count) == [1] && stored.deliveries.map(\.deadLetters) == [deadLetters])
            let flow = try #require(Flow.split(records).first)
            #expect(flow.deadLetterCount == deadLetters)
        }
    }

    @Test func `what a child settles counts for each message of a batch, and for those that nobody knows`() throws {
        var script = FlowScript(correlation: nil)
        let messages = (1...3).map { number in
            let id = "m-\(number)"
            return (id: Optional(id), sender: script.send("shop", nil, id: id, to: "orders", at: Double(number)))
        }
        let batch = script.processBatch(
            "billing", nil, of: messages, from: "orders", at: 10, took: 5, settled: nil)
        script.settle("billing", id: nil, from: "orders", as: .deadLettered, at: 12, in: batch)
        #expect(try mapped(script.records).deliveries.map(\.deadLetters) == [3])
        var unknown = FlowScript(correlation: nil)
        let handler = unknown.process("audit", nil, id: nil, from: "orders", at: 0, took: 5, settled: nil)
        unknown.settle("audit", id: nil, from: "orders", as: .deadLettered, at: 2, in: handler)
        #expect(try mapped(unknown.records.reversed()).deliveries.map(\.deadLetters) == [1])
    }

    @Test func `so have many orders, and spans that chance made`() throws {
        var random = RandomSpans(seed: 5)
        for records in [LargeFlow.orders(count: 300), random.next(2_000)] {
            let (stored, built) = (try mapped(records), built(records))
            #expect(MapJSON.text(of: stored) == MapJSON.text(of: built))
        }
    }

    @Test func `words of older conventions, batches and sizes are read as a whole`() throws {
        func record(_ number: UInt64, _ kind: SpanKind, _ attributes: Attributes) -> SpanRecord {
            let start = Timestamp(nanosecondsSinceEpoch: number * 1_000_000)
            return SpanRecord(
                traceID: TraceID(high: 3, low: 1), spanID: SpanID(number), parentID: number > 1 ? SpanID(1) : nil,
                name: "span", kind: kind, start: start, end: start.advanced(byNanoseconds: 1_000),
                attributes: attributes, resource: Resource(attributes: ["service.name": .string("s\(number)")]))
        }
        let records = [
            record(1, .producer, ["messaging.system": .string("kafka"), "messaging.destination": .string("orders")]),
            record(
                2, .consumer,
                [
                    "messaging.system": .string("kafka"), "messaging.destination": .string("orders"),
                    "messaging.operation": .string("process"), "messaging.kafka.consumer.group": .string("billing"),
                ]),
            record(
                3, .consumer,
                [
                    MessagingAttribute.system: .string("kafka"), MessagingAttribute.operationType: .string("process"),
                    MessagingAttribute.destinationName: .string("orders"),
                    MessagingAttribute.batchMessageCount: .int(5),
                ]),
            record(
                4, .producer,
                [
                    MessagingAttribute.system: .string("kafka"), MessagingAttribute.operationType: .string("send"),
                    MessagingAttribute.destinationName: .string("orders"), MessagingAttribute.bodySize: .int(2_048),
                    "note": .string(#"says "messaging.message.body.size":7 and "messaging.batch.message_count":9"#),
                    "error.type": .string("Refused"),
                ]),
            record(5, .internal, ["http.request.method": .string("GET")]),
        ]
        let map = try mapped(records)
        #expect(MapJSON.text(of: map) == MapJSON.text(of: built(records)))
        #expect(map.deliveries.map(\.count) == [1, 5])
        #expect(map.destinations.map(\.messages) == [1])
        #expect(map.services.count == 5)
    }

    @Test func `a message is the same by the id in its column and by the one on a batch's link`() throws {
        let ids = (0..<3).map { "0198b2c4-7d5e-7000-8000-00000000000\($0)" }
        func record(_ number: UInt64, _ kind: SpanKind, _ operation: String, _ id: String?) -> SpanRecord {
            let start = Timestamp(nanosecondsSinceEpoch: number * 1_000_000)
            var attributes: Attributes = [
                MessagingAttribute.system: "kafka", MessagingAttribute.operationType: .string(operation),
                MessagingAttribute.destinationName: "readings",
            ]
            if let id { attributes[MessagingAttribute.messageID] = .string(id) }
            return SpanRecord(
                traceID: TraceID(high: 3, low: number), spanID: SpanID(number), name: operation, kind: kind,
                start: start, end: start.advanced(byNanoseconds: 500_000), attributes: attributes,
                resource: Resource(attributes: ["service.name": .string(operation)]))
        }
        let sends = ids.enumerated().map { record(UInt64($0) + 1, .producer, "send", $1) }
        var batch = record(20, .consumer, "process", nil)
        batch.links = zip(sends, ids).map { send, id in
            SpanLink(
                context: SpanContext(traceID: send.traceID, spanID: send.spanID),
                attributes: [
                    ThroughlineAttribute.linkType: .string(LinkType.batchMember.rawValue),
                    MessagingAttribute.messageID: .string(id),
                ])
        }
        let retried = record(40, .consumer, "process", ids[1])
        let map = try mapped(sends + [batch, retried])
        #expect(MapJSON.text(of: map) == MapJSON.text(of: built(sends + [batch, retried])))
        #expect(map.deliveries.map(\.count) == [3] && map.deliveries.map(\.duplicates) == [1])
        #expect(map.deliveries.first?.queueTime?.p99 == 18_500_000 && map.deliveries.first?.backlog == 0)
    }

    @Test func `a window leaves out what started outside of it`() throws {
        let records = LargeFlow.orders(count: 100)
        let starts = records.map(\.start).sorted()
        let (from, to) = (starts[starts.count / 4], starts[starts.count / 2])
        let inside = records.filter { $0.start >= from && $0.start < to }
        let map = try mapped(records, from: from, to: to)
        var expected = built(inside)
        expected.window = from..<to
        #expect(MapJSON.text(of: map) == MapJSON.text(of: expected))
        #expect(try mapped(records, from: from).window == nil)
    }
}
