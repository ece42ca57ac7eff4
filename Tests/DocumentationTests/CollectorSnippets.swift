import Logging
import ServiceLifecycle
import ThroughlineCollector
import ThroughlineStore
import UnixSignals

/// The code of ThroughlineCollector's front page, word for word. It runs until somebody ends the process, so it is only
/// compiled; ThroughlineCollectorTests run the like.
private func collect(into path: String, logger: Logger) async throws {
    let store = try TraceStore(path: path)
    let collector = try Collector(store: store, logger: logger) { ports in
        logger.info("receiving OTLP on port \(ports.otlp ?? 0), Zipkin on port \(ports.zipkin ?? 0)")
    }
    try await ServiceGroup(services: [collector], gracefulShutdownSignals: [.sigterm], logger: logger).run()
    store.close()
}
