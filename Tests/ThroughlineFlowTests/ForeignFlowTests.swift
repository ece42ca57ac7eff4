import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// Spans of other recorders give the flow that a person reads from them.
@Suite struct ForeignFlowTests {
    @Test(arguments: ForeignFlow.allCases)
    func `who sent, who handled and what that led to is the same whoever recorded it`(foreign: ForeignFlow) {
        let flow = Flow(foreign.records)
        #expect(flow.messages.filter(\.isRecorded).count == 2)
        #expect(flow.hops.map(\.consumer.service) == ["billing", "mail"])
        #expect(flow.hops.map { $0.attempts.count } == [1, 1])
        #expect(flow.messages.last?.causes == flow.messages.first.map { [$0.id] })
        #expect(flow.publications.filter { !$0.senders.isEmpty }.map(\.services) == [["shop"], ["billing"]])
        #expect(flow.conflicts.isEmpty && flow.gaps.isEmpty)
        #expect(flow.criticalPath.count == 2)
        #expect(Flow.split(foreign.records).count == 1)
    }

    @Test func `destinations are called the same by producers and consumers`() {
        func destinations(_ foreign: ForeignFlow) -> [String] {
            Flow(foreign.records).publications.map(\.id.destination)
        }
        let plain: [ForeignFlow] = [
            .openTelemetryOld, .brave, .datadog, .skyWalking, .massTransit, .wolverine, .amqplibQueue, .azure,
        ]
        for foreign in plain {
            #expect(destinations(foreign) == ["orders", "payments"], "\(foreign)")
        }
        for foreign in [ForeignFlow.openTelemetryNew, .amqplib] {
            #expect(
                destinations(foreign) == [
                    "shop:orders", "shop:orders:orders-queue", "shop:payments", "shop:payments:payments-queue",
                ], "\(foreign)")
        }
        #expect(
            destinations(.openTelemetryRabbit) == ["shop:orders", "orders-queue", "shop:payments", "payments-queue"])
    }

    @Test func `the broker is known by name, attribute or the other side of the span`() {
        func system(_ foreign: ForeignFlow) -> String? { Flow(foreign.records).publications.first?.system }
        for foreign in [ForeignFlow.openTelemetryOld, .brave, .datadog, .skyWalking] {
            #expect(system(foreign) == "kafka", "\(foreign)")
        }
        #expect(system(.openTelemetryRabbit) == "rabbitmq")
    }

    @Test func `types, groups and waits are read where they are`() {
        func flow(_ foreign: ForeignFlow) -> Flow { Flow(foreign.records) }
        #expect(flow(.nServiceBus).messages.map(\.type) == ["Shop.OrderPlaced", "Shop.PaymentCharged"])
        #expect(flow(.nServiceBus).messages.map(\.intent) == [.command, .event])
        #expect(flow(.massTransit).messages.map(\.type) == ["Shop.OrderPlaced", "Shop.PaymentCharged"])
        #expect(flow(.wolverine).messages.map(\.type) == ["Shop.OrderPlaced", "Shop.PaymentCharged"])
        for foreign in [ForeignFlow.openTelemetryOld, .datadog, .skyWalking] {
            #expect(flow(foreign).hops.map(\.consumer.group) == ["workers", "workers"], "\(foreign)")
        }
        #expect(flow(.datadog).hops.map(\.queueTime) == [4_000_000, 4_000_000])
        #expect(flow(.skyWalking).hops.map(\.queueTime) == [4_000_000, 4_000_000])
    }

    @Test func `RabbitMQ's default exchange is the queue that is called like the key, however it is written`() {
        for exchange in ["", "<default>", "amq.default"] {
            let attributes: Attributes = [
                "messaging.system": "rabbitmq", "messaging.destination.name": .string(exchange),
                "messaging.rabbitmq.destination.routing_key": "orders", "messaging.url": "amqp://broker",
            ]
            for (name, kind) in [("\(exchange) publish", SpanKind.producer), ("orders process", .consumer)] {
                let record = SpanRecord(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, kind: kind,
                    start: FlowScript.at(0), attributes: attributes)
                #expect(MessageView(record)?.destination == "orders", "\(name)")
            }
        }
    }

    @Test func `the queue of SQS is known by its address where nothing else names it`() {
        let record = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "SQS.SendMessage", kind: .producer,
            start: FlowScript.at(0),
            attributes: [
                "messaging.system": "AmazonSQS",
                "messaging.url": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
            ])
        #expect(MessageView(record)?.destination == "orders")
    }

    @Test func `Datadog's resource and group are read under the Collector's and its Python agent's names`() {
        let sent = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "kafka.produce", kind: .producer,
            start: FlowScript.at(0),
            attributes: ["dd.span.Resource": "Produce Topic orders", "component": "java-kafka"])
        #expect(MessageView(sent)?.destination == "orders")
        let handled = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(2), name: "kafka.consume", kind: .consumer,
            start: FlowScript.at(0),
            attributes: ["kafka.topic": "orders", "kafka.group_id": "workers", "component": "aiokafka"])
        #expect(MessageView(handled)?.group == "workers")
    }

    @Test func `what SkyWalking's clients call on other threads belongs to the span that it runs below`() {
        for name in ["Kafka/Producer/Callback", "Pulsar/orders/Consumer/MessageListener"] {
            let record = SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, kind: .unspecified,
                start: FlowScript.at(0), attributes: ["mq.topic": "orders"])
            #expect(MessageView(record)?.operation == nil, "\(name)")
        }
    }

    @Test func `whoever sends a message once more is named beside who sent it first`() {
        var script = FlowScript(correlation: nil)
        let first = script.send("shop", "Order", id: "m", to: "orders", at: 0)
        script.process("billing", "Order", id: "m", from: "orders", at: 5, took: 5, of: first, error: "Refused")
        let again = script.send("support", "Order", id: "m", to: "orders", at: 100)
        script.process("billing", "Order", id: "m", from: "orders", at: 105, took: 5, of: again)
        let tree = FlowTree.text(of: Flow(script.records))
        #expect(tree.contains("shop emits Order → orders") && tree.contains("also sent by support"))
    }

    @Test func `a handler below a plain span of another service stands there, once, with its message`() throws {
        var script = FlowScript(correlation: nil)
        let request = script.work("web", "POST /push", kind: .server, at: 0, took: 20)
        let handled = script.process("worker", nil, id: nil, from: "jobs", at: 5, took: 10, of: request)
        script.work("worker", "resize", at: 6, took: 4, in: handled)
        let lines = FlowTree.text(of: Flow(script.records)).split(separator: "\n")
        #expect(lines[1].hasPrefix("web · POST /push"))
        #expect(lines[2].hasPrefix("└─ sender unknown (") && lines[2].contains("emits message → jobs ▸ worker"))
        #expect(lines[3].hasPrefix("   └─ resize"))
        #expect(lines.count { $0.contains("worker") } == 1)
    }

    @Test func `MassTransit's initiator is the correlation id of the cause, also across traces`() throws {
        var records = ForeignFlow.massTransit.records
        // Without any context between the services only the ids are left.
        for place in records.indices {
            records[place].traceID = TraceID(high: UInt64(place + 1), low: 1)
            records[place].parentID = nil
            records[place].links = []
        }
        let flow = Flow(records)
        #expect(flow.messages.last?.causes == [.named("m-1")])
        let edge = try #require(flow.edges.first { $0.relation == .causes })
        #expect(edge.evidence == .causationID)
    }

    /// As Azure's clients for .NET, Python, Java and Go write them, and as the conventions before 1.27 and Datadog do.
    @Test(arguments: [
        ("ServiceBusReceiver.DeadLetter", ["messaging.operation": "settle"], Settlement.deadLettered),
        ("ServiceBusReceiver.Complete", ["messaging.operation": "settle"], .acknowledged),
        ("ServiceBusReceiver.Abandon", ["messaging.operation": "settle"], .requeued),
        ("ServiceBusReceiver.Defer", ["messaging.operation": "settle"], .deferred),
        ("ServiceBus.dead-letter", ["messaging.operation": "settle"], .deadLettered),
        ("ServiceBus.deadLetter", [:], .deadLettered), ("ServiceBus.release", [:], .requeued),
        ("settle", ["messaging.operation.type": "settle", "messaging.operation.name": "dead_letter"], .deadLettered),
        ("orders complete", ["messaging.operation": "settle"], .acknowledged),
        ("x", ["messaging.operation": "settle", "messaging.servicebus.disposition_status": "abandon"], .requeued),
        ("amqp.command", ["amqp.command": "basic.nack"], .requeued),
    ])
    func `a settlement is read where it is said, if only in the name`(
        name: String, more: [String: String], settlement: Settlement
    ) throws {
        func record(_ name: String) -> SpanRecord {
            var attributes: Attributes = ["messaging.system": "servicebus", "messaging.destination.name": "orders"]
            for (key, value) in more { attributes[key] = .string(value) }
            return SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, kind: .client,
                start: FlowScript.at(0), attributes: attributes)
        }
        let view = try #require(MessageView(record(name)))
        #expect(view.operation == .settle && view.settlement == settlement)
    }

    @Test func `what Azure's client dead-letters in a span of its own is a dead letter`() throws {
        var records = ForeignFlow.azure.records
        let place = try #require(records.firstIndex { $0.name == "ServiceBusReceiver.Complete" })
        #expect(Flow(records).hops.map(\.settlement) == [.acknowledged, nil])
        records[place].name = "ServiceBusReceiver.DeadLetter"
        let flow = Flow(records)
        #expect(flow.hops.first?.isDeadLetter == true && flow.deadLetterCount == 1)
        #expect(FlowTree.text(of: flow).contains("✗ dead letter"))
        // What could not be set aside was not.
        records[place].status = .error("lock lost")
        #expect(Flow(records).deadLetterCount == 0 && Flow(records).hops.first?.settlement == nil)
        records[place].status = SpanStatus(code: .unset)
        for (name, words) in [("ServiceBusReceiver.Abandon", " given back"), ("ServiceBusReceiver.Defer", " deferred")]
        {
            records[place].name = name
            #expect(FlowTree.text(of: Flow(records)).contains(words))
        }
        // Locks that are renewed settle nothing.
        records[place].name = "ServiceBusReceiver.RenewMessageLock"
        #expect(Flow(records).hops.first?.settlement == nil)
    }

    @Test func `requests, queries and calls are no messages`() {
        for (name, kind, attributes) in [
            ("GET /orders", SpanKind.server, ["http.request.method": "GET"] as Attributes),
            ("SELECT", .client, ["db.system": "postgresql", "db.statement": "select 1"]),
            ("shop.Pricing/Quote", .client, ["rpc.system": "grpc", "rpc.method": "Quote"]),
            ("servlet.request", .internal, ["operation.name": "servlet.request", "span.kind": "server"]),
        ] {
            let record = SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, kind: kind, start: FlowScript.at(0),
                attributes: attributes)
            #expect(MessageView(record) == nil, "\(name)")
        }
    }

    @Test func `names in either order tell the operation and the destination where attributes do not`() throws {
        func view(_ name: String, _ kind: SpanKind, _ more: Attributes = [:]) -> MessageView? {
            var attributes: Attributes = ["messaging.system": "kafka"]
            for element in more { attributes[element.key] = element.value }
            return MessageView(
                SpanRecord(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, kind: kind,
                    start: FlowScript.at(0), attributes: attributes))
        }
        #expect(view("publish orders", .producer)?.destination == "orders")
        #expect(view("orders publish", .producer)?.destination == "orders")
        #expect(view("receive orders", .client)?.operation == .receive)
        #expect(view("orders receive", .consumer)?.operation == .receive)
        #expect(view("ack orders", .client)?.operation == .settle)
        #expect(view("send broker:9092", .client)?.destination == nil)
        #expect(view("x", .consumer, ["messaging.operation": "deliver"])?.operation == .process)
        #expect(view("x", .producer, ["messaging.operation": "publish"])?.operation == .send)
        #expect(view("x", .client, ["messaging.operation.type": "receive"])?.operation == .receive)
    }
}
