import Throughline
import ThroughlineKafka
import ThroughlineModel
import ThroughlineTracer

/// Tracers of several services whose spans end in one list, and consumers that handle so much and no more.
struct TracingBench: Sendable {
    private let sink = InMemorySink()
    private let pipeline: SpanPipeline

    init() {
        pipeline = SpanPipeline(sink: sink)
    }

    /// The middleware of a service.
    func tracing(_ service: String) -> MessageTracing {
        var configuration = MessageTracing.Configuration()
        configuration.tracer = RecordingTracer(
            pipeline: pipeline, resource: Resource(attributes: [ResourceAttribute.serviceName: .string(service)]))
        return MessageTracing(configuration)
    }

    /// All spans that have ended, in the order of their ends.
    func spans() async -> [SpanRecord] {
        _ = await pipeline.flush()
        return sink.records
    }

    /// Handles so many deliveries, one at a time, and returns them; three attempts each.
    func handle(
        _ count: Int, of topic: String, group: String, service: String,
        _ handler: @escaping @Sendable (KafkaMessage) async throws -> Void
    ) async throws -> [KafkaMessage] {
        try await handle(count, of: topic, group: group, tracing(service), handler)
    }

    func handle(
        _ count: Int, of topic: String, group: String, _ tracing: MessageTracing,
        _ handler: @escaping @Sendable (KafkaMessage) async throws -> Void
    ) async throws -> [KafkaMessage] {
        try await run(count, of: topic, group, tracing) { consumer, handled in
            try await consumer.run { message in
                defer { handled.yield([message]) }
                try await handler(message)
            }
        }.flatMap { $0 }
    }

    /// Handles so many messages in batches of whatever is there, and returns the batches.
    func handleBatches(
        _ count: Int, of topic: String, group: String, service: String,
        _ handler: @escaping @Sendable ([KafkaMessage]) async throws -> Void
    ) async throws -> [[KafkaMessage]] {
        try await run(count, of: topic, group, tracing(service)) { consumer, handled in
            try await consumer.runBatches(ofAtMost: 100) { messages in
                defer { handled.yield(messages) }
                try await handler(messages)
            }
        }
    }

    private func run(
        _ count: Int, of topic: String, _ group: String, _ tracing: MessageTracing,
        _ loop:
            @escaping @Sendable (
                TracedConsumer<KafkaConsumer>, AsyncStream<[KafkaMessage]>.Continuation
            ) async throws -> Void
    ) async throws -> [[KafkaMessage]] {
        let consumer = try KafkaConsumer(TestBroker.shared.configuration(group: group), topics: [topic])
        return try await within {
            let (stream, handled) = AsyncStream.makeStream(of: [KafkaMessage].self)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { handled.finish() }
                    try await loop(TracedConsumer(consumer, tracing: tracing, onFailure: .retry(upTo: 3)), handled)
                }
                var batches: [[KafkaMessage]] = []
                for await batch in stream {
                    batches.append(batch)
                    // Closing waits until the last one is settled, and ends the loop.
                    if batches.reduce(0, { $0 + $1.count }) == count { try await consumer.close() }
                }
                try await group.waitForAll()
                return batches
            }
        }
    }
}
