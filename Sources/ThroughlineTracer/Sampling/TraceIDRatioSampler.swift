import ThroughlineModel

/// Records a share of all traces, the same ones in every process: those whose random number of 56 bits reaches a
/// threshold, which is written to the tracestate as `ot=th:…` (trace/sdk.md, TraceIdRatioBased;
/// trace/tracestate-probability-sampling.md). The number is `rv` of the tracestate, else the end of the trace id.
///
/// A flow that spans several traces is cut by it; ``FlowSampler`` keeps it whole.
public struct TraceIDRatioSampler: Sampler {
    private let threshold: SamplingThreshold
    private let state: TraceState

    /// Makes the sampler.
    ///
    /// - Parameter ratio: From 0, nothing, to 1, everything; other values are taken as the nearer end.
    public init(ratio: Double) {
        threshold = SamplingThreshold(ratio: ratio)
        var state = TraceState()
        var probability = ProbabilityState()
        probability.set(threshold: threshold)
        probability.write(into: &state)
        self.state = state
    }

    /// Compares the random number of the trace with the threshold, whatever the parent did.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        let isSampled = threshold.keeps(span.randomness)
        guard var state = span.parent?.traceState, !state.isEmpty else {
            return isSampled ? SamplingResult(.recordAndSample, traceState: state) : .drop
        }
        var probability = ProbabilityState(state)
        probability.set(threshold: isSampled ? threshold : nil)
        probability.write(into: &state)
        return SamplingResult(isSampled ? .recordAndSample : .drop, traceState: state)
    }

    /// False.
    public var readsMessages: Bool { false }
}
