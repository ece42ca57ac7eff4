public import Logging
import ThroughlineContext
import ThroughlineModel
import Tracing

extension Logger.MetadataProvider {
    /// Names the trace and the message that the current task is about in every line that is logged:
    ///
    /// | key | what |
    /// |---|---|
    /// | `trace_id`, `span_id` | the current span, of ``RecordingTracer`` or ``TeeTracer``; names as in OpenTelemetry's compatibility/logging_trace_context.md |
    /// | `message_id` | the message being handled, or a list for a batch |
    /// | `correlation_id` | the flow's id; left out in a batch of several flows |
    /// | `causation_id` | the messages that caused the one being handled, or a list of them; left out at the root of a flow |
    ///
    /// The ids of messages are there with every tracing backend; another backend's own provider names its spans:
    /// `.multiplex([.throughline, theirs])`.
    public static let throughline = Logger.MetadataProvider {
        guard let context = ServiceContext.current else { return [:] }
        var metadata: Logger.Metadata = [:]
        if let span = context.spanContext, span.isValid {
            metadata["trace_id"] = .string(span.traceID.hex)
            metadata["span_id"] = .string(span.spanID.hex)
        }
        if let message = context.message {
            metadata["message_id"] = value(message.messageIDs)
            metadata["correlation_id"] = message.correlationID.map { .string($0) }
            metadata["causation_id"] = value(message.causationIDs)
        }
        return metadata
    }

    private static func value(_ ids: [String]) -> Logger.MetadataValue? {
        ids.count > 1 ? .array(ids.map { .string($0) }) : ids.first.map { .string($0) }
    }
}
