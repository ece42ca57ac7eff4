import Synchronization
import Testing
import ThroughlineModel

/// A collector that answers as a test tells it to.
final class ScriptedExporter: SpanExporter {
    private struct State {
        var taken: [SpanID] = []
        var requests = 0
        var underWay = 0
        var mostUnderWay = 0
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let answer: @Sendable (_ request: Int, _ batch: [SpanRecord]) async -> ExportOutcome

    /// - Parameter answer: The answer to a request, the first of which is 1; all are accepted by default.
    init(_ answer: @escaping @Sendable (Int, [SpanRecord]) async -> ExportOutcome = { _, _ in .accepted(rejected: 0) })
    {
        self.answer = answer
    }

    /// The spans of accepted batches, in the order in which they were accepted.
    var taken: [SpanID] { state.withLock { $0.taken } }
    var requests: Int { state.withLock { $0.requests } }
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        let request = state.withLock { state in
            state.requests += 1
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            return state.requests
        }
        let outcome = await answer(request, batch)
        state.withLock { state in
            state.underWay -= 1
            if case .accepted = outcome { state.taken += batch.map(\.spanID) }
        }
        return outcome
    }

    func shutdown() async { state.withLock { $0.isShutDown = true } }
}

/// Waits until something is so, for at most a minute: tests that wait for processes hold up the threads meanwhile.
func eventually(
    _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while try !isSo() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what ?? "it never came about", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
