import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer

/// A hop over the embedded broker: send, receive, handle, settle; as it is, and traced.
enum HopBenchmark {
    static func run() async throws {
        let count = 20_000
        var pipelineConfiguration = SpanPipeline.Configuration()
        pipelineConfiguration.capacity = 8 * count
        let pipeline = SpanPipeline(sink: SpanBenchmark.NullSink(), configuration: pipelineConfiguration)
        let resource = Resource(attributes: ["service.name": "benchmark"])
        func tracing(_ sampler: any Sampler) -> MessageTracing {
            var tracer = RecordingTracer.Configuration()
            tracer.sampler = sampler
            var configuration = MessageTracing.Configuration()
            configuration.tracer = RecordingTracer(pipeline: pipeline, resource: resource, configuration: tracer)
            return MessageTracing(configuration)
        }
        var plain = Double.infinity
        var sampled = Double.infinity
        var unsampled = Double.infinity
        // In turns, so that a slow moment of the machine does not fall on one of them only.
        for _ in 0..<7 {
            plain = min(plain, try await untraced(count))
            sampled = min(sampled, try await traced(count, tracing(AlwaysOnSampler())))
            _ = await pipeline.flush()
            unsampled = min(unsampled, try await traced(count, tracing(AlwaysOffSampler())))
        }
        report("hop on the embedded broker, untraced", "\(plain.rounded(to: 0)) ns")
        report("hop on the embedded broker, traced (three spans)", "\(sampled.rounded(to: 0)) ns")
        report("hop on the embedded broker, traced, unsampled", "\(unsampled.rounded(to: 0)) ns")
        report("ratio traced / untraced", (sampled / plain).rounded(to: 2))
        report("what tracing adds to a hop", "\((sampled - plain).rounded(to: 0)) ns")
        report("dropped", "\(pipeline.droppedCount)")
        await pipeline.shutdown()
    }

    private static func untraced(_ count: Int) async throws -> Double {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        let producer = broker.producer
        return try await nanoseconds(count, runs: 1) {
            for _ in 0..<count {
                try await producer.send(InMemoryMessage(to: "orders", text: "{}"))
                for message in try await consumer.receive(atMost: 1) ?? [] {
                    try await consumer.settle(message, as: .acknowledged)
                }
            }
        }
    }

    private static func traced(_ count: Int, _ tracing: MessageTracing) async throws -> Double {
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        let producer = TracedProducer(broker.producer, tracing: tracing)
        return try await nanoseconds(count, runs: 1) {
            for _ in 0..<count {
                try await producer.send(InMemoryMessage(to: "orders", text: "{}"), type: "OrderPlaced", intent: .event)
                for message in try await consumer.receive(atMost: 1) ?? [] {
                    try await tracing.process(message) { _ in try Task.checkCancellation() }
                    try await tracing.settle(message, as: .acknowledged) {
                        try await consumer.settle(message, as: .acknowledged)
                    }
                }
            }
        }
    }
}
