public import Logging
import ThroughlineHTTP
public import ThroughlineModel

/// Sends spans to a Zipkin server, or to anything else that takes Zipkin's v2 JSON.
///
/// A request that fails for a while is sent again with growing pauses, for as long as its timeout allows; a batch that is
/// too large is sent in several requests. What cannot be sent is never dropped without a word: the outcome of
/// ``export(_:)`` says what became of the batch, and the log what became of single spans.
public final class ZipkinExporter: SpanExporter {
    private let configuration: ZipkinConfiguration
    private let client: HTTPClient
    private let sender: RetryingClient
    private let logger: Logger

    /// Makes an exporter; the first connection is made when there is something to send.
    public init(_ configuration: ZipkinConfiguration, logger: Logger = Logger(label: "throughline.zipkin")) {
        self.configuration = configuration
        self.logger = logger
        client = HTTPClient(HTTPClient.Configuration(userAgent: "Throughline-Zipkin-Exporter"))
        sender = RetryingClient(client)
    }

    /// Sends a batch. Spans that have not ended are left out.
    public func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        await send(batch.filter { $0.end != nil }[...])
    }

    /// Closes the connections.
    public func shutdown() async {
        client.shutdown()
    }

    private func send(_ batch: ArraySlice<SpanRecord>) async -> ExportOutcome {
        guard !batch.isEmpty else { return .accepted(rejected: 0) }
        let body = Zipkin.encode(Array(batch))
        guard body.count <= configuration.maximumRequestBytes else {
            return await split(batch, because: "they are longer than \(configuration.maximumRequestBytes) bytes")
        }
        let request = HTTPRequest(
            .post, configuration.endpoint, headers: [("Content-Type", Zipkin.contentType)] + configuration.headers,
            body: body, compressesBody: configuration.compression == .gzip, timeout: configuration.timeout)
        switch await sender.send(request) {
        case .answered(let response) where response.isSuccess: return .accepted(rejected: 0)
        case .answered(let response) where response.status == 413:
            return await split(batch, because: "the server takes no request of \(body.count) bytes")
        case .answered(let response):
            return response.setupAdvice.map { .misconfigured("\(describe(response)) \($0)") }
                ?? .refused(describe(response))
        case .unavailable(let response, let retryAfter): return .failed(describe(response), retryAfter: retryAfter)
        case .failed(let error):
            // The server may have taken the batch and only answered too much: once more would be twice.
            if error.reason == .responseTooLarge { return .refused("\(error)") }
            return error.isAboutSetup ? .misconfigured("\(error)") : .failed("\(error)", retryAfter: nil)
        }
    }

    /// Sends either half by itself. A single span that is too large is left out, because it would hold up all others.
    private func split(_ batch: ArraySlice<SpanRecord>, because reason: String) async -> ExportOutcome {
        guard batch.count > 1 else {
            let span = batch.first.map { "\($0.spanID) of trace \($0.traceID)" } ?? ""
            logger.warning(
                "a span is not sent to Zipkin", metadata: ["span": "\(span)", "reason": "\(reason)"])
            return .accepted(rejected: batch.count)
        }
        return await .ofHalves(of: batch, sending: send)
    }

    private func describe(_ response: HTTPResponse) -> String {
        response.description(
            of: HTTPError.withoutCredentials(configuration.endpoint),
            saying: String(decoding: response.body.prefix(200), as: UTF8.self))
    }
}

/// Where and how a ``ZipkinExporter`` sends.
public struct ZipkinConfiguration: Sendable {
    /// Whether requests are made smaller on the way.
    public enum Compression: Hashable, Sendable {
        /// As they are.
        case none
        /// gzip, which Zipkin's servers understand.
        case gzip
    }

    /// The whole URL.
    public var endpoint = "http://localhost:9411/api/v2/spans"
    /// How long a request may take, with all its repetitions.
    public var timeout: Duration = .seconds(10)
    /// Sent with every request, such as for authentication.
    public var headers: [(name: String, value: String)] = []
    /// None by default.
    public var compression = Compression.none
    /// How long a request may be, in bytes, before compression; 4 MiB by default.
    public var maximumRequestBytes = 4 << 20

    /// The defaults.
    public init() {}

    /// The defaults with what the environment says: `OTEL_EXPORTER_ZIPKIN_ENDPOINT`, and `OTEL_EXPORTER_ZIPKIN_TIMEOUT` in
    /// milliseconds (specification/configuration/sdk-environment-variables.md, Zipkin Exporter). An empty variable is as
    /// good as none; one that makes no sense is logged and left out.
    public init(environment: [String: String], logger: Logger = Logger(label: "throughline.zipkin")) {
        self.init()
        var reader = EnvironmentReader(environment)
        if let url = reader.text("OTEL_EXPORTER_ZIPKIN_ENDPOINT") {
            if url.hasPrefix("http://") || url.hasPrefix("https://") {
                endpoint = url
            } else {
                reader.report("OTEL_EXPORTER_ZIPKIN_ENDPOINT is '\(url)', no http or https URL; the default stays")
            }
        }
        timeout = reader.milliseconds("OTEL_EXPORTER_ZIPKIN_TIMEOUT", atLeast: 1) ?? timeout
        for problem in reader.problems { logger.warning("\(problem).") }
    }
}
