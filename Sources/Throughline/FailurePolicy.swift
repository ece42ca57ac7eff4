/// What becomes of a message whose handler threw.
public struct FailurePolicy: Sendable {
    let settlement: @Sendable (any Error, Int) -> Settlement

    /// Decides by the error and the number of the attempt, counted from 1.
    public init(_ settlement: @escaping @Sendable (_ error: any Error, _ attempt: Int) -> Settlement) {
        self.settlement = settlement
    }

    /// Requeues until so many attempts have failed, then settles as given; what a rejected message turns into is the
    /// broker's affair: on most it is dropped or goes to a dead-letter destination.
    public static func retry(upTo attempts: Int, then settlement: Settlement = .rejected) -> FailurePolicy {
        FailurePolicy { _, attempt in attempt < attempts ? .requeued : settlement }
    }
}
