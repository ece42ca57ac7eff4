import Tracing

/// What a header says about sampling that the sampled flag cannot say.
enum PropagatedDecision: Hashable, Sendable {
    /// Nothing was decided yet: whoever reads it decides, as at the root of a trace.
    case deferred
    /// The whole trace is to be recorded, whatever it costs, and the next one is to be told so.
    case debug
    /// A decision without a trace: whatever trace begins here is to be sampled.
    case accept
    /// A decision without a trace: whatever trace begins here is not to be sampled.
    case deny
}

private enum PropagatedDecisionKey: ServiceContextKey {
    typealias Value = PropagatedDecision
    static var nameOverride: String? { "throughline-decision" }
}

extension ServiceContext {
    var propagatedDecision: PropagatedDecision? {
        get { self[PropagatedDecisionKey.self] }
        set { self[PropagatedDecisionKey.self] = newValue }
    }
}
