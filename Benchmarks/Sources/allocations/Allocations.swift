import CountingAllocator
import InMemoryTracing
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Heap allocations a span on the thread that makes it: 8 attributes, started, ended, handed to the buffer.
@main
enum Allocations {
    struct NullSink: SpanSink {
        func write(_ batch: [SpanRecord]) {}
    }

    static func main() async {
        var configuration = SpanPipeline.Configuration()
        configuration.capacity = 100_000
        let pipeline = SpanPipeline(sink: NullSink(), configuration: configuration)
        let resource = Resource(attributes: ["service.name": "benchmark"])
        var off = RecordingTracer.Configuration()
        off.sampler = AlwaysOffSampler()
        count("sampled", RecordingTracer(pipeline: pipeline, resource: resource))
        count("unsampled", RecordingTracer(pipeline: pipeline, resource: resource, configuration: off))
        count("InMemoryTracer", InMemoryTracer())
        await pipeline.shutdown()
    }

    private static func count(_ name: String, _ tracer: some Tracer) {
        let spans = 10_000
        var start = 0
        for round in 0..<2 {
            // The first round warms up: caches, thread-locals, the buffer's first storage.
            if round == 1 { start = allocated_blocks() }
            for index in 0..<spans {
                let span = tracer.startSpan("send orders", ofKind: .producer)
                if span.isRecording { setAttributes(of: span, index) }
                span.end()
            }
        }
        let perSpan = Double(allocated_blocks() - start) / Double(spans)
        print("heap allocations a span, \(name): \((perSpan * 10).rounded() / 10)")
    }

    private static func setAttributes(of span: some Span, _ index: Int) {
        span.updateAttributes { attributes in
            attributes.reserveCapacity(8)
            attributes.set("messaging.system", value: .string("kafka"))
            attributes.set("messaging.operation.name", value: .string("send"))
            attributes.set("messaging.operation.type", value: .string("send"))
            attributes.set("messaging.destination.name", value: .string("orders"))
            attributes.set("messaging.message.id", value: .string("0198b2c4-7d5e-7000-8000-000000000001"))
            attributes.set("messaging.message.conversation_id", value: .string("0198b2c4-7d5e-7000-8000-000000000002"))
            attributes.set("messaging.destination.partition.id", value: .string("3"))
            attributes.set("messaging.kafka.offset", value: .int64(Int64(index)))
        }
    }
}
