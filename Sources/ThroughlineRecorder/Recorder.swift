import Foundation
public import Logging
public import ServiceLifecycle
public import ThroughlineModel
public import ThroughlineStore
public import ThroughlineTracer

/// Everything in one call: a tracer, the SQLite store behind it, and the service that keeps both until the end.
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
    private let configuration: Configuration

    /// Opens the store and starts recording.
    ///
    /// - Parameters:
    ///   - service: The name of the service; nil takes it from the environment.
    ///   - store: Where the spans are kept.
    ///   - configuration: The settings.
    /// - Throws: ``StoreError`` when the file cannot be used: it says why, and what to do. An application that wants
    ///   to go on without recording catches it.
    public init(
        service: String? = nil, store: Destination, configuration: Configuration = Configuration()
    ) throws(StoreError) {
        let sink: any SpanSink
        // Where tracing is switched off there is nothing to store, so no file is touched.
        switch configuration.tracer.isEnabled ? store : .sinks([]) {
        case .sqlite(let path):
            let store = StoreSink(try TraceStore(path: path, options: configuration.store))
            self.store = store
            sink = store
        case .sinks(let sinks):
            self.store = nil
            sink = FanOut(sinks: sinks)
        }
        var settings = configuration.pipeline
        if settings.logger == nil { settings.logger = configuration.logger }
        for problem in configuration.problems { configuration.logger.warning("\(problem).") }
        self.configuration = configuration
        pipeline = SpanPipeline(sink: sink, configuration: settings)
        tracer = RecordingTracer(
            pipeline: pipeline, resource: .detected(service: service, environment: configuration.environment),
            configuration: configuration.tracer)
    }

    /// A tracer for another service in the same process and the same store, for tests and demonstrations.
    public func tracer(service: String) -> RecordingTracer {
        RecordingTracer(
            pipeline: pipeline, resource: .detected(service: service, environment: configuration.environment),
            configuration: configuration.tracer)
    }

    /// How many spans were lost so far, for whatever reason.
    public var droppedCount: Int { pipeline.droppedCount + (store?.givenUpCount ?? 0) }

    /// Waits until every span that had ended is stored; false when the time ran out or spans were lost.
    public func flush(within timeout: Duration = .seconds(5)) async -> Bool {
        await pipeline.flush(within: timeout)
    }

    /// Stores what is left and closes the store.
    ///
    /// - Returns: How many spans were still waiting when the time ran out. What the store had to give up is in
    ///   ``droppedCount``.
    @discardableResult
    public func shutdown(within timeout: Duration? = nil) async -> Int {
        await pipeline.shutdown(within: timeout)
    }

    /// Waits for the graceful shutdown and shuts down.
    public func run() async throws {
        try await pipeline.run()
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

    func close() {
        for sink in sinks { sink.close() }
    }

    private func forEach(_ body: (any SpanSink) throws -> Void) throws {
        var failure: (any Error)?
        for sink in sinks {
            do { try body(sink) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
