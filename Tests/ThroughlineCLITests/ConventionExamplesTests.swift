import FlowFixtures
import Foundation
import Testing

/// The worked examples of OpenTelemetry's messaging conventions, span by span as their tables have them (docs/messaging
/// in open-telemetry/semantic-conventions at commit 384d66161cb18704c729645fa8136a148df9571c), imported as the Collector
/// writes spans, give the flows that a person reads from them.
///
/// The tables name neither services nor times; those are ours.
@Suite("The conventions' examples") struct ConventionExamplesTests {
    @Test("Topic with multiple consumers: one message, which both handle")
    func topic() throws {
        let publish = Example("publish T", .producer, "producer", "publish", "send", ["messaging.message.id": "a"])
        let consumers = ["first", "second"].map { service in
            Example(
                "consume T", .consumer, service, "consume", "process", ["messaging.message.id": "a"], below: publish,
                links: [publish])
        }
        let (tree, edges) = try flow([publish] + consumers, on: "rabbitmq")
        #expect(tree == ["producer emits message → T", "├─ first", "└─ second"])
        #expect(edges == ["s_producer → t_t", "t_t → s_first", "t_t → s_second"])
    }

    @Test("Batch receiving: two messages, received in one go")
    func batchReceiving() throws {
        let sends = ["a1", "a2"].map {
            Example("send Q", .producer, "producer", "send", "send", ["messaging.message.id": $0])
        }
        let poll = Example(
            "poll Q", .client, "consumer", "poll", "receive", ["messaging.batch.message_count": 2], links: sends,
            namesLinked: true)
        let (tree, edges) = try flow(sends + [poll])
        #expect(tree == Array(repeating: "producer emits message → Q ▸ consumer", count: 2))
        #expect(edges == ["s_producer → t_q", "t_q → s_consumer"])
    }

    @Test("Batch publishing with create spans: each consumer receives the message that was created for it")
    func creating() throws {
        let creates = ["a1", "a2"].map {
            Example("create Q", .producer, "producer", "create", "create", ["messaging.message.id": $0])
        }
        let send = Example(
            "send Q", .client, "producer", "send", "send", ["messaging.batch.message_count": 2], links: creates)
        let polls = zip(["first", "second"], creates).map { service, create in
            Example(
                "poll Q", .client, service, "poll", "receive",
                ["messaging.message.id": create.attributes["messaging.message.id"] ?? ""], links: [create])
        }
        let (tree, edges) = try flow(creates + [send] + polls)
        #expect(tree == ["producer emits message → Q ▸ first", "producer emits message → Q ▸ second"])
        #expect(edges == ["s_producer → t_q", "t_q → s_first", "t_q → s_second"])
    }

    @Test("Batch publishing without create spans: the ids tell the messages of one send apart")
    func sendingOnly() throws {
        let send = Example("send Q", .producer, "producer", "send", "send", ["messaging.batch.message_count": 2])
        let polls = [("first", "a1"), ("second", "a2")].map { service, id in
            Example("poll Q", .client, service, "poll", "receive", ["messaging.message.id": id], links: [send])
        }
        let (tree, edges) = try flow([send] + polls)
        #expect(tree == ["producer emits message → Q ▸ first", "producer emits message → Q ▸ second"])
        #expect(edges == ["s_producer → t_q", "t_q → s_first", "t_q → s_second"])
    }

    @Test(
        "Kafka with Quarkus or Spring Boot: polling, processing and committing are one delivery",
        arguments: [false, true])
    func polledAndProcessed(isChild: Bool) throws {
        let key = ["messaging.kafka.message.key": "myKey"]
        let consumed: [String: Any] = [
            "messaging.consumer.group.name": "my-group", "messaging.client.id": "8", "messaging.kafka.offset": "12",
        ]
        let send = Example("send T", .producer, "producer", "send", "send", key + ["messaging.client.id": "5"])
        let poll = Example("poll T", .client, "consumer", "poll", "receive", consumed + key, links: [send])
        let process = Example(
            "process T", .consumer, "consumer", "process", "process", consumed + key, below: isChild ? send : nil,
            links: [send])
        let commit = Example("commit T", .client, "consumer", "commit", "settle", consumed, below: process)
        let spans = [send, poll, process, commit]
        for span in spans {
            span.attributes["messaging.destination.partition.id"] = "1"
            span.attributes["messaging.kafka.cluster.id"] = "MkU3OEVBNTcwNTJENDM2Qk"
        }
        let (tree, edges) = try flow(spans)
        #expect(tree == ["producer emits message → T ▸ consumer (group my-group)"])
        #expect(edges == ["g_my_group → s_consumer", "s_producer → t_t", "t_t → g_my_group"])
    }

