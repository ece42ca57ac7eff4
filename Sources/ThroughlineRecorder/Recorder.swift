import Dispatch
import Foundation
public import Logging
public import ServiceLifecycle
import Synchronization
public import ThroughlineModel
public import ThroughlineStore
public import ThroughlineTracer

/// Everything in one call: a tracer, the SQLite store behind it, the exporters that empty it, and the service that keeps
/// all of them until the end.
///
/// ```swift
/// let recorder = try Recorder(service: "checkout", store: .sqlite("traces.db"))
/// InstrumentationSystem.bootstrap(recorder.tracer)
/// ```
///
/// Run it as a service, listed before the application's own, or call ``shutdown(within:)`` at the end.
public final class Recorder: Service {
    /// Where the spans are kept.
    public enum Destination: Sendable {
        /// A SQLite file; several processes may write to one.
        case sqlite(String)
        /// Nowhere but in these sinks.
        case sinks([any SpanSink])
    }

    /// Settings; the defaults suit a service.
    public struct Configuration: Sendable {
        /// How spans are made.
        public var tracer: RecordingTracer.Configuration
        /// How spans are handed on.
        public var pipeline: SpanPipeline.Configuration
        /// How the SQLite store behaves, when there is one.
        public var store = TraceStore.Options()
        /// How spans are forwarded from the store to collectors.
        public var forwarding = ForwardingConfiguration()
        /// The environment that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read from.
        public var environment: [String: String]
        /// Where failures to record are logged.
        public var logger = Logger(label: "throughline")

        /// What of the environment cannot be used, for the log.
        let problems: [String]

        /// The defaults, changed by OpenTelemetry's environment variables (docs/opentelemetry-compliance.md), with starts
        /// recorded: a store can tell what was begun and never ended. What code sets afterwards wins.
        public init() {
            self.init(environment: ProcessInfo.processInfo.environment)
        }

        /// The same for an environment of one's own.
        public init(environment: [String: String]) {
            self.environment = environment
            let read = TracingEnvironment(environment)
            tracer = read.tracer
            tracer.recordsStarts = true
            pipeline = read.pipeline
            problems = read.problems
            if let level = read.logLevel { logger.logLevel = level }
        }
    }

    /// The tracer of the service that the recorder was made for: what `InstrumentationSystem.bootstrap` takes.
    public let tracer: RecordingTracer
    private let pipeline: SpanPipeline
    private let store: StoreSink?
    private let forwarders: [SpanForwarder]
    private let direct: [ExportingSink]
    private let configuration: Configuration
    private let undelivered = Atomic(0)

    /// Opens the store and starts recording.
    ///
    /// - Parameters:
    ///   - service: The name of the service; nil takes it from the environment.
    ///   - store: Where the spans are kept; nil keeps them in memory until they are exported, within bounds.
    ///   - exporters: Where the spans are sent, each as fast as its collector takes them; nil leaves it to
    ///     OTEL_TRACES_EXPORTER. When that is not set either, the spans of a store stay there, and without a store they
    ///     go to `otlp`.
    ///   - configuration: The settings.
    /// - Throws: ``StoreError`` when the file cannot be used: it says why, and what to do. An application that wants
    ///   to go on without recording catches it.
    public init(
        service: String? = nil, store: Destination? = nil, exporters: [Exporter]? = nil,
        configuration: Configuration = Configuration()
    ) throws(StoreError) {
        let resource = Resource.detected(service: service, environment: configuration.environment)
        let isEnabled = configuration.tracer.isEnabled
        let selected = exporters ?? Exporter.selected(by: configuration.environment, logger: configuration.logger)
        let named = isEnabled ? selected : []
        let sink: any SpanSink
        // Where tracing is switched off there is nothing to store or to send, so no file is touched.
        switch isEnabled ? store : .sinks([]) {
        case .sqlite(let path):
            let store = try TraceStore(path: path, options: configuration.store)
            forwarders = try Self.forwarders(named ?? [], resource, configuration, of: store)
            direct = []
            let storing = StoreSink(store)
            self.store = storing
            sink = storing
        case .sinks(let sinks):
            self.store = nil
            forwarders = []
            direct = Self.direct(named ?? [], configuration)
            sink = FanOut(sinks: sinks + direct)
        case nil:
            self.store = nil
            forwarders = []
            direct = Self.direct(named ?? [.otlp()], configuration)
            sink = FanOut(sinks: direct)
        }
        var settings = configuration.pipeline
        if settings.logger == nil { settings.logger = configuration.logger }
        for problem in configuration.problems { configuration.logger.warning("\(problem).") }
        // Without a store each batch that is written is a request.
        if store == nil, configuration.environment["OTEL_BSP_SCHEDULE_DELAY"] == nil {
            settings.interval = max(settings.interval, configuration.forwarding.interval)
        }
        self.configuration = configuration
        pipeline = SpanPipeline(sink: sink, configuration: settings)
        tracer = RecordingTracer(
            pipeline: pipeline, resource: resource, configuration: configuration.tracer)
        for forwarder in forwarders { forwarder.start() }
    }

