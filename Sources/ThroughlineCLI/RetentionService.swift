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
            while !Task.isCancelled {
                if let problem = await prune() { Output.note(problem) }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// On a thread of its own: it may take long, and Swift's pool is not for waiting. Returns what went wrong.
    private func prune() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(StoreError) {
                    _ = try store.prune(olderThan: keep.map { Age(nanoseconds: $0).ago }, maxBytes: maxBytes)
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(returning: error.message)
                }
            }
        }
    }
}
