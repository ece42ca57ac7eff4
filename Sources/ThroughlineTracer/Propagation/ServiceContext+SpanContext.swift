public import ThroughlineModel
public import Tracing

private enum SpanContextKey: ServiceContextKey {
    typealias Value = SpanContext
    static var nameOverride: String? { "throughline-span" }
}

private enum BaggageKey: ServiceContextKey {
    typealias Value = Baggage
    static var nameOverride: String? { "throughline-baggage" }
}

extension ServiceContext {
    /// The span that is current, whether it is recorded or not; nil outside of any trace.
    public internal(set) var spanContext: SpanContext? {
        get { self[SpanContextKey.self] }
        set { self[SpanContextKey.self] = newValue }
    }

    /// The baggage that travels with every message published from here (W3C Baggage). Never recorded on spans.
    public var baggage: Baggage {
        get { self[BaggageKey.self] ?? Baggage() }
        set { self[BaggageKey.self] = newValue.isEmpty ? nil : newValue }
    }
}
