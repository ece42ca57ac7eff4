import ThroughlineModel
public import Tracing

/// The headers of Zipkin: `b3`, or `X-B3-TraceId` and its companions (openzipkin/b3-propagation).
///
/// Reads both forms, the single header first; writes one. Written names are lower-case, because brokers' headers are
/// case-sensitive; both spellings are read. The parent's id is never written (OpenTelemetry, context/api-propagators.md,
/// B3 Requirements), "debug" is passed on, and a context without a decision is decided here.
public struct B3Propagator: Propagator {
    /// The two forms.
    public enum Form: Hashable, Sendable {
        /// One header, `b3`: the one to use in messages.
        case single
        /// A header for each part.
        case multiple
    }

    private enum Name {
        static let single = "b3"
        static let traceID = "x-b3-traceid"
        static let spanID = "x-b3-spanid"
        static let sampled = "x-b3-sampled"
        static let flags = "x-b3-flags"
        static let mixedCase = [
            traceID: "X-B3-TraceId", spanID: "X-B3-SpanId", sampled: "X-B3-Sampled", flags: "X-B3-Flags",
        ]
    }

    private let form: Form

    /// Makes the propagator.
    ///
    /// - Parameter writing: What is written; both forms are read.
    public init(writing form: Form = .single) {
        self.form = form
    }

    /// The headers that it writes.
    public var fields: [String] {
        switch form {
        case .single: [Name.single]
        case .multiple: [Name.traceID, Name.spanID, Name.sampled, Name.flags]
        }
    }

    /// Writes trace, span and decision.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.spanContext, span.isValid else { return }
        let isDebug = span.isSampled && context.propagatedDecision == .debug
        switch form {
        case .single:
            let state = isDebug ? "d" : span.isSampled ? "1" : "0"
            injector.inject("\(span.traceID.hex)-\(span.spanID.hex)-\(state)", forKey: Name.single, into: &carrier)
        case .multiple:
            injector.inject(span.traceID.hex, forKey: Name.traceID, into: &carrier)
            injector.inject(span.spanID.hex, forKey: Name.spanID, into: &carrier)
            // Debug implies that the trace is sampled, which is then not said again.
            injector.inject(
                isDebug || span.isSampled ? "1" : "0", forKey: isDebug ? Name.flags : Name.sampled, into: &carrier)
        }
    }

    /// Reads either form; a malformed one leaves the context as it was.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let header = extractor.extract(key: Name.single, from: carrier), Self.read(header, into: &context) { return }
        func value(_ name: String) -> String? {
            extractor.extract(key: name, from: carrier)
                ?? Name.mixedCase[name].flatMap { extractor.extract(key: $0, from: carrier) }
        }
        let traceID = value(Name.traceID)
        let spanID = value(Name.spanID)
        let state = value(Name.flags) == "1" ? "d" : value(Name.sampled)
        guard let traceID, let spanID else {
            if traceID == nil, spanID == nil, let state { context.decide(Decision(state)) }
            return
        }
        context.continue(traceID, spanID, state.map(Decision.init) ?? .deferred)
    }

    /// `{trace}-{span}[-{decision}[-{parent}]]`, or a decision alone.
    private static func read(_ header: String, into context: inout ServiceContext) -> Bool {
        let parts = header.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return context.decide(Decision(parts[0]))
        case 2: return context.continue(parts[0], parts[1], .deferred)
        case 3: return context.continue(parts[0], parts[1], Decision(parts[2]))
        case 4 where SpanID.b3(parts[3]) != nil: return context.continue(parts[0], parts[1], Decision(parts[2]))
        default: return false
        }
    }

    fileprivate enum Decision {
        case accept, deny, debug, deferred, malformed

        /// Old senders write `true` and `false`.
        init(_ text: String) {
            switch text {
            case "1", "true", "True", "TRUE": self = .accept
            case "0", "false", "False", "FALSE": self = .deny
            case "d": self = .debug
            default: self = .malformed
            }
        }
    }
}

extension ServiceContext {
    /// A decision without a trace.
    @discardableResult
    fileprivate mutating func decide(_ decision: B3Propagator.Decision) -> Bool {
        switch decision {
        case .accept: propagatedDecision = .accept
        case .deny: propagatedDecision = .deny
        case .debug: propagatedDecision = .debug
        case .deferred, .malformed: return false
        }
        return true
    }

    /// A trace with a decision.
    @discardableResult
    fileprivate mutating func `continue`(
        _ trace: String, _ span: String, _ decision: B3Propagator.Decision
    ) -> Bool {
        guard let traceID = TraceID.b3(trace), let spanID = SpanID.b3(span), decision != .malformed else {
            return false
        }
        let flags: TraceFlags = decision == .accept || decision == .debug ? .sampled : []
        spanContext = SpanContext(traceID: traceID, spanID: spanID, flags: flags, isRemote: true)
        propagatedDecision = decision == .debug ? .debug : decision == .deferred ? .deferred : nil
        return true
    }
}

extension TraceID {
    /// 16 or 32 lower-case digits; the shorter form is the right half.
    fileprivate static func b3(_ text: String) -> TraceID? {
        let padded = text.utf8.count == 16 ? "0000000000000000" + text : text
        guard !text.utf8.contains(where: { (0x41...0x46).contains($0) }), let id = TraceID(hex: padded), id.isValid
        else {
            return nil
        }
        return id
    }
}

extension SpanID {
    /// 16 lower-case digits.
    fileprivate static func b3(_ text: String) -> SpanID? {
        guard !text.utf8.contains(where: { (0x41...0x46).contains($0) }), let id = SpanID(hex: text), id.isValid else {
            return nil
        }
        return id
    }
}
