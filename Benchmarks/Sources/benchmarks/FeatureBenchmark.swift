import Metrics
import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer

/// What each feature of the middleware costs beyond a traced hop without it.
enum FeatureBenchmark {
    private struct Feature {
        let name: String
        var headers: [String: String] = [:]
        let change: @Sendable (inout MessageTracing.Configuration) -> Void
    }

    private static let features: [Feature] = [
        Feature(name: "metrics (a backend that does nothing)") {
            $0.metrics = MessagingMetrics(factory: NOOPMetricsHandler.instance)
        },
        Feature(name: "CloudEvents written") { $0.writes = .cloudEvents(source: "/orders") },
        Feature(name: "a header limit that everything fits in") { $0.headerLimit = HeaderLimit(bytes: 4_096) },
        Feature(name: "a header limit that leaves out four") { $0.headerLimit = HeaderLimit(count: 3) },
        Feature(name: "fingerprint of a payload of 1 kB, three times") { $0.fingerprintLimit = 65_536 },
        Feature(name: "old attribute names beside today's") { $0.recordsOldNames = true },
    ]

    static func run() async throws {
        let count = 10_000
        var settings = SpanPipeline.Configuration()
        settings.capacity = 8 * count
        let pipeline = SpanPipeline(sink: SpanBenchmark.NullSink(), configuration: settings)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource(attributes: ["service.name": "benchmark"]))
        func tracing(_ change: (inout MessageTracing.Configuration) -> Void) -> MessageTracing {
            var configuration = MessageTracing.Configuration()
            configuration.tracer = tracer
            change(&configuration)
            return MessageTracing(configuration)
        }
        let body = Array(
            ("{\"lines\":["
                + (0..<16).map { "{\"sku\":\"sku-\($0)\",\"amount\":\($0),\"gift\":false,\"note\":null}" }
                .joined(separator: ",") + "]}").utf8)
        var plain = Double.infinity
        var costs = [Double](repeating: .infinity, count: features.count)
        for _ in 0..<7 {
            plain = min(plain, try await hop(count, body, tracing { _ in }))
            for (index, feature) in features.enumerated() {
                costs[index] = min(costs[index], try await hop(count, body, tracing(feature.change)))
                _ = await pipeline.flush()
            }
        }
        report("traced hop, none of the features", "\(plain.rounded(to: 0)) ns")
        for (feature, cost) in zip(features, costs) { report(feature.name, "\((cost - plain).rounded(to: 0)) ns more") }
        try await reading(count, tracing { _ in })
        await patterns(count, tracing { _ in })
        await pipeline.shutdown()
    }

    private static func hop(_ count: Int, _ body: [UInt8], _ tracing: MessageTracing) async throws -> Double {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        let producer = TracedProducer(broker.producer, tracing: tracing)
        return try await nanoseconds(count, runs: 1) {
            for _ in 0..<count {
                try await producer.send(InMemoryMessage(to: "orders", body: body), type: "OrderPlaced", intent: .event)
                for message in try await consumer.receive(atMost: 1) ?? [] {
                    try await tracing.process(message) { _ in try Task.checkCancellation() }
                    try await tracing.settle(message, as: .acknowledged) {
                        try await consumer.settle(message, as: .acknowledged)
                    }
                }
            }
        }
    }

    /// Handling a message, by whose headers it has.
    private static func reading(_ count: Int, _ tracing: MessageTracing) async throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let schemes: [(String, [String: String])] = [
            ("ours", ["message-id": "m2", "correlation-id": "c", "causation-id": "m1", "traceparent": parent]),
            ("none", [:]),
            (
                "CloudEvents",
                [
                    "ce-specversion": "1.0", "ce-id": "m2", "ce-type": "t", "ce-correlationid": "c",
                    "ce-causationid": "m1", "traceparent": parent,
                ]
            ),
            (
                "NServiceBus",
                [
                    "NServiceBus.MessageId": "m2", "NServiceBus.ConversationId": "c", "NServiceBus.RelatedTo": "m1",
                    "NServiceBus.EnclosedMessageTypes": "Shop.OrderPlaced, Shop", "traceparent": parent,
                ]
            ),
            (
                "MassTransit",
                [
                    "MessageId": "m2", "ConversationId": "c", "MT-MessageType": "urn:message:Shop:OrderPlaced",
                    "MT-InitiatorId": "i", "MT-Activity-Id": parent,
                ]
            ),
            (
                "Wolverine",
                ["id": "m2", "message-type": "t", "conversation-id": "m1", "correlation-id": "c", "parent-id": parent]
            ),
        ]
        for (name, headers) in schemes {
            let message = InMemoryMessage(to: "orders", headers: headers)
            let cost = await nanoseconds(count, runs: 7) {
                for _ in 0..<count { await tracing.process(message) { _ in } }
            }
            report("handle a message with the headers of: \(name)", "\(cost.rounded(to: 0)) ns")
        }
    }

    private static func patterns(_ count: Int, _ tracing: MessageTracing) async {
        let captured = await tracing.capture(for: "orders", on: .inProcess, type: "OrderPlaced") { $0 }
        let message = InMemoryMessage(to: "orders")
        let capture = await nanoseconds(count, runs: 7) {
            for _ in 0..<count { await tracing.capture(for: "orders", on: .inProcess, type: "OrderPlaced") { _ in } }
        }
        let relay = await nanoseconds(count, runs: 7) {
            for _ in 0..<count { await tracing.publish(message, captured: captured) { _ in } }
        }
        let send = await nanoseconds(count, runs: 7) {
            for _ in 0..<count { await tracing.publish(message, type: "OrderPlaced") { _ in } }
        }
        let saga = Saga("OrderFulfilment", id: "1042")
        let step = await nanoseconds(count, runs: 7) {
            for _ in 0..<count {
                await tracing.process(message) { _ in await saga.step("charge card", state: "charged") {} }
            }
        }
        let handle = await nanoseconds(count, runs: 7) {
            for _ in 0..<count { await tracing.process(message) { _ in } }
        }
        report("outbox: capture a context", "\(capture.rounded(to: 0)) ns")
        report(
            "outbox: send with a captured context", "\(relay.rounded(to: 0)) ns, a plain send \(send.rounded(to: 0))")
        report("saga: a step", "\((step - handle).rounded(to: 0)) ns more")
    }
}
