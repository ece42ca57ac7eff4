import Logging
public import ServiceLifecycle
import Synchronization
public import ThroughlineModel
public import ThroughlineStore
import ThroughlineTracer

/// Sends what a store holds to a collector, and keeps the place in the store itself (store-and-forward).
///
/// The cursor moves only when the collector has accepted what lies before it, so that neither a collector that is away
/// nor a process that is killed loses what was stored; what was on its way when it was killed may arrive twice. While
/// the collector takes nothing, the pause between attempts grows, with jitter, and `Retry-After` is honoured. What it
/// refuses for good is set aside in the store with the reason. What says nothing about the spans, but that address or
/// credentials are wrong, holds the cursor: the collector is asked again after a long pause, and people are told. Only one process at a time forwards under one name.
///
/// Metrics, through swift-metrics, each with the dimension `exporter`: `throughline.export.backlog` (spans) and
/// `throughline.export.backlog.age` (seconds), gauges; `throughline.export.spans.exported`, `.rejected`, `.set_aside`
/// and `throughline.export.failures` (requests), counters.
public final class SpanForwarder: Service {
    /// When forwarding ends by itself.
    enum Goal: Int, Comparable {
        case never
        /// When nothing is left in the store.
        case empty
        /// When what is on its way has been answered.
        case soon

        static func < (left: Goal, right: Goal) -> Bool { left.rawValue < right.rawValue }
    }

    /// The name of the exporter: that of its cursor in the store.
    public let name: String
    let exporter: any SpanExporter
    let configuration: ForwardingConfiguration
    let cursor: ExportCursor
    let metrics: ForwardingMetrics
    /// Rung when there may be something new to read.
    let news = Doorbell()
    /// Rung when the end is wanted: pauses are cut short, but for those that the collector asked for.
    let hurry = Doorbell()
    /// Rung when nothing is to be sent any more: all pauses are cut short.
    let halt = Doorbell()
    private let goalState = Mutex(Goal.never)
    private let progressState = Mutex(ForwardingProgress())
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// Opens the store; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - store: The file.
    ///   - exporter: What sends a batch.
    ///   - name: The name of the cursor: whoever exports under the same name goes on where another has stopped.
    ///   - holder: Who exports, by a name that tells a process from all others, for people who ask.
    ///   - configuration: The settings.
    /// - Throws: ``StoreError`` when the file cannot be used.
    public init(
        store: String, to exporter: any SpanExporter, named name: String, heldBy holder: String,
        configuration: ForwardingConfiguration = ForwardingConfiguration()
    ) throws(StoreError) {
        self.name = name
        self.exporter = exporter
        self.configuration = configuration
        cursor = ExportCursor(
            try ExportLog(path: store), name, heldBy: holder, lease: configuration.lease, now: configuration.now)
        metrics = ForwardingMetrics(exporter: name)
    }

    /// What has been sent so far, and what waits.
    public var progress: ForwardingProgress { progressState.withLock { $0 } }

    /// Forwards until the graceful shutdown, then for the time that the configuration gives it what is left by then.
    public func run() async throws {
        start()
        try? await gracefulShutdown()
        await finish(within: configuration.shutdownTimeout)
    }

    /// Forwards until nothing is left in the store, or the patience of the configuration is over.
    ///
    /// - Returns: What it came to: nothing has failed and nobody else has the exporter when all was sent.
    public func forwardAll() async -> ForwardingProgress {
        goalState.withLock { $0 = max($0, .empty) }
        await withTaskCancellationHandler {
            await forward()
        } onCancel: {
            stop()
        }
        return progress
    }

    /// Begins no further batch; forwarding ends when those that are on their way have been answered.
    public func stop() { pursue(.soon) }

    /// Makes forwarding look for new spans now.
    package func wake() { news.ring() }

    /// Starts forwarding in the background.
    package func start() {
        task.withLock { task in
            if task == nil { task = Task { await self.forward() } }
        }
    }

    /// Delivers what is left, as far as the time goes, and ends what ``start()`` began.
    ///
    /// - Returns: How many spans are left in the store, about.
    @discardableResult
    package func finish(within timeout: Duration) async -> Int {
        guard let task = task.withLock({ $0 }) else { return progress.backlog }
        pursue(.empty)
        if await !Self.wait(timeout, for: { await task.value }) {
            stop()
            task.cancel()
            // Requests that are cancelled answer at once, and letting go of the exporter takes no time; one that hears
            // of nothing is not waited for.
            _ = await Self.wait(.milliseconds(500)) { await task.value }
        }
        _ = await Self.wait(.milliseconds(500)) { try? await self.look() }
        _ = await Self.wait(.milliseconds(500)) { await self.exporter.shutdown() }
        let left = progress.backlog
        if left > 0 {
            configuration.logger.notice(
                "Shutting down ended before all spans were exported; they stay in the store for the next time.",
                metadata: ["exporter": "\(name)", "spans": "\(left)", "failure": "\(progress.failure ?? "none")"])
        }
        return left
    }

    private static func wait(_ timeout: Duration, for body: @escaping @Sendable () async -> Void) async -> Bool {
        await Deadline.wait(timeout) { continuation in
            Task {
                await body()
                continuation.resume(returning: true)
            }
        }
    }

    var goal: Goal { goalState.withLock { $0 } }

    private func pursue(_ goal: Goal) {
        goalState.withLock { $0 = max($0, goal) }
        news.ring()
        hurry.ring()
        if goal == .soon { halt.ring() }
    }

    func report(_ change: (inout ForwardingProgress) -> Void) {
        progressState.withLock { change(&$0) }
    }
}
