import Testing
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// A message of a client for any broker.
protocol PlainMessage: PublishableMessage, Sendable {
    var headers: [String: String] { get set }
    init()
}

extension PlainMessage {
    var destination: String { "orders" }
    static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
    static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: String]) {
        headers[name] = value
    }
    init(_ headers: [String: String]) {
        self.init()
        self.headers = headers
    }
}

struct KafkaLike: PlainMessage {
    static let system = MessagingSystem.kafka
    var headers: [String: String] = [:]
}

struct RabbitLike: PlainMessage {
    static let system = MessagingSystem.rabbitmq
    var headers: [String: String] = [:]
    var correlation: String?
    var native: String?
    var details: MessageDetails {
        MessageDetails(messageID: native ?? headers["NServiceBus.MessageId"], correlationID: correlation)
    }
}

struct NATSLike: PlainMessage {
    static let system = MessagingSystem.nats
    var headers: [String: String] = [:]
}

struct MQTTLike: PlainMessage {
    static let system = MessagingSystem.mqtt
    var headers: [String: String] = [:]
}

struct EnvelopeMessage: TraceableMessage, Sendable {
    static let system = MessagingSystem.rabbitmq
    var destination: String { "orders" }
    var headers: [String: String] = [:]
    var body: [UInt8]
    var envelope: EnvelopeIdentity? { EnvelopeIdentity(contentType: headers["content-type"], body: body) }

    init(_ type: String, _ text: String, _ headers: [String: String] = [:]) {
        self.headers = headers
        self.headers["content-type"] = type
        body = Array(text.utf8)
    }
    static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
}

@Suite struct SchemeTests {
    private func handled(_ message: some TraceableMessage & Sendable) async throws -> SpanRecord {
        let bench = Bench()
        await bench.tracing.process(message) { _ in }
        return try #require(await bench.spans().first)
    }

    private func text(_ record: SpanRecord, _ name: String) -> String? { record.attributes[name]?.stringValue }

