import ThroughlineContext

/// Gives spans to samplers by what their message is about; the first rule that fits decides.
///
/// ```swift
/// let sampler = ParentBasedSampler(
///     root: RuleSampler(
///         [
///             SamplingRule(destination: "health.*", AlwaysOffSampler()),
///             SamplingRule(messageType: "PaymentFailed", AlwaysOnSampler()),
///         ], otherwise: FlowSampler(ratio: 0.1)))
/// ```
///
/// Inside a ``ParentBasedSampler``, as here, a rule decides on the root of a trace and so on all that follows. A rule by
/// destination or type that is asked for every span cuts flows.
public struct RuleSampler: Sampler {
    private let rules: [SamplingRule]
    private let otherwise: any Sampler

    /// Makes the sampler.
    ///
    /// - Parameters:
    ///   - rules: In the order in which they are tried.
    ///   - otherwise: Decides where no rule fits, and on every span that is about no message.
    public init(_ rules: [SamplingRule], otherwise: any Sampler) {
        self.rules = rules
        self.otherwise = otherwise
    }

    /// The decision of the first rule that fits.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        if let message = span.message, let rule = rules.first(where: { $0.fits(message) }) {
            return rule.sampler.shouldSample(span)
        }
        return otherwise.shouldSample(span)
    }
}
