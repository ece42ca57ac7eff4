import Foundation
import ServiceLifecycle
import ThroughlineModel
import ThroughlineStore

/// Deletes old spans from time to time, for as long as a collector runs.
struct RetentionService: Service {
    private static let pause = Duration.seconds(60)

    let store: TraceStore
    /// How long spans are kept, in nanoseconds; nil for as long as there is room.
    let keep: UInt64?
    /// How large the file may be; nil for any size.
    let maxBytes: Int64?

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last: String?
            while !Task.isCancelled {
                let problem = await prune()
                if let problem, problem != last { Output.note(problem) }
                last = problem
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// On a thread of its own: it may take long, and Swift's pool is not for waiting. Returns what went wrong.
    private func prune() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(StoreError) {
                    let report = try store.prune(olderThan: keep.map { Age(nanoseconds: $0).ago }, maxBytes: maxBytes)
                    continuation.resume(returning: Self.problem(report, store.path))
                } catch {
                    continuation.resume(returning: error.message)
                }
            }
        }
    }

    private static func problem(_ report: PruneReport, _ path: String) -> String? {
        if let smallest = report.smallestBytes {
            return
                "even without any span \(path) takes about \(Output.bytes(smallest)), more than --max-size; nothing was deleted "
                + "for its size"
        }
        guard report.undelivered > 0 else { return nil }
        let lost =
            report.undelivered == 1
            ? "1 span was deleted before an exporter had delivered it"
            : "\(report.undelivered) spans were deleted before an exporter had delivered them"
        return "\(lost); see 'throughline doctor'"
    }
}
