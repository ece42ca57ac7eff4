import ThroughlineModel
public import Tracing

/// Carries one kind of context in headers (OpenTelemetry, context/api-propagators.md, TextMapPropagator).
public protocol Propagator: Sendable {
    /// The headers that it reads and writes.
    var fields: [String] { get }

    /// Writes what the context has; nothing when it has nothing.
    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier

    /// Adds what the headers have; a malformed header leaves the context as it was.
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier
}

/// `traceparent` and `tracestate` (W3C Trace Context Level 2).
public struct W3CTraceContextPropagator: Propagator {
    /// The headers that it reads and writes.
    public var fields: [String] { ["traceparent", "tracestate"] }

    /// Makes the propagator; it has no settings.
    public init() {}

    /// Writes both headers; `tracestate` only when there is one, shortened to what is always passed on.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.spanContext, span.isValid else { return }
        injector.inject(span.traceParent, forKey: "traceparent", into: &carrier)
        if !span.traceState.isEmpty {
            injector.inject(span.traceState.bounded.header, forKey: "tracestate", into: &carrier)
        }
    }

    /// Reads both headers; a malformed `traceparent` leaves the context as it was, a malformed `tracestate` is dropped.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let header = extractor.extract(key: "traceparent", from: carrier),
            var span = SpanContext(traceParent: header)
        else { return }
        if let state = extractor.extract(key: "tracestate", from: carrier) {
            span.traceState = TraceState(header: state) ?? TraceState()
        }
        context.spanContext = span
    }
}

/// `baggage` (W3C Baggage).
public struct W3CBaggagePropagator: Propagator {
    /// The headers that it reads and writes.
    public var fields: [String] { ["baggage"] }

    /// Makes the propagator; it has no settings.
    public init() {}

    /// Writes the header when there is any baggage.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        if let header = context.baggage.header { injector.inject(header, forKey: "baggage", into: &carrier) }
    }

    /// Reads the header; one without a valid member leaves the context as it was.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let header = extractor.extract(key: "baggage", from: carrier) else { return }
        let baggage = Baggage(header: header)
        if !baggage.isEmpty { context.baggage = baggage }
    }
}
