import ThroughlineModel
public import Tracing

/// The header of AWS X-Ray, `X-Amzn-Trace-Id`, and in messages of SQS the system attribute `AWSTraceHeader`, which wins
/// where both are there.
///
/// `Sampled=?` leaves the decision to whoever reads it. The first eight digits of an id of ours are a time in another
/// unit than X-Ray's own ids have; X-Ray takes ids of any kind.
public struct XRayPropagator: Propagator {
    private static let name = "X-Amzn-Trace-Id"

    /// Makes the propagator; it has no settings.
    public init() {}

    /// The header that it writes.
    public var fields: [String] { [Self.name] }

    /// Writes root, parent and decision.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.spanContext, span.isValid else { return }
        let trace = span.traceID.hex
        let root = "1-\(trace.prefix(8))-\(trace.dropFirst(8))"
        injector.inject(
            "Root=\(root);Parent=\(span.spanID.hex);Sampled=\(span.isSampled ? 1 : 0)", forKey: Self.name,
            into: &carrier)
    }

    /// Reads the header, its parts in any order; without a valid root and parent the context stays as it was.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        for name in ["AWSTraceHeader", Self.name, "x-amzn-trace-id"] {
            guard let header = extractor.extract(key: name, from: carrier) else { continue }
            if Self.read(header, into: &context) { return }
        }
    }

    private static func read(_ header: String, into context: inout ServiceContext) -> Bool {
        var root: TraceID?
        var parent: SpanID?
        var sampled: Substring = "?"
        for part in header.split(separator: ";") {
            let pair = part.trimmingOptionalWhitespace().split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "Root": root = Self.traceID(pair[1])
            case "Parent": parent = SpanID(hex: pair[1])
            case "Sampled": sampled = pair[1]
            default: break
            }
        }
        guard let root, let parent, root.isValid, parent.isValid, ["0", "1", "?"].contains(sampled) else {
            return false
        }
        context.spanContext = SpanContext(
            traceID: root, spanID: parent, flags: sampled == "1" ? .sampled : [], isRemote: true)
        context.propagatedDecision = sampled == "?" ? .deferred : nil
        return true
    }

    /// `1-{8 digits}-{24 digits}`.
    private static func traceID(_ text: Substring) -> TraceID? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "1", parts[1].utf8.count == 8, parts[2].utf8.count == 24 else { return nil }
        return TraceID(hex: parts[1] + parts[2])
    }
}
