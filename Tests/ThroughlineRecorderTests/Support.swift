import FlowFixtures
import Foundation
import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer

extension RecordingTracer {
    /// The middleware over this tracer.
    var tracing: MessageTracing {
        var configuration = MessageTracing.Configuration()
        configuration.tracer = self
        return MessageTracing(configuration)
    }
}

extension InMemoryBroker {
    func traced(_ tracer: RecordingTracer) -> TracedProducer<InMemoryProducer> {
        TracedProducer(producer, tracing: tracer.tracing)
    }

    func consumer(
        of topic: String, group: String, _ tracer: RecordingTracer
    ) throws -> TracedConsumer<InMemoryConsumer> {
        TracedConsumer(try consumer(of: topic, group: group), tracing: tracer.tracing)
    }
}

/// Sends so many messages to `orders` and handles them all, then closes the broker.
func exchange(_ count: Int, _ tracer: RecordingTracer) async throws {
    let broker = InMemoryBroker()
    let consumer = try broker.consumer(of: "orders", group: "billing", tracer)
    for _ in 0..<count { try await broker.traced(tracer).send(InMemoryMessage(to: "orders")) }
    // Closing first: what was sent is still handed over, and then the consumer ends.
    broker.close()
    try await consumer.run { _ in }
}

func allSpans(_ path: String) throws -> [SpanRecord] {
    var spans: [SpanRecord] = []
    try TraceReader(path: path).forEachSpan { spans.append($0) }
    return spans
}
