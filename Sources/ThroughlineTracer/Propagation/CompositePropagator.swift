public import Tracing

/// Several propagators as one (OpenTelemetry, context/api-propagators.md, Composite Propagator).
///
/// All of them write. In reading, each is asked in the order given; of those that find a trace, the first wins, and the
/// ones after it can only add what is not a trace, such as baggage. A propagator whose header is malformed finds none.
public struct CompositePropagator: Propagator {
    private let propagators: [any Propagator]

    /// Makes one of several.
    ///
    /// - Parameter propagators: In the order in which they are asked.
    public init(_ propagators: [any Propagator]) {
        self.propagators = propagators
    }

    /// The headers of all of them, each once.
    public var fields: [String] {
        var all: [String] = []
        for field in propagators.flatMap(\.fields) where !all.contains(field) { all.append(field) }
        return all
    }

    /// Writes what each of them writes.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        for propagator in propagators { propagator.inject(context, into: &carrier, using: injector) }
    }

    /// Reads the trace that the first of them finds, and what else there is.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        let before = context.spanContext
        if before != nil { context.spanContext = nil }
        for propagator in propagators {
            let found = context.spanContext
            let decision = context.propagatedDecision
            propagator.extract(carrier, into: &context, using: extractor)
            if let found, context.spanContext != found || context.propagatedDecision != decision {
                context.spanContext = found
                context.propagatedDecision = decision
            }
        }
        if let before, context.spanContext == nil { context.spanContext = before }
    }
}
