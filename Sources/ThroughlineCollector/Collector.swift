public import Logging
public import ServiceLifecycle
internal import Synchronization
public import ThroughlineStore

/// Receives spans from senders in any language and stores them: OTLP over HTTP and Zipkin v2.
///
/// A request is answered with success once its spans are committed; spans that are sent again are stored once. Whatever
/// arrives, memory is bounded: by ``CollectorConfiguration/maximumBytesInFlight`` and the store's
/// ``TraceStore/Options/spansInFlight``. The store stays the caller's, who closes it after the collector has ended.
public struct Collector: Service {
    private let listeners: [Listener]
    private let configuration: CollectorConfiguration
    private let logger: Logger
    private let onListening: @Sendable (ListeningPorts) -> Void

    /// Makes a collector that does not listen yet.
    ///
    /// - Parameters:
    ///   - store: Where spans go.
    ///   - configuration: Where to listen and what to take.
    ///   - logger: For what happens while it runs.
    ///   - onListening: Called once all ports are open, with their numbers.
    /// - Throws: ``CollectorError`` when an endpoint is not on loopback and there is no token.
    public init(
        store: TraceStore, configuration: CollectorConfiguration = CollectorConfiguration(), logger: Logger,
        onListening: @escaping @Sendable (ListeningPorts) -> Void = { _ in }
    ) throws(CollectorError) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        let intake = SpanIntake(
            store: store,
            reader: BodyReader(
                limit: configuration.maximumRequestBytes, budget: ByteBudget(configuration.maximumBytesInFlight)))
        var listeners: [Listener] = []
        if let endpoint = configuration.otlp {
            let hint = "Only traces are taken here: POST /v1/traces (OTLP over HTTP)."
            listeners.append(
                Listener(endpoint: endpoint, port: \.otlp, hint: hint) { OTLPReceiver(intake: intake).add(to: $0) })
        }
        if let endpoint = configuration.zipkin {
            listeners.append(
                Listener(
                    endpoint: endpoint, port: \.zipkin, hint: "Spans are taken here: POST /api/v2/spans (Zipkin v2)."
                ) { ZipkinReceiver(intake: intake).add(to: $0) })
        }
        self.listeners = listeners
        for listener in listeners where !listener.endpoint.isLoopback && configuration.token == nil {
            throw .tokenMissing(listener.endpoint)
        }
    }

    /// Whether all of a configuration's ports can be listened on, before a store is opened or made for them.
    ///
    /// - Throws: ``CollectorError`` for the first that cannot.
    public static func checkPorts(of configuration: CollectorConfiguration) throws(CollectorError) {
        for endpoint in [configuration.otlp, configuration.zipkin].compactMap({ $0 }) {
            try PortProbe(endpoint: endpoint).check()
        }
    }

    /// Listens until the task is cancelled or the service group shuts down; requests under way are answered first.
    ///
    /// - Throws: ``CollectorError`` when a port cannot be opened.
    public func run() async throws {
        let opened = OpenedPorts(listeners.count, onListening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in listeners {
                group.addTask {
                    try await listener.run(configuration, logger) { opened.note($0, listener.port) }
                }
            }
            // One that fails takes the others with it, at once: `waitForAll` would wait for them first.
            while try await group.next() != nil {}
        }
    }
}

/// Tells once that every listener is there.
private final class OpenedPorts: Sendable {
    private let state: Mutex<(missing: Int, ports: ListeningPorts)>
    private let onListening: @Sendable (ListeningPorts) -> Void

    init(_ count: Int, _ onListening: @escaping @Sendable (ListeningPorts) -> Void) {
        state = Mutex((count, ListeningPorts()))
        self.onListening = onListening
    }

    func note(_ number: Int, _ port: any WritableKeyPath<ListeningPorts, Int?> & Sendable) {
        let ports = state.withLock { state in
            state.ports[keyPath: port] = number
            state.missing -= 1
            return state.missing == 0 ? state.ports : nil
        }
        if let ports { onListening(ports) }
    }
}
