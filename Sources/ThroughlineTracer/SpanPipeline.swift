public import Logging
public import ServiceLifecycle
public import ThroughlineModel

/// Takes ended spans from the threads that made them and hands them to a sink in batches, on a thread of its own.
///
/// Run it as a service, listed before the application's own, so that it stops after them and their last spans are
/// kept. Counters, through swift-metrics: `throughline.spans.written` and `throughline.spans.dropped`, the latter with
/// the dimension `reason`: `buffer-full` or `sink-failed`; and OpenTelemetry's `otel.sdk.span.…`,
/// `otel.sdk.processor.span.…` and `otel.sdk.exporter.…`, with the sink in the place of the exporter.
public final class SpanPipeline: Service {
    /// Settings of a pipeline.
    public struct Configuration: Sendable {
        /// How many spans wait at most; 65,536 by default. Beyond that new ones are dropped and counted.
        public var capacity = 65_536
        /// How many records a sink gets at once, at most; 2,048 by default.
        public var batchSize = 2_048
        /// How long a span waits for its batch, at most; 20 ms by default.
        public var interval: Duration = .milliseconds(20)
        /// How long shutting down may take; 5 s by default.
        public var shutdownTimeout: Duration = .seconds(5)
        /// Where failures of the sink are logged, the first of a row only.
        public var logger: Logger?

        /// The defaults.
        public init() {}
    }

    let buffer: SpanBuffer
    let tally = SpanTally()
    private let configuration: Configuration
    private let worker: PipelineWorker

    /// Makes a pipeline and starts its thread.
    public init(sink: any SpanSink, configuration: Configuration = Configuration()) {
        self.configuration = configuration
        buffer = SpanBuffer(capacity: configuration.capacity)
        worker = PipelineWorker(buffer: buffer, sink: sink, tally: tally, configuration: configuration)
        worker.start()
    }

    deinit {
        worker.requestStop()
    }

    /// How many spans were lost so far, for whatever reason.
    public var droppedCount: Int { buffer.droppedCount + worker.lostCount }

    /// How many records the sink has taken so far.
    public var writtenCount: Int { worker.writtenCount }

    /// Waits until every span that had ended when it was called has been written and the sink has flushed.
    ///
    /// - Parameter timeout: How long to wait at most.
    /// - Returns: False when the time ran out, or the sink has lost spans since the last flush.
    public func flush(within timeout: Duration = .seconds(5)) async -> Bool {
        await worker.flush(within: timeout)
    }

    /// Asks for a flush and returns at once.
    public func requestFlush() {
        worker.requestFlush()
    }

    /// Writes what there is, closes the sink and ends the thread. Spans that end afterwards are dropped and counted.
    ///
    /// - Parameter timeout: How long to wait at most; nil takes the configuration's. The thread goes on until the
    ///   sink returns, but nobody waits for it any longer.
    /// - Returns: How many spans were still waiting when the time ran out; zero when all was written.
    @discardableResult
    public func shutdown(within timeout: Duration? = nil) async -> Int {
        await worker.stop(within: timeout ?? configuration.shutdownTimeout)
    }

    /// Waits for the graceful shutdown, or the task's cancellation, and shuts down.
    public func run() async throws {
        try? await gracefulShutdown()
        let left = await shutdown()
        if left > 0 {
            configuration.logger?.warning(
                "Shutting down ended before all spans were written.", metadata: ["spans": "\(left)"])
        }
    }
}
