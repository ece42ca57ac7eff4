import Dispatch
public import Logging
public import ThroughlineModel

/// Sends spans to a collector straight from memory, without a store: the sink of a ``SpanPipeline``.
///
/// Batches wait in a bounded queue and are exported in the background. While the collector is away they are kept and
/// tried again with growing pauses; beyond the queue's capacity new spans are dropped and counted. What must not be lost
/// while a collector is away for longer, or the process is killed, belongs in a store.
///
/// Counters, through swift-metrics: `throughline.export.spans.exported` and `throughline.export.spans.dropped`, the
/// latter with the dimension `reason`: `queue-full`, `refused` or `shutdown`.
public final class ExportingSink: SpanSink {
    /// Settings of a sink.
    public struct Configuration: Sendable {
        /// How many spans wait or are on their way at most; 65,536 by default.
        public var capacity = 65_536
        /// How many spans an exporter gets at once, at most; 2,048 by default.
        public var batchSize = 2_048
        /// How many batches are on their way at once; 2 by default.
        public var concurrentExports = 2
        /// How long a flush may take; 5 s by default.
        public var flushTimeout: Duration = .seconds(5)
        /// How long closing may take, with the last attempts; 5 s by default.
        public var shutdownTimeout: Duration = .seconds(5)
        /// The first pause after a batch that nobody took is at most this long; 1 s by default. Each further one at
        /// most twice as long as the one before.
        public var firstPause: Duration = .seconds(1)
        /// The longest pause; 30 s by default.
        public var longestPause: Duration = .seconds(30)
        /// Where failures are logged, the first of a row only.
        public var logger: Logger?

        /// The defaults.
        public init() {}
    }

    private let exporter: any SpanExporter
    private let configuration: Configuration
    private let queue: ExportQueue
    private let workers: [Task<Void, Never>]

    /// Makes a sink and starts its tasks.
    public init(_ exporter: any SpanExporter, configuration: Configuration = Configuration()) {
        self.exporter = exporter
        self.configuration = configuration
        let queue = ExportQueue(capacity: configuration.capacity, batchSize: max(1, configuration.batchSize))
        self.queue = queue
        workers = (0..<max(1, configuration.concurrentExports)).map { _ in
            Task { await ExportWorker(exporter, queue, configuration).run() }
        }
    }

    deinit {
        queue.close()
    }

    /// How many spans were lost so far, for whatever reason.
    public var droppedCount: Int { queue.droppedCount }
    /// How many spans the collector has taken so far.
    public var exportedCount: Int { queue.exportedCount }
    /// How many spans wait or are on their way.
    public var pendingCount: Int { queue.pendingCount }

    /// Takes the spans that have ended; those that have not come by again when they do.
    public func write(_ batch: [SpanRecord]) {
        let ended = batch.allSatisfy { $0.end != nil } ? batch : batch.filter { $0.end != nil }
        if !ended.isEmpty { queue.append(ended) }
    }

    /// Waits until the collector has what was written so far, for as long as the configuration allows.
    ///
    /// - Throws: ``Unfinished`` when spans are left.
    public func flush() throws {
        guard queue.waitUntilEmpty(configuration.flushTimeout) else { throw Unfinished(spans: pendingCount) }
    }

    /// Sends what there is, for as long as the configuration allows, lets go of the exporter, and logs and counts what
    /// could not be delivered.
    public func close() {
        queue.close()
        let isEmpty = queue.waitUntilEmpty(configuration.shutdownTimeout)
        if !isEmpty {
            let left = queue.abandon()
            configuration.logger?.error(
                "Spans could not be exported before the end; they are lost and counted.", metadata: ["spans": "\(left)"]
            )
        }
        // After that: what an exporter says when it is cut off is no word about what arrived.
        for worker in workers { worker.cancel() }
        let isDone = DispatchSemaphore(value: 0)
        Task { [exporter] in
            await exporter.shutdown()
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .nanoseconds(Int(clamping: configuration.shutdownTimeout.nanoseconds)))
    }

    /// Spans have not been exported in time.
    public struct Unfinished: Error, Hashable, CustomStringConvertible {
        /// How many.
        public let spans: Int

        /// How many, and what that means.
        public var description: String { "\(spans) spans have not been exported yet; they are kept and tried again" }
    }
}
