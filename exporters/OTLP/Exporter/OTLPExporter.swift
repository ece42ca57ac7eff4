import Logging
package import ThroughlineHTTP
public import ThroughlineModel

/// Sends spans to a collector over OTLP/HTTP.
///
/// Follows OpenTelemetry's rules for exporters (opentelemetry-proto docs/specification.md): only 429, 502, 503, 504 and
/// requests without an answer are tried again, with backoff, jitter and `Retry-After`, within
/// ``Configuration/timeout``; an answer that is about the exporter and not about the spans (401, 403, 404, a redirect)
/// is `misconfigured`; what a collector has rejected of a batch that it accepted is logged and never sent again; a batch
/// that is too large is halved until it fits, and a single span that is too large is dropped and logged.
public final class OTLPExporter: SpanExporter {
    private let configuration: Configuration
    private let client: HTTPClient
    private let retrying: RetryingClient
    private let metrics: ExporterMetrics

    /// An exporter with the settings given; nothing is connected before the first batch.
    public convenience init(_ configuration: Configuration = Configuration()) {
        self.init(configuration, .init(), surroundings: .real)
    }

    package init(
        _ configuration: Configuration, _ schedule: RetrySchedule.Configuration,
        surroundings: RetryingClient.Surroundings
    ) {
        self.configuration = configuration
        client = HTTPClient(configuration.client)
        retrying = RetryingClient(client, schedule, surroundings: surroundings)
        metrics = ExporterMetrics(configuration)
    }

    /// Sends the spans of a batch that have ended; the others have no place in OTLP.
    public func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        let ended = batch.allSatisfy { $0.end != nil } ? batch : batch.filter { $0.end != nil }
        guard !ended.isEmpty else { return .accepted(rejected: 0) }
        return await metrics.measure(ended.count) { await send(ended[...]) }
    }

    /// Ends what is on its way and lets go of the connections.
    public func shutdown() async { client.shutdown() }

    private func send(_ batch: ArraySlice<SpanRecord>) async -> ExportOutcome {
        let body = OTLP.encode(Array(batch), as: configuration.encoding)
        guard body.count <= configuration.maximumRequestSize else {
            return await halved(
                batch, "a request of \(body.count) bytes is more than \(configuration.maximumRequestSize)")
        }
        var request = HTTPRequest(.post, configuration.endpoint, body: body)
        request.headers = [("Content-Type", configuration.encoding.contentType)]
        request.headers += configuration.headers.map { ($0.key, $0.value) }
        request.compressesBody = configuration.compression == .gzip
        request.timeout = configuration.timeout
        request.responseLimit = configuration.maximumResponseSize
        switch await retrying.send(request) {
        case .answered(let response) where response.isSuccess: return accepted(response)
        case .answered(let response) where response.status == 413:
            return await halved(batch, "the collector takes no request of \(body.count) bytes (413)")
        case .answered(let response):
            return response.setupAdvice.map { .misconfigured("\(reason(response)) \($0)") }
                ?? .refused(reason(response))
        case .unavailable(let response, let retryAfter): return .failed(reason(response), retryAfter: retryAfter)
        case .failed(let error):
            // The collector may have taken the batch and only answered too much: once more would be twice.
            if error.reason == .responseTooLarge { return .refused(error.description) }
            let description = error.description + (isAtGRPCPort ? " Port 4317 is gRPC's; OTLP over HTTP has 4318." : "")
            return error.isAboutSetup ? .misconfigured(description) : .failed(description, retryAfter: nil)
        }
    }

    private func halved(_ batch: ArraySlice<SpanRecord>, _ reason: String) async -> ExportOutcome {
        guard batch.count > 1, let first = batch.first else {
            configuration.logger?.error(
                "A span is too large to be exported; it is dropped.",
                metadata: [
                    "span": "\(batch.first?.name ?? "")", "trace.id": "\(batch.first?.traceID.hex ?? "")",
                    "reason": "\(reason)",
                ])
            return .accepted(rejected: batch.count)
        }
        configuration.logger?.debug(
            "A batch is too large; it is sent in halves.",
            metadata: ["spans": "\(batch.count)", "first": "\(first.name)", "reason": "\(reason)"])
        return await .ofHalves(of: batch, sending: send)
    }

    private func accepted(_ response: HTTPResponse) -> ExportOutcome {
        // What cannot be read says nothing; the status has said that all is well.
        let answer = (try? OTLPResponse(response.body, as: encoding(of: response))) ?? OTLPResponse()
        guard answer != OTLPResponse() else { return .accepted(rejected: 0) }
        if answer.rejectedSpans > 0 {
            configuration.logger?.warning(
                "The collector has rejected some spans of a batch; they are lost.",
                metadata: ["spans": "\(answer.rejectedSpans)", "reason": "\(answer.message)"])
        } else {
            configuration.logger?.warning("The collector warns.", metadata: ["reason": "\(answer.message)"])
        }
        return .accepted(rejected: Int(clamping: max(0, answer.rejectedSpans)))
    }

    private func reason(_ response: HTTPResponse) -> String {
        let status = OTLPStatus(reading: response.body, as: encoding(of: response))
        let url = HTTPError.withoutCredentials(configuration.endpoint)
        return response.description(of: url, saying: status.message)
    }

    private var isAtGRPCPort: Bool {
        guard let scheme = configuration.endpoint.firstRange(of: "://") else { return false }
        return configuration.endpoint[scheme.upperBound...].prefix { $0 != "/" }.hasSuffix(":4317")
    }

    /// A collector answers in the type of the request; a proxy before it may not.
    private func encoding(of response: HTTPResponse) -> OTLP.Encoding {
        guard let type = response.header("Content-Type")?.lowercased() else { return configuration.encoding }
        return OTLP.Encoding.allCases.first { type.hasPrefix($0.contentType) } ?? .json
    }
}
