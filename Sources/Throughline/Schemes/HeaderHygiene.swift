/// What must not travel on when a consumed message is sent on as it came: the ids, the trace context and the delivery
/// history of the message that it was.
enum HeaderHygiene {
    /// Names that nobody uses for anything else.
    private static let names =
        [
            "traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId",
            "X-B3-Sampled", "X-B3-Flags", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled",
            "x-b3-flags", "uber-trace-id", "X-Amzn-Trace-Id", "AWSTraceHeader", "Xraceparent", "Diagnostic-Id",
            "MT-Activity-Id", "MT-Activity-Correlation-Context", "MT-InitiatorId", "MT-InitiatingConversationId",
            "NServiceBus.MessageId", "NServiceBus.ConversationId", "NServiceBus.CorrelationId",
            "NServiceBus.RelatedTo",
        ] + PlainHeaders.idNames + DeadLetterHeaders.all + ReplayHeaders.all

    /// Removes them; names that an application could have chosen too go only when the message speaks their scheme.
    static func clean<Message: PublishableMessage>(_ message: inout Message) {
        let headers = message.headers
        func value(_ name: String) -> String? { Message.value(forHeader: name, in: headers) }
        var gone = names
        if ForeignIdentity(massTransit: value) != nil { gone += ["MessageId", "ConversationId", "CorrelationId"] }
        if ForeignIdentity(wolverine: value) != nil { gone += ["id", "conversation-id", "parent-id", "attempts"] }
        for names in CloudEventNames.of(Message.system) where value(names.specVersion) != nil {
            gone += names.contextNames
        }
        for name in gone { Message.setValue(nil, forHeader: name, in: &message.headers) }
    }
}