    @Test func `CloudEvents on Kafka`() async throws {
        let record = try await handled(
            KafkaLike([
                "ce_specversion": "1.0", "ce_id": "e2", "ce_source": "/billing", "ce_type": "shop.PaymentCharged",
                "ce_correlationid": "flow-1", "ce_causationid": "e1",
                "ce_traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ]))
        #expect(text(record, MessagingAttribute.messageID) == "e2")
        #expect(text(record, MessagingAttribute.conversationID) == "flow-1")
        #expect(text(record, ThroughlineAttribute.causationID) == "e1")
        #expect(text(record, ThroughlineAttribute.messageType) == "shop.PaymentCharged")
        #expect(record.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test func `CloudEvents under the prefixes of AMQP, NATS and MQTT`() async throws {
        for message in [
            try await handled(RabbitLike(["cloudEvents:specversion": "1.0", "cloudEvents:id": "e1"])),
            try await handled(RabbitLike(["cloudEvents_specversion": "1.0", "cloudEvents_id": "e1"])),
            try await handled(NATSLike(["ce-specversion": "1.0", "ce-id": "e1"])),
            try await handled(MQTTLike(["specversion": "1.0", "id": "e1"])),
        ] {
            #expect(text(message, MessagingAttribute.messageID) == "e1")
            #expect(text(message, MessagingAttribute.conversationID) == "e1")
        }
    }

    /// The chain of the CloudEvents correlation extension: every event of a transaction has the same correlationid, and
    /// the id of the event before as its causationid.
    @Test func `the chain of the CloudEvents correlation extension, written and read`() async throws {
        let bench = Bench { $0.writes = .cloudEvents(source: "/orders") }
        let sent = Sent<KafkaLike>()
        await bench.tracing.publish(KafkaLike(), type: "OrderPlaced") { await sent.add($0) }
        for type in ["PaymentCharged", "OrderShipped"] {
            let cause = try #require(await sent.messages.last)
            await bench.tracing.process(cause) { _ in
                await bench.tracing.publish(KafkaLike(), type: type) { await sent.add($0) }
            }
        }
        let headers = await sent.messages.map(\.headers)
        #expect(headers.map { $0["ce_specversion"] } == ["1.0", "1.0", "1.0"])
        #expect(headers.map { $0["ce_type"] } == ["OrderPlaced", "PaymentCharged", "OrderShipped"])
        #expect(headers.allSatisfy { $0["ce_source"] == "/orders" && $0["ce_time"]?.hasSuffix("Z") == true })
        #expect(headers[0]["ce_causationid"] == nil)
        #expect(headers[1]["ce_causationid"] == headers[0]["ce_id"])
        #expect(headers[2]["ce_causationid"] == headers[1]["ce_id"])
        #expect(Set(headers.map { $0["ce_correlationid"] }) == [headers[0]["ce_id"]])
        #expect(headers.allSatisfy { $0["message-id"] == nil && $0["traceparent"] != nil })
        // One hop: the distributed tracing extension equals the protocol's own header.
        #expect(headers.allSatisfy { $0["ce_traceparent"] == $0["traceparent"] })
    }

    @Test func `an event that the application made itself stays what it is`() async throws {
        let bench = Bench { $0.writes = .cloudEvents(source: "/orders") }
        let sent = Sent<KafkaLike>()
        let event = [
            "ce_specversion": "1.0", "ce_id": "mine", "ce_source": "/mine", "ce_type": "Mine",
            "ce_time": "2026-01-01T00:00:00Z",
            "ce_traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ]
        await bench.tracing.publish(KafkaLike(event), type: "Other") { await sent.add($0) }
        let headers = try #require(await sent.messages.first).headers
        for (name, value) in event { #expect(headers[name] == value) }
        #expect(headers["ce_correlationid"] == "mine")
        #expect(headers["traceparent"] != event["ce_traceparent"], "the hop has a context of its own")
    }

    @Test func `the tracing extension brings its tracestate, and no other`() async throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let event = ["ce_specversion": "1.0", "ce_id": "e1", "ce_traceparent": parent, "ce_tracestate": "a=1"]
        #expect(try await handled(KafkaLike(event)).traceState.header == "a=1")
        let stray = event.merging(["tracestate": "b=2"]) { $1 }
        #expect(try await handled(KafkaLike(stray)).traceState.header == "a=1")
        let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let both = try await handled(KafkaLike(event.merging(["traceparent": own]) { $1 }))
        #expect(both.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(both.traceState.isEmpty)
    }

    @Test func `NServiceBus, whose CorrelationId is not the flow's`() async throws {
        let record = try await handled(
            RabbitLike(
                headers: [
                    "NServiceBus.MessageId": "a1b2c3d4-0000-0000-0000-000000000002",
                    "NServiceBus.CorrelationId": "a1b2c3d4-0000-0000-0000-000000000009",
                    "NServiceBus.ConversationId": "a1b2c3d4-0000-0000-0000-0000000000aa",
                    "NServiceBus.RelatedTo": "a1b2c3d4-0000-0000-0000-000000000001",
                    "NServiceBus.MessageIntent": "Publish",
                    "NServiceBus.EnclosedMessageTypes":
                        "Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0, Culture=neutral;Shop.IOrderEvent, Shop.Messages",
                    "NServiceBus.TimeSent": "2026-08-20 10:00:00:123456 Z",
                ], correlation: "a1b2c3d4-0000-0000-0000-000000000009"))
        #expect(text(record, MessagingAttribute.messageID) == "a1b2c3d4-0000-0000-0000-000000000002")
        #expect(text(record, MessagingAttribute.conversationID) == "a1b2c3d4-0000-0000-0000-0000000000aa")
        #expect(text(record, ThroughlineAttribute.causationID) == "a1b2c3d4-0000-0000-0000-000000000001")
        #expect(text(record, ThroughlineAttribute.ownCorrelationID) == "a1b2c3d4-0000-0000-0000-000000000009")
        #expect(text(record, ThroughlineAttribute.messageType) == "Shop.OrderPlaced")
        #expect(text(record, ThroughlineAttribute.messageIntent) == "event")
    }

    @Test func `MassTransit's headers, whose InitiatorId is a correlation id`() async throws {
        let record = try await handled(
            RabbitLike([
                "MessageId": "m2", "ConversationId": "conversation", "CorrelationId": "order-42",
                "MT-InitiatorId": "order-41", "MT-MessageType": "urn:message:Shop:OrderPlaced;urn:message:Shop:IEvent",
                "MT-Activity-Id": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ]))
        #expect(text(record, MessagingAttribute.messageID) == "m2")
        #expect(text(record, MessagingAttribute.conversationID) == "conversation")
        #expect(record.attributes[ThroughlineAttribute.causationID] == nil)
        #expect(text(record, ThroughlineAttribute.causationCorrelationID) == "order-41")
        #expect(text(record, ThroughlineAttribute.ownCorrelationID) == "order-42")
        #expect(text(record, ThroughlineAttribute.messageType) == "OrderPlaced")
        #expect(record.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test func `Wolverine, whose conversation-id is the cause`() async throws {
        let record = try await handled(
            RabbitLike([
                "id": "w2", "correlation-id": "flow", "conversation-id": "w1", "message-type": "order-placed",
                "parent-id": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "is-response": "True",
            ]))
        #expect(text(record, MessagingAttribute.messageID) == "w2")
        #expect(text(record, MessagingAttribute.conversationID) == "flow")
        #expect(text(record, ThroughlineAttribute.causationID) == "w1")
        #expect(text(record, ThroughlineAttribute.messageIntent) == "reply")
        #expect(record.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        let root = try await handled(
            RabbitLike([
                "id": "w1", "conversation-id": "00000000-0000-0000-0000-000000000000", "message-type": "order-placed",
            ]))
        #expect(text(root, MessagingAttribute.messageID) == "w1")
        #expect(root.attributes[ThroughlineAttribute.causationID] == nil)
    }

    @Test func `several schemes on one consumer, each message by its own`() async throws {
        let bench = Bench()
        for message in [
            RabbitLike(["message-id": "m1"]), RabbitLike(["cloudEvents_specversion": "1.0", "cloudEvents_id": "m2"]),
            RabbitLike(["NServiceBus.MessageId": "m3", "NServiceBus.ConversationId": "c"]),
            RabbitLike(["MessageId": "m4", "ConversationId": "c"]),
            RabbitLike(["id": "m5", "message-type": "t", "sent-at": "2026-08-20 10:00:00:123456 Z"]),
        ] {
            await bench.tracing.process(message) { _ in }
        }
        let ids = await bench.spans().map { text($0, MessagingAttribute.messageID) }
        #expect(ids == (1...5).map { "m\($0)" })
    }

    @Test func `names that an application could have chosen are no foreign scheme`() async throws {
        // Our own type, our id in the broker's property, and an application's `id`.
        var message = RabbitLike(["id": "row-7", "message-type": "OrderPlaced", "MessageId": "theirs"])
        message.native = "m1"
        let record = try await handled(message)
        #expect(text(record, MessagingAttribute.messageID) == "m1")
        #expect(text(record, MessagingAttribute.conversationID) == "m1")
    }

    @Test func `ids inside the body: structured CloudEvents and MassTransit's envelope`() async throws {
        let event = """
            {"specversion":"1.0","id":"e2","source":"/billing","type":"PaymentCharged","correlationid":"flow",
             "causationid":"e1","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
             "data":{"id":"not this one","card":"4111"}}
            """
        let type = "application/cloudevents+json; charset=UTF-8"
        let record = try await handled(EnvelopeMessage(type, event))
        #expect(text(record, MessagingAttribute.messageID) == "e2")
        #expect(text(record, ThroughlineAttribute.causationID) == "e1")
        #expect(record.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        let envelope = """
            {"messageId":"m2","conversationId":"c","initiatorId":"order-41","correlationId":null,
             "messageType":["urn:message:Shop:OrderPlaced"],"message":{"messageId":"not this one"},
             "headers":{"MT-Activity-Id":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
            """
        let other = try await handled(EnvelopeMessage("application/vnd.masstransit+json", envelope))
        #expect(text(other, MessagingAttribute.messageID) == "m2")
        #expect(text(other, MessagingAttribute.conversationID) == "c")
        #expect(text(other, ThroughlineAttribute.messageType) == "OrderPlaced")
        #expect(text(other, ThroughlineAttribute.causationCorrelationID) == "order-41")
        #expect(other.traceID.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        let ours = try await handled(EnvelopeMessage(type, event, ["message-id": "ours"]))
        #expect(text(ours, MessagingAttribute.messageID) == "ours", "headers of ours come first")
        let plain = try await handled(EnvelopeMessage("application/json", event))
        #expect(text(plain, MessagingAttribute.messageID) != "e2")
        #expect(EnvelopeIdentity(cloudEvent: Array("{\"id\": 5".utf8)) == nil)
        #expect(EnvelopeIdentity(cloudEvent: Array(envelope.utf8)) == nil)
    }

    @Test func `only what is configured is read`() async throws {
        let bench = Bench { $0.reads = [.plain] }
        await bench.tracing.process(KafkaLike(["ce_specversion": "1.0", "ce_id": "e1"])) { _ in }
        let record = try #require(await bench.spans().first)
        #expect(text(record, MessagingAttribute.messageID) != "e1")
    }

    @Test func `foreign ids that are unsafe are ignored and noted`() async throws {
        let record = try await handled(
            KafkaLike([
                "ce_specversion": "1.0", "ce_id": "e1", "ce_correlationid": "a\r\nb",
                "ce_type": String(repeating: "x", count: 300),
            ]))
        #expect(text(record, MessagingAttribute.conversationID) == "e1")
        #expect(record.attributes[ThroughlineAttribute.ignoredHeaders]?.stringArrayValue?.count == 2)
    }

    @Test func `forwarding keeps what an application named like a foreign scheme`() async throws {
        let bench = Bench()
        let sent = Sent<KafkaLike>()
        let consumed = KafkaLike(["message-id": "m1", "id": "row-7", "MessageId": "legacy", "source": "till-3"])
        let wolverine = KafkaLike(["id": "w1", "conversation-id": "w0", "message-type": "t", "parent-id": "x"])
        for message in [consumed, wolverine] {
            await bench.tracing.process(message) { message in
                await bench.tracing.publish(message) { await sent.add($0) }
            }
        }
        let headers = await sent.messages.map(\.headers)
        #expect(headers[0]["id"] == "row-7")
        #expect(headers[0]["MessageId"] == "legacy")
        #expect(headers[0]["source"] == "till-3")
        #expect(headers[1]["id"] == nil && headers[1]["conversation-id"] == nil && headers[1]["parent-id"] == nil)
        #expect(headers[1]["causation-id"] == "w1")
    }

    @Test func `forwarding a consumed message leaves its ids and context behind, of every scheme`() async throws {
        let bench = Bench()
        let consumed = KafkaLike([
            "ce_specversion": "1.0", "ce_id": "e1", "ce_correlationid": "flow", "ce_causationid": "e0",
            "b3": "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", "baggage": "a=1", "tracestate": "x=y",
            "replay-count": "3", "dead-letter-origin": "elsewhere", "app": "stays", "content-type": "application/json",
        ])
        let sent = Sent<KafkaLike>()
        await bench.tracing.process(consumed) { message in
            await bench.tracing.publish(message) { await sent.add($0) }
        }
        let headers = try #require(await sent.messages.first).headers
        #expect(headers["causation-id"] == "e1")
        #expect(headers["correlation-id"] == "flow")
        #expect(headers["message-id"] != "e1")
        for gone in [
            "ce_id", "ce_correlationid", "ce_causationid", "b3", "tracestate", "replay-count", "dead-letter-origin",
        ] {
            #expect(headers[gone] == nil, "\(gone)")
        }
        #expect(headers["app"] == "stays")
        #expect(headers["content-type"] == "application/json")
    }

    @Test func `what has no room is left out, the least important first, and named`() async throws {
        let bench = Bench { $0.headerLimit = HeaderLimit(count: 4) }
        let sent = Sent<KafkaLike>()
        await bench.tracing.process(KafkaLike(["message-id": "m0"])) { _ in
            await bench.tracing.publish(
                KafkaLike(), type: "OrderPlaced", intent: .event, scope: .domain, schemaVersion: "2"
            ) { await sent.add($0) }
        }
        let headers = try #require(await sent.messages.first).headers
        #expect(Set(headers.keys) == ["message-id", "correlation-id", "causation-id", "traceparent"])
        let record = try #require(await bench.spans().first { $0.kind == .producer })
        #expect(
            record.attributes[ThroughlineAttribute.omittedHeaders]?.stringArrayValue
                == ["message-intent", "event-scope", "schema-version", "message-type"])
        #expect(bench.tracing.omittedHeaderCount == 4)
        let narrow = Bench { $0.headerLimit = HeaderLimit(bytes: 180) }
        await narrow.tracing.publish(KafkaLike(), type: String(repeating: "T", count: 200)) { await sent.add($0) }
        #expect(await sent.messages.last?.headers["message-type"] == nil)
        #expect(await sent.messages.last?.headers["traceparent"] != nil)
    }

    @Test func `where there is hardly any room, the application's own headers stay and the trace goes last`()
        async throws
    {
        let bench = Bench { $0.headerLimit = HeaderLimit(count: 1) }
        let sent = Sent<KafkaLike>()
        let own = ["causation-id": "mine", "baggage": "theirs=1", "message-type": "Mine"]
        await bench.tracing.publish(KafkaLike(own)) { await sent.add($0) }
        let headers = try #require(await sent.messages.first).headers
        for (name, value) in own { #expect(headers[name] == value) }
        #expect(Set(headers.keys) == Set(own.keys).union(["traceparent"]))
    }

    @Test func `a message says itself how much room its broker leaves`() async throws {
        let bench = Bench()
        let sent = Sent<NarrowMessage>()
        await bench.tracing.publish(NarrowMessage(), type: "OrderPlaced", intent: .event) { await sent.add($0) }
        #expect(
            Set(try #require(await sent.messages.first).headers.keys) == [
                "message-id", "correlation-id", "traceparent",
            ])
    }

    @Test func `a CloudEvent that must be short is still one`() async throws {
        let bench = Bench {
            $0.writes = .cloudEvents(source: "/orders")
            $0.headerLimit = HeaderLimit(count: 0)
        }
        let sent = Sent<KafkaLike>()
        await bench.tracing.publish(KafkaLike(), type: "OrderPlaced") { await sent.add($0) }
        #expect(
            Set(try #require(await sent.messages.first).headers.keys)
                == ["ce_specversion", "ce_id", "ce_source", "ce_type"])
    }

    @Test func `scope, schema version and fingerprint travel and are recorded`() async throws {
        let bench = Bench { $0.fingerprintLimit = 1_024 }
        let sent = Sent<PayloadMessage>()
        await bench.tracing.publish(
            PayloadMessage(payload: Array(#"{"id":1}"#.utf8)), type: "OrderPlaced", scope: .integration,
            schemaVersion: "v2"
        ) { await sent.add($0) }
        let message = try #require(await sent.messages.first)
        await bench.tracing.process(message) { _ in }
        for record in await bench.spans() {
            #expect(text(record, ThroughlineAttribute.eventScope) == "integration")
            #expect(text(record, ThroughlineAttribute.schemaVersion) == "v2")
            #expect(
                text(record, ThroughlineAttribute.payloadFingerprint)
                    == PayloadFingerprint.of(json: message.payload ?? []))
        }
        let silent = Bench()
        await silent.tracing.process(message) { _ in }
        #expect(await silent.spans().first?.attributes[ThroughlineAttribute.payloadFingerprint] == nil)
    }
}

/// Of a broker that has room for three of our headers.
struct NarrowMessage: PlainMessage {
    static let system = MessagingSystem.rabbitmq
    var headers: [String: String] = [:]
    var headerRoom: HeaderLimit? { HeaderLimit(count: 3) }
}

struct PayloadMessage: PlainMessage {
    static let system = MessagingSystem.kafka
    var headers: [String: String] = [:]
    var payload: [UInt8]?
}

actor Sent<Message: Sendable> {
    var messages: [Message] = []
    func add(_ message: Message) { messages.append(message) }
}

@Suite struct PayloadFingerprintTests {
    private func of(_ json: String) -> String? { PayloadFingerprint.of(json: Array(json.utf8)) }

    @Test func `the same shape has the same fingerprint, whatever the values and the order`() {
        #expect(of(#"{"id":1,"lines":[{"sku":"a"}]}"#) == of(#"{"lines":[{"sku":"b"},{"sku":"c"}], "id":2}"#))
        #expect(of(#"{"id":1}"#)?.count == 16)
    }

    @Test(arguments: [#"{"id":"1"}"#, #"{"id":1,"x":2}"#, "{}", "[1]", #"{"id":null}"#, #"{"ID":1}"#])
    func `another shape has another`(_ json: String) {
        #expect(of(json) != of(#"{"id":1}"#))
        #expect(of(json) != nil)
    }

    @Test func `a name with a slash is no path`() {
        #expect(of(#"{"a":{"b":1}}"#) != of(#"{"a":{},"a/b":1}"#))
        #expect(of(#"{"a":[1]}"#) != of(#"{"a":{"[]":1}}"#))
    }

    /// Long names in deep places cost what their length costs, and not that times everything below them.
    @Test func `the work grows with the length alone`() {
        let name = String(repeating: "n", count: 30_000)
        let many = Array(repeating: "{}", count: 10_000).joined(separator: ",")
        #expect(of("{\"\(name)\":[\(many)]}") != nil)
        let fields = (0..<5_000).map { "\"f\($0)\":1" }.joined(separator: ",")
        #expect(of("{\(fields)}") == nil, "more paths than anybody compares")
    }

    @Test func `what is no JSON, too long or too deep has none`() {
        #expect(of("{") == nil)
        #expect(of("") == nil)
        #expect(of(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)) == nil)
        #expect(PayloadFingerprint.of(json: Array(#"{"id":1}"#.utf8), limit: 4) == nil)
    }
}
