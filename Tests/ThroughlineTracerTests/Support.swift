import ThroughlineModel
import ThroughlineTracer
import Tracing

/// A tracer whose spans end in a list.
struct Bench {
    let sink = InMemorySink()
    let pipeline: SpanPipeline
    let tracer: RecordingTracer

    init(_ change: (inout RecordingTracer.Configuration) -> Void = { _ in }) {
        pipeline = SpanPipeline(sink: sink)
        var configuration = RecordingTracer.Configuration()
        change(&configuration)
        tracer = RecordingTracer(
            pipeline: pipeline, resource: Resource(attributes: ["service.name": "test"]), configuration: configuration)
    }

    func spans() async -> [SpanRecord] {
        _ = await pipeline.flush()
        return sink.records
    }

    /// What a request with these headers passes on from inside a span.
    func passedOn(_ headers: [String: String]) -> [String: String] {
        var context = ServiceContext.topLevel
        tracer.extract(headers, into: &context, using: DictionaryCarrier())
        let span = tracer.startSpan("work", context: context)
        defer { span.end() }
        var out: [String: String] = [:]
        tracer.inject(span.context, into: &out, using: DictionaryCarrier())
        return out
    }
}

struct DictionaryCarrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

struct StubSampler: Sampler {
    let isSampled: Bool
    func shouldSample(_ span: SamplingParameters) -> SamplingResult { isSampled ? .recordAndSample : .drop }
}
