import Metrics
import Synchronization
import ThroughlineModel

/// Counts spans as they start and end, for the metrics of OpenTelemetry's SDKs about themselves (semantic conventions,
/// otel/sdk-metrics.md). One atomic addition each; the pipeline's thread reports them.
final class SpanTally: Sendable {
    private final class Count: Sendable {
        let value = Atomic(0)
    }

    static let decisions: [SamplingResult.Decision] = [.drop, .recordOnly, .recordAndSample]
    static let origins = ["none", "local", "remote"]

    private let started: [Count]
    private let ended = Atomic(0)

    init() {
        started = (0..<Self.decisions.count * Self.origins.count).map { _ in Count() }
    }

    func start(_ decision: SamplingResult.Decision, parent: SpanContext?) {
        let origin = parent.map { $0.isRemote ? 2 : 1 } ?? 0
        let row =
            switch decision {
            case .drop: 0
            case .recordOnly: 1
            case .recordAndSample: 2
            }
        started[row * Self.origins.count + origin].value.add(1, ordering: .relaxed)
    }

    func end() { ended.add(1, ordering: .relaxed) }

    /// By decision and origin, in the order of ``decisions`` and ``origins``.
    var startedCounts: [Int] { started.map { $0.value.load(ordering: .relaxed) } }

    /// Recorded and not yet ended.
    var liveCount: Int {
        // The ends first: a span that ends meanwhile is then counted as live, not as minus one.
        let ended = ended.load(ordering: .relaxed)
        return startedCounts.dropFirst(Self.origins.count).reduce(0, +) - ended
    }
}