    /// What the Collector wrote of two topics that one call wrote to, of which one was read, as published in
    /// internal/test/e2e/kafka-go/traces.json of open-telemetry/opentelemetry-go-instrumentation at commit
    /// 0418ee038afc889a5890569f4f41be5bbf77e9a4. There the ids are blanked; verify.bats beside it tells which are equal.
    @Test("Go's automatic instrumentation on Kafka: two topics in one trace without a root, one of which is read")
    func goInstrumentation() throws {
        let sends = [("topic1", "key1"), ("topic2", "key2")].map { topic, key in
            Example(
                "\(topic) publish", .producer, "sample-app", nil, nil,
                [
                    "messaging.kafka.message.key": key, "messaging.destination.name": topic,
                    "messaging.operation": "publish", "messaging.batch.message_count": 2,
                ])
        }
        let receive = Example(
            "topic1 receive", .consumer, "sample-app", nil, nil,
            [
                "messaging.operation": "receive", "messaging.kafka.destination.partition": 0,
                "messaging.destination.name": "topic1", "messaging.kafka.message.offset": 0,
                "messaging.kafka.message.key": "key1", "messaging.kafka.consumer.group": "some group id",
            ], below: sends[0])
        let (tree, edges) = try flow(sends + [receive], inOneTrace: true)
        #expect(
            tree == [
                "sample-app emits message → topic1 ▸ sample-app (group some group id)",
                "sample-app emits message → topic2",
            ])
        #expect(
            edges == [
                "g_some_group_id → s_sample_app", "s_sample_app → t_topic1", "s_sample_app → t_topic2",
                "t_topic1 → g_some_group_id",
            ])
    }

    /// The messages and deliveries of the tree, and the edges of the flowchart without their labels, of the one flow that the spans are.
    private func flow(
        _ spans: [Example], on system: String = "kafka", inOneTrace: Bool = false
    ) throws -> (tree: [String], edges: [String]) {
        for (number, span) in spans.enumerated() {
            span.number = number + 1
            span.trace = inOneTrace ? 1 : span.parent?.trace ?? span.number
            span.attributes["messaging.system"] = system
        }
        let scratch = try Scratch()
        let file = URL(filePath: scratch.path("example.json"))
        try JSONSerialization.data(withJSONObject: ["resourceSpans": spans.map(\.json)]).write(to: file)
        let imported = try scratch.run("import", file.path)
        #expect(imported.code == 0 && imported.error.isEmpty)
        let tree = try tree("--last", scratch)
        // Whichever of the traces is asked for, it is the same flow.
        for span in spans { #expect(try self.tree(span.traceID, scratch) == tree) }
        let edge = /^ *(\w+) (?:==>|-->|-\.->)(?:\|.*\|)? (\w+)$/
        let edges = try scratch.run("flow", "--last", "--as", "flowchart").output.split(separator: "\n")
            .compactMap { line in (try? edge.wholeMatch(in: line)).map { "\($0.1) → \($0.2)" } }
        return (tree, edges.sorted())
    }

    /// The lines of messages and deliveries, without what they took.
    private func tree(_ id: String, _ scratch: Scratch) throws -> [String] {
        try scratch.run("flow", id, environment: ["COLUMNS": "200"]).output.split(separator: "\n").dropFirst()
            .filter { !$0.hasPrefix("critical path") }.map { $0.components(separatedBy: "  ")[0] }
    }
}

/// A column of a table.
private final class Example {
    enum Kind: Int {
        case client = 3
        case producer, consumer
    }

    let name: String
    let kind: Kind
    let service: String
    let parent: Example?
    let links: [Example]
    let namesLinked: Bool
    var attributes: [String: Any]
    var number = 0
    var trace = 0

    init(
        _ name: String, _ kind: Kind, _ service: String, _ operation: String?, _ type: String?,
        _ attributes: [String: Any], below parent: Example? = nil, links: [Example] = [], namesLinked: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.service = service
        self.parent = parent
        self.links = links
        self.namesLinked = namesLinked
        self.attributes = attributes
        if let operation, let type {
            self.attributes["messaging.operation.name"] = operation
            self.attributes["messaging.operation.type"] = type
            self.attributes["messaging.destination.name"] = name.split(separator: " ").last.map(String.init)
            self.attributes["server.address"] = "ms"
            self.attributes["server.port"] = 1234
        }
    }

    var json: [String: Any] {
        let start = 1_700_000_000_000_000_000 + number * 10_000_000
        let span: [String: Any] = [
            "traceId": traceID, "spanId": spanID, "parentSpanId": parent?.spanID ?? "", "name": name,
            "kind": kind.rawValue, "startTimeUnixNano": String(start), "endTimeUnixNano": String(start + 4_000_000),
            "attributes": Self.json(attributes),
            "links": links.map { link in
                let id = link.attributes["messaging.message.id"].map { ["messaging.message.id": $0] }
                return [
                    "traceId": link.traceID, "spanId": link.spanID,
                    "attributes": Self.json(namesLinked ? id ?? [:] : [:]),
                ]
            },
        ]
        return [
            "resource": ["attributes": Self.json(["service.name": service])], "scopeSpans": [["spans": [span]]],
        ]
    }

    var traceID: String { String(repeating: "0", count: 30) + String(10 + trace) }
    private var spanID: String { String(repeating: "0", count: 14) + String(10 + number) }

    private static func json(_ attributes: [String: Any]) -> [[String: Any]] {
        attributes.map { key, value in
            let number = (value as? Int).map { ["intValue": String($0)] }
            return ["key": key, "value": number ?? ["stringValue": "\(value)"]]
        }
    }
}

private func + (left: [String: Any], right: [String: Any]) -> [String: Any] {
    left.merging(right) { _, second in second }
}