    deinit {
        for forwarder in forwarders { forwarder.stop() }
    }

    /// A tracer for another service in the same process and the same store, for tests and demonstrations.
    public func tracer(service: String) -> RecordingTracer {
        RecordingTracer(
            pipeline: pipeline, resource: .detected(service: service, environment: configuration.environment),
            configuration: configuration.tracer)
    }

    /// How many spans were lost so far, for whatever reason.
    public var droppedCount: Int {
        pipeline.droppedCount + (store?.givenUpCount ?? 0) + direct.reduce(0) { $0 + $1.droppedCount }
    }

    /// Waits until every span that had ended is stored; false when the time ran out or spans were lost.
    public func flush(within timeout: Duration = .seconds(5)) async -> Bool {
        await pipeline.flush(within: timeout)
    }

    /// What became of each exporter's spans so far, by name.
    public var exports: [String: ForwardingProgress] {
        Dictionary(forwarders.map { ($0.name, $0.progress) }) { first, _ in first }
    }

    /// How many spans were left to be delivered at the end, summed over the exporters; they stay in the store for the
    /// next time.
    public var undeliveredCount: Int { undelivered.load(ordering: .relaxed) }

    /// Stores what is left, closes the store, and gives the exporters what remains of the time to deliver it.
    ///
    /// - Parameter timeout: How long all of it may take; nil takes the configuration's for each of the two steps.
    /// - Returns: How many spans were still waiting to be stored when the time ran out. What the store had to give up is
    ///   in ``droppedCount``, what was not delivered in ``undeliveredCount``.
    @discardableResult
    public func shutdown(within timeout: Duration? = nil) async -> Int {
        let clock = ContinuousClock()
        let begin = clock.now
        let unwritten = await pipeline.shutdown(within: timeout)
        let left = timeout.map { max(.zero, $0 - (clock.now - begin)) } ?? configuration.forwarding.shutdownTimeout
        let undelivered = await withTaskGroup(of: Int.self) { group in
            for forwarder in forwarders { group.addTask { await forwarder.finish(within: left) } }
            return await group.reduce(0, +)
        }
        self.undelivered.store(undelivered, ordering: .relaxed)
        return unwritten
    }

    /// Waits for the graceful shutdown, or the task's cancellation, and shuts down.
    public func run() async throws {
        try? await gracefulShutdown()
        let left = await shutdown()
        if left > 0 {
            configuration.logger.warning(
                "Shutting down ended before all spans were stored.", metadata: ["spans": "\(left)"])
        }
    }

    private static func direct(_ exporters: [Exporter], _ configuration: Configuration) -> [ExportingSink] {
        var settings = ExportingSink.Configuration()
        settings.logger = configuration.logger
        settings.batchSize = configuration.forwarding.batchSpans
        settings.firstPause = configuration.forwarding.initialBackoff
        settings.longestPause = configuration.forwarding.maximumBackoff
        // The end flushes first and closes then.
        settings.flushTimeout = configuration.forwarding.shutdownTimeout / 2
        settings.shutdownTimeout = configuration.forwarding.shutdownTimeout / 2
        return exporters.map { exporter in
            ExportingSink(
                exporter.exporter(configuration.environment, configuration.logger), configuration: settings)
        }
    }

    private static func forwarders(
        _ exporters: [Exporter], _ resource: Resource, _ configuration: Configuration, of store: TraceStore
    ) throws(StoreError) -> [SpanForwarder] {
        var forwarders: [SpanForwarder] = []
        for exporter in exporters {
            // The second of a name would wait for the first for ever.
            let namesakes = forwarders.count { $0.name == exporter.name || $0.name.hasPrefix("\(exporter.name)-") }
            let name = namesakes == 0 ? exporter.name : "\(exporter.name)-\(namesakes + 1)"
            let forwarder = try SpanForwarder(
                store: store.path, to: exporter.exporter(configuration.environment, configuration.logger), named: name,
                heldBy: .exportHolder(resource), configuration: configuration.forwarding)
            store.onCommit { [weak forwarder] in forwarder?.wake() }
            forwarders.append(forwarder)
        }
        return forwarders
    }
}

/// Hands every batch to several sinks; one that fails does not keep the others from theirs.
private struct FanOut: SpanSink {
    let sinks: [any SpanSink]

    func write(_ batch: [SpanRecord]) throws {
        try forEach { try $0.write(batch) }
    }

    func flush() throws {
        try forEach { try $0.flush() }
    }

    /// All at once: one that waits for its collector does not use up the time of the others.
    func close() {
        DispatchQueue.concurrentPerform(iterations: sinks.count) { sinks[$0].close() }
    }

    private func forEach(_ body: (any SpanSink) throws -> Void) throws {
        var failure: (any Error)?
        for sink in sinks {
            do { try body(sink) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
