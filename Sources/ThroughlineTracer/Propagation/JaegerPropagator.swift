import ThroughlineModel
public import Tracing

/// The headers of Jaeger's own clients: `uber-trace-id`, and `uberctx-…` for baggage. Deprecated by OpenTelemetry, and
/// still written by systems that have not moved.
///
/// swift-distributed-tracing asks for headers by name and cannot list them, so of `uberctx-…` only the keys that are
/// named here are read; `jaeger-baggage`, where all stand in one header, is read as it is.
public struct JaegerPropagator: Propagator {
    private static let trace = "uber-trace-id"
    private static let baggage = "jaeger-baggage"
    private static let prefix = "uberctx-"

    private let baggageKeys: [String]

    /// Makes the propagator.
    ///
    /// - Parameter baggageKeys: The baggage that is looked for in `uberctx-…` headers.
    public init(baggageKeys: [String] = []) {
        self.baggageKeys = baggageKeys
    }

    /// The headers that it writes, those of baggage aside.
    public var fields: [String] { [Self.trace] }

    /// Writes the trace, and a header for each member of the baggage.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        if let span = context.spanContext, span.isValid {
            let flags = span.isSampled ? context.propagatedDecision == .debug ? "3" : "1" : "0"
            injector.inject("\(span.traceID.hex):\(span.spanID.hex):0:\(flags)", forKey: Self.trace, into: &carrier)
        }
        for member in context.baggage.members {
            injector.inject(PercentEncoding.encode(member.value), forKey: Self.prefix + member.key, into: &carrier)
        }
    }

    /// Reads the trace, and the baggage that it knows to look for; malformed headers leave the context as it was.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let header = extractor.extract(key: Self.trace, from: carrier) {
            Self.read(PercentEncoding.decode(header[...]), into: &context)
        }
        var baggage = Baggage(header: extractor.extract(key: Self.baggage, from: carrier) ?? "")
        for key in baggageKeys {
            guard let value = extractor.extract(key: Self.prefix + key, from: carrier),
                value.utf8.count <= Baggage.maximumLength
            else { continue }
            baggage[key] = PercentEncoding.decode(value[...])
        }
        if !baggage.isEmpty {
            var all = context.baggage
            for member in baggage.members { all[member.key] = member.value }
            context.baggage = all
        }
    }

    /// `{trace}:{span}:{parent}:{flags}`: leading zeros may be missing everywhere, and the parent says nothing.
    private static func read(_ header: String, into context: inout ServiceContext) {
        let parts = header.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, (1...32).contains(parts[0].utf8.count), (1...16).contains(parts[1].utf8.count),
            (1...2).contains(parts[3].utf8.count), let trace = Hex.halves(of: parts[0].utf8),
            let span = Hex.value(of: parts[1].utf8), let bits = Hex.value(of: parts[3].utf8)
        else { return }
        let isDebug = bits & 2 != 0
        let found = SpanContext(
            traceID: TraceID(high: trace.high, low: trace.low), spanID: SpanID(span),
            flags: bits & 1 != 0 || isDebug ? .sampled : [], isRemote: true)
        guard found.isValid else { return }
        context.spanContext = found
        context.propagatedDecision = isDebug ? .debug : nil
    }
}
