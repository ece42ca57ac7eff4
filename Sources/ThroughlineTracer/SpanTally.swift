import Metrics
import Synchronization
import ThroughlineModel

/// Counts spans as they start and end, for the metrics of OpenTelemetry's SDKs about themselves (semantic conventions,
/// otel/sdk-metrics.md). One atomic addition each; the pipeline's thread reports them.
final class SpanTally: Sendable {
    static let origins = ["none", "local", "remote"]

    /// One for each kind of parent, as fields, so that counting follows no reference.
    private struct Counts: ~Copyable {
        let none = Atomic(0)
        let local = Atomic(0)
        let remote = Atomic(0)

        func add(_ parent: SpanContext?) {
            if let parent {
                if parent.isRemote { remote.add(1, ordering: .relaxed) } else { local.add(1, ordering: .relaxed) }
            } else {
                none.add(1, ordering: .relaxed)
            }
        }

        var values: [Int] {
            [none.load(ordering: .relaxed), local.load(ordering: .relaxed), remote.load(ordering: .relaxed)]
        }
    }

    private let dropped = Counts()
    private let recorded = Counts()
    private let sampled = Counts()
    private let ended = Atomic(0)

    func start(_ decision: SamplingResult.Decision, parent: SpanContext?) {
        switch decision {
        case .drop: dropped.add(parent)
        case .recordOnly: recorded.add(parent)
        case .recordAndSample: sampled.add(parent)
        }
    }

    func end() { ended.add(1, ordering: .relaxed) }

    /// Of those dropped, recorded only, and sampled, each by where the parent was, in the order of ``origins``.
    var startedCounts: [Int] { dropped.values + recorded.values + sampled.values }

    /// Recorded and not yet ended.
    var liveCount: Int {
        // The ends first: a span that ends meanwhile is then counted as live, not as minus one.
        let ended = ended.load(ordering: .relaxed)
        return (recorded.values + sampled.values).reduce(0, +) - ended
    }
}
