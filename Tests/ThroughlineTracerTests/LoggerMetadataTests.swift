import Logging
import Testing
import ThroughlineContext
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("The logger's metadata provider")
struct LoggerMetadataTests {
    private func metadata(_ context: ServiceContext) -> Logger.Metadata {
        ServiceContext.withValue(context) { Logger.MetadataProvider.throughline.get() }
    }

    @Test("Names the span and the message of the current task")
    func all() throws {
        let span = Bench().tracer.startSpan("work")
        defer { span.end() }
        var context = span.context
        context.message = MessageContext(messageIDs: ["m-2"], correlationID: "c-1", causationIDs: ["m-1"])
        let own = try #require(context.spanContext)
        #expect(
            metadata(context) == [
                "trace_id": .string(own.traceID.hex), "span_id": .string(own.spanID.hex), "message_id": "m-2",
                "correlation_id": "c-1", "causation_id": "m-1",
            ])
    }

    @Test("A batch of several flows has a list of messages and no correlation id; without anything there is nothing")
    func batch() {
        var context = ServiceContext.topLevel
        context.message = MessageContext(messageIDs: ["m-1", "m-2"], correlationID: nil, causationIDs: [])
        #expect(metadata(context) == ["message_id": ["m-1", "m-2"]])
        #expect(metadata(.topLevel).isEmpty)
        #expect(Logger.MetadataProvider.throughline.get().isEmpty)
    }
}
