import ThroughlineModel

/// Does as the parent did, and asks another sampler at the root (trace/sdk.md, ParentBased).
public struct ParentBasedSampler: Sampler {
    private let root: any Sampler
    private let remoteSampled: (any Sampler)?
    private let remoteNotSampled: (any Sampler)?
    private let localSampled: (any Sampler)?
    private let localNotSampled: (any Sampler)?

    /// Whether ``SamplingParameters/message`` is looked at by any of the samplers.
    public let readsMessages: Bool

    /// Makes the sampler.
    ///
    /// - Parameters:
    ///   - root: Decides on spans without a parent.
    ///   - remoteSampled: Decides where the parent is in another process and sampled; nil samples.
    ///   - remoteNotSampled: Decides where the parent is in another process and not sampled; nil drops.
    ///   - localSampled: Decides where the parent is in this process and sampled; nil samples.
    ///   - localNotSampled: Decides where the parent is in this process and not sampled; nil drops.
    public init(
        root: any Sampler = AlwaysOnSampler(), remoteSampled: (any Sampler)? = nil,
        remoteNotSampled: (any Sampler)? = nil, localSampled: (any Sampler)? = nil,
        localNotSampled: (any Sampler)? = nil
    ) {
        self.root = root
        self.remoteSampled = remoteSampled
        self.remoteNotSampled = remoteNotSampled
        self.localSampled = localSampled
        self.localNotSampled = localNotSampled
        let all = [root, remoteSampled, remoteNotSampled, localSampled, localNotSampled]
        readsMessages = all.contains { $0?.readsMessages ?? false }
    }

    /// The parent's decision, or that of the sampler for such a parent.
    public func shouldSample(_ span: SamplingParameters) -> SamplingResult {
        guard let parent = span.parent else {
            // A header may have decided about a trace that it did not name (B3).
            switch span.context.propagatedDecision {
            case .accept, .debug: return .recordAndSample
            case .deny: return .drop
            case .deferred, nil: return root.shouldSample(span)
            }
        }
        if parent.isRemote, !parent.isSampled, span.context.propagatedDecision == .deferred {
            return root.shouldSample(span)
        }
        let sampler =
            parent.isSampled
            ? parent.isRemote ? remoteSampled : localSampled
            : parent.isRemote ? remoteNotSampled : localNotSampled
        return sampler?.shouldSample(span) ?? (parent.isSampled ? .recordAndSample : .drop)
    }
}
