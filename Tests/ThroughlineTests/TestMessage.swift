import Synchronization
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// The smallest message that an adapter could have.
struct TestMessage: ForwardableMessage, Sendable {
    static let system: MessagingSystem = "test"
    var destination = "orders"
    var headers: [String: [String]] = [:]
    var details = MessageDetails()

    static func value(forHeader name: String, in headers: [String: [String]]) -> String? { headers[name]?.last }
    static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: [String]]) {
        headers[name] = value.map { [$0] }
    }
    static func isRepeated(header name: String, in headers: [String: [String]]) -> Bool {
        headers[name, default: []].count > 1
    }

    func copy(to destination: String) -> TestMessage { TestMessage(destination: destination, headers: headers) }

    subscript(name: String) -> String? { Self.value(forHeader: name, in: headers) }
}

/// A tracer whose spans end in a list, and the middleware over it.
struct Bench {
    let sink = InMemorySink()
    let pipeline: SpanPipeline
    let tracer: RecordingTracer
    var tracing: MessageTracing

    init(
        sampler: any Sampler = ParentBasedSampler(), _ change: (inout MessageTracing.Configuration) -> Void = { _ in }
    ) {
        var settings = SpanPipeline.Configuration()
        settings.capacity = 1_000_000
        pipeline = SpanPipeline(sink: sink, configuration: settings)
        var tracerSettings = RecordingTracer.Configuration()
        tracerSettings.sampler = sampler
        tracer = RecordingTracer(pipeline: pipeline, resource: Resource(), configuration: tracerSettings)
        var configuration = MessageTracing.Configuration()
        configuration.tracer = tracer
        change(&configuration)
        tracing = MessageTracing(configuration)
    }

    func spans() async -> [SpanRecord] {
        _ = await pipeline.flush()
        return sink.records
    }

    func span(named name: String) async -> SpanRecord? {
        await spans().first { $0.name == name }
    }

    /// What arrives when a message is published: the message with its headers.
    func published(_ message: TestMessage = TestMessage()) async -> TestMessage {
        await tracing.publish(message) { $0 }
    }
}

struct HandlerError: Error, Equatable {}
