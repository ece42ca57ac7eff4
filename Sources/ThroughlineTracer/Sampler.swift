public import ThroughlineModel

/// Decides, when a span starts, whether it is recorded (OpenTelemetry, trace/sdk.md, Sampler).
///
/// swift-distributed-tracing gives neither attributes nor links at the start, so a sampler sees none.
public protocol Sampler: Sendable {
    /// True when the span is to be recorded. The context of a span that is not is propagated all the same.
    func shouldSample(_ span: SamplingParameters) -> Bool
}

/// What a sampler knows.
public struct SamplingParameters: Sendable {
    /// The parent, in this process or another; nil for the root of a trace.
    public let parent: SpanContext?
    /// The trace that the span will belong to.
    public let traceID: TraceID
    /// What the span is called at its start.
    public let name: String
    /// The role of the span.
    public let kind: SpanKind

    /// Makes parameters, for testing a sampler.
    public init(parent: SpanContext?, traceID: TraceID, name: String, kind: SpanKind) {
        self.parent = parent
        self.traceID = traceID
        self.name = name
        self.kind = kind
    }
}

/// Records everything.
public struct AlwaysOnSampler: Sampler {
    /// Makes the sampler.
    public init() {}

    /// Always true.
    public func shouldSample(_ span: SamplingParameters) -> Bool { true }
}

/// Records nothing.
public struct AlwaysOffSampler: Sampler {
    /// Makes the sampler.
    public init() {}

    /// Always false.
    public func shouldSample(_ span: SamplingParameters) -> Bool { false }
}

/// Records a share of all traces, the same ones in every process: those whose 56 right-most bits, taken as a number,
/// reach a threshold (trace/sdk.md, TraceIdRatioBased; trace/tracestate-probability-sampling.md).
public struct TraceIDRatioSampler: Sampler {
    private let threshold: UInt64

    /// Makes the sampler.
    ///
    /// - Parameter ratio: from 0, nothing, to 1, everything; other values are taken as the nearer end.
    public init(ratio: Double) {
        let range = Double(UInt64(1) << 56)
        threshold = UInt64((range * (1 - min(max(ratio, 0), 1))).rounded())
    }

    /// True when the random part of the trace id reaches the threshold.
    public func shouldSample(_ span: SamplingParameters) -> Bool {
        span.traceID.low & 0x00FF_FFFF_FFFF_FFFF >= threshold
    }
}

/// Does as the parent did, and asks another sampler at the root (trace/sdk.md, ParentBased).
public struct ParentBasedSampler: Sampler {
    private let root: any Sampler

    /// Makes the sampler.
    public init(root: any Sampler = AlwaysOnSampler()) {
        self.root = root
    }

    /// The parent's decision, or the root sampler's.
    public func shouldSample(_ span: SamplingParameters) -> Bool {
        span.parent?.isSampled ?? root.shouldSample(span)
    }
}
