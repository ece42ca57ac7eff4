import Tracing

/// Lets the tracer's propagators write into a message's headers. What a broker's wire format might not bear, a line break
/// above all, is not written: some clients do not escape it.
struct HeaderInjector<Message: PublishableMessage>: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout Message.Headers) {
        guard HeaderText.isCarried(value) else { return }
        Message.setValue(value, forHeader: key, in: &headers)
    }
}

/// Lets the tracer's propagators read from a message's headers. A header that stands twice is not there: one of the
/// two is a lie, and nobody knows which.
struct HeaderExtractor<Message: TraceableMessage>: Extractor {
    /// When true, only baggage can be read: a span that starts a trace of its own keeps the sender's baggage.
    var baggageOnly = false

    func extract(key: String, from headers: Message.Headers) -> String? {
        if baggageOnly, key != "baggage", key != "jaeger-baggage", !key.hasPrefix("uberctx-") { return nil }
        if let value = Message.value(forHeader: key, in: headers) {
            // Ours belongs to a traceparent of ours.
            if key == "tracestate", Message.value(forHeader: "traceparent", in: headers) == nil {
                return Self.cloudEvent(\.traceState, headers)
            }
            return Message.isRepeated(header: key, in: headers) ? nil : value
        }
        switch key {
        case "traceparent": return Self.traceParentElsewhere(headers)
        case "tracestate" where Message.value(forHeader: "traceparent", in: headers) == nil:
            return Self.cloudEvent(\.traceState, headers)
        default: return nil
        }
    }

    /// Other systems' names for the same: Wolverine, MassTransit, Azure; NATS servers before 2.14, which rewrote the
    /// name; CloudEvents' distributed tracing extension.
    private static func traceParentElsewhere(_ headers: Message.Headers) -> String? {
        for name in ["parent-id", "MT-Activity-Id", "Diagnostic-Id", "Xraceparent"] {
            if let value = Message.value(forHeader: name, in: headers) {
                return Message.isRepeated(header: name, in: headers) ? nil : value
            }
        }
        return cloudEvent(\.traceParent, headers)
    }

    private static func cloudEvent(_ name: KeyPath<CloudEventNames, String>, _ headers: Message.Headers) -> String? {
        for names in CloudEventNames.of(Message.system) where names.traceParent != "traceparent" {
            let name = names[keyPath: name]
            if let value = Message.value(forHeader: name, in: headers) {
                return Message.isRepeated(header: name, in: headers) ? nil : value
            }
        }
        return nil
    }
}

/// The trace context inside a body. A class, because hardly any message has one and all would have to make room for it.
final class EnvelopeContext: Sendable {
    let traceParent: String?
    let traceState: String?

    init(_ envelope: EnvelopeIdentity) {
        traceParent = envelope.traceParent
        traceState = envelope.traceState
    }
}

/// Reads a trace context from what an envelope says.
struct EnvelopeExtractor: Extractor {
    func extract(key: String, from envelope: EnvelopeContext) -> String? {
        switch key {
        case "traceparent": envelope.traceParent
        case "tracestate": envelope.traceState
        default: nil
        }
    }
}

/// Reads a trace context from the text of a `traceparent`.
struct TraceParentExtractor: Extractor {
    func extract(key: String, from text: String) -> String? { key == "traceparent" ? text : nil }
}

extension MessageTracing {
    /// The context as a `traceparent`; nil when no bootstrapped propagator writes one.
    func traceParent(of context: ServiceContext) -> String? {
        var carrier: [String: String] = [:]
        instrument.inject(context, into: &carrier, using: DictionaryCarrier())
        return carrier["traceparent"]
    }
}
