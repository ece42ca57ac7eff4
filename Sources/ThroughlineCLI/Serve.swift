import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import ThroughlineCollector
import ThroughlineStore
import UnixSignals

/// `throughline serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive spans over the network and store them.",
        discussion: """
            Takes OTLP over HTTP (protobuf and JSON) at /v1/traces and Zipkin v2 at /api/v2/spans, both also with \
            gzip. A sender has its answer once the spans are stored; what is sent again is stored once. Other \
            processes may write and read the same store meanwhile.

            Listens on loopback. Any other host wants a token, which senders must show as 'Authorization: Bearer \
            TOKEN'; one is made up when none is given.

            Ends on SIGINT and SIGTERM, after the requests under way. Exit code 4: cannot listen.
            """)

    @OptionGroup var store: StoreOptions

    @Option(help: "The host to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port for OTLP; 0 takes any that is free.")
    var otlpPort: UInt16 = 4318

    @Option(help: "The port for Zipkin; 0 takes any that is free.")
    var zipkinPort: UInt16 = 9411

    @Option(help: "What senders must show. (default: $THROUGHLINE_TOKEN)")
    var token: String?

    @Option(help: "Delete what began longer ago than this, while running: 12h, 7d.")
    var keep: Age?

    @Option(help: "Delete the oldest while the file is larger than this: 200MB, 2GB.")
    var maxSize: ByteSize?

    func validate() throws {
        if let token, token.isEmpty || !token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) {
            throw ValidationError("--token must be of visible ASCII characters, and not empty.")
        }
        if otlpPort == zipkinPort, otlpPort != 0 {
            throw ValidationError("OTLP and Zipkin cannot share port \(otlpPort): change --otlp-port or --zipkin-port.")
        }
    }

    func run() async throws {
        let configuration = configuration()
        do {
            // A slip of the hand makes no store.
            try Collector.checkPorts(of: configuration)
        } catch {
            throw cannotListen(error)
        }
        let store = try TraceStore(path: store.resolvedPath, options: Self.storeOptions)
        defer { store.close() }
        var logger = Logger(label: "throughline.serve") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let collector: Collector
        do {
            collector = try Collector(store: store, configuration: configuration, logger: logger) {
                // Whoever cannot read it has the senders' settings from elsewhere; they are served all the same.
                try? Output.say(greeting($0, configuration))
            }
            try await ServiceGroup(
                services: [collector] + retention(store), gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
            ).run()
        } catch let error as CollectorError {
            throw cannotListen(error)
        }
        Output.note("stored \(Output.count(store.storedCount, "span")) in \(path)")
    }

    /// Wherever somebody reads it.
    private var path: String { URL(filePath: store.resolvedPath).standardizedFileURL.path }

    private func cannotListen(_ error: CollectorError) -> Failure {
        let option = error.endpoint.port == Int(otlpPort) ? "--otlp-port" : "--zipkin-port"
        let advice =
            error.code == .addressInUse
            ? "Stop that one, or choose another port with \(option)." : "Choose another with --host or \(option)."
        return Failure(code: .cannotListen, message: "\(error.description) \(advice)")
    }

    /// Requests of several senders fill a transaction.
    private static var storeOptions: TraceStore.Options {
        var options = TraceStore.Options()
        options.spansInFlight = 32_768
        return options
    }

    private func configuration() -> CollectorConfiguration {
        var configuration = CollectorConfiguration()
        configuration.otlp = .init(host: host, port: Int(otlpPort))
        configuration.zipkin = .init(host: host, port: Int(zipkinPort))
        let environment = ProcessInfo.processInfo.environment["THROUGHLINE_TOKEN"]
        configuration.token = token ?? environment.flatMap { $0.isEmpty ? nil : $0 }
        if configuration.token == nil, configuration.otlp?.isLoopback == false { configuration.token = Self.newToken() }
        return configuration
    }

    /// 32 bytes of the system's random generator.
    private static func newToken() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in String(format: "%016lx", random.next() as UInt64) }.joined()
    }

    private func retention(_ store: TraceStore) -> [any Service] {
        keep == nil && maxSize == nil
            ? [] : [RetentionService(store: store, keep: keep?.nanoseconds, maxBytes: maxSize?.bytes)]
    }

    /// Where it listens, and what to tell an exporter.
    private func greeting(_ ports: ListeningPorts, _ configuration: CollectorConfiguration) -> String {
        let host = NetworkAddress.reachable(host)
        let name = host.contains(":") ? "[\(host)]" : host
        var lines = ["Storing in \(path) what comes in. Tell the senders:"]
        if let port = ports.otlp { lines.append("  OTEL_EXPORTER_OTLP_ENDPOINT=http://\(name):\(port)") }
        if let token = configuration.token {
            // A list of pairs, percent-encoded (specification/protocol/exporter.md).
            let value = token.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? token
            lines.append("  OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20\(value)\"")
        }
        if let port = ports.zipkin {
            lines.append("  OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://\(name):\(port)/api/v2/spans")
        }
        lines.append("Then look: throughline flow --last\(store.commandLine)")
        return lines.joined(separator: "\n")
    }
}
