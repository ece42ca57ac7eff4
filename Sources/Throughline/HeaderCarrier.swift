import Tracing

/// Lets the tracer's propagators write into a message's headers.
struct HeaderInjector<Message: PublishableMessage>: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout Message.Headers) {
        Message.setValue(value, forHeader: key, in: &headers)
    }
}

/// Lets the tracer's propagators read from a message's headers. A header that stands twice is not there: one of the
/// two is a lie, and nobody knows which.
struct HeaderExtractor<Message: TraceableMessage>: Extractor {
    /// When true, only `baggage` can be read: a span that starts a trace of its own keeps the sender's baggage.
    var baggageOnly = false

    func extract(key: String, from headers: Message.Headers) -> String? {
        if baggageOnly, key != "baggage" { return nil }
        guard let value = Message.value(forHeader: key, in: headers) else {
            return key == "traceparent" ? Self.traceParentElsewhere(headers) : nil
        }
        return Message.isRepeated(header: key, in: headers) ? nil : value
    }

    /// Other systems' names for the same: Wolverine, MassTransit, Azure; NATS servers before 2.14, which rewrote the
    /// name; CloudEvents' distributed tracing extension.
    private static func traceParentElsewhere(_ headers: Message.Headers) -> String? {
        for name in ["parent-id", "MT-Activity-Id", "Diagnostic-Id", "Xraceparent"] {
            if let value = Message.value(forHeader: name, in: headers) { return value }
        }
        for prefix in CloudEventHeaders.prefixes(of: Message.system) where !prefix.isEmpty {
            if let value = Message.value(forHeader: prefix + "traceparent", in: headers) { return value }
        }
        return nil
    }
}

/// Reads a trace context from the text of a `traceparent`.
struct TraceParentExtractor: Extractor {
    func extract(key: String, from text: String) -> String? { key == "traceparent" ? text : nil }
}
