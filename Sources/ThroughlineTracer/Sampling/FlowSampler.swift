import ThroughlineModel

/// Records a share of all flows, each of them whole: the traces of one flow are kept or dropped together, although each
/// of them could be sampled by itself.
///
/// - A span that has a parent does as the parent did.
/// - A span that begins a trace for messages that came from elsewhere, such as a batch, a replay or a late delivery,
///   does as the traces did that they came from; a batch is kept when any of its messages is.
/// - Any other span decides by ``FlowHash`` of the correlation id, or by the trace id when it is about no message. So
///   do those of services whose messages carry no trace context: same id, same decision, in every language that
///   computes the hash.
///
/// The hash is written to the tracestate as `ot=rv:…`, beside the threshold, so that OpenTelemetry's own ratio samplers
/// come to the same decision further on.
public struct FlowSampler: Sampler {
    private let threshold: SamplingThreshold

    /// Makes the sampler.
    ///
    /// - Parameter ratio: From 0, nothing, to 1, everything; other values are taken as the nearer end.
    public init(ratio: Double) {
        threshold = SamplingThreshold(ratio: ratio)
    }

    /// Decides as the flow's first span did.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        let origins = span.origins
        if let origin = origins.first(where: \.isSampled) ?? origins.first {
            let decision: SamplingResult.Decision = origin.isSampled ? .recordAndSample : .drop
            guard span.parent == nil, !origin.traceState.isEmpty else { return SamplingResult(decision) }
            // What the other trace was sampled with holds for this one too; other vendors' members do not.
            var state = TraceState()
            ProbabilityState(origin.traceState).write(into: &state)
            return SamplingResult(decision, traceState: state)
        }
        if let parent = span.parent { return parent.isSampled ? .recordAndSample : .drop }

        let hash = span.correlationID.map(FlowHash.value(of:))
        let isSampled = threshold.keeps(hash ?? span.randomness)
        var probability = ProbabilityState()
        if isSampled { probability.set(threshold: threshold) }
        if let hash { probability.set(randomness: hash) }
        var state = TraceState()
        probability.write(into: &state)
        return SamplingResult(isSampled ? .recordAndSample : .drop, traceState: state)
    }
}
