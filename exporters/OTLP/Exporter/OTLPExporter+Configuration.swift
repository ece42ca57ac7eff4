public import Logging
import ThroughlineHTTP

extension OTLPExporter {
    /// Where to send spans, and how.
    public struct Configuration: Sendable {
        /// How requests are compressed.
        public enum Compression: String, Hashable, Sendable {
            case none
            case gzip
        }

        /// The URL that requests are posted to, as it is; `http://localhost:4318/v1/traces` by default.
        public var endpoint = "http://localhost:4318/v1/traces"
        /// Protobuf by default.
        public var encoding = OTLP.Encoding.protobuf
        /// None by default.
        public var compression = Compression.none
        /// Further headers, such as an API key.
        public var headers: [String: String] = [:]
        /// How long a batch may take with all its attempts; 10 s by default.
        public var timeout: Duration = .seconds(10)
        /// The file with the CA certificates to trust, PEM; the system's own by default.
        public var certificate: String?
        /// The file with this side's certificate for mutual TLS, PEM.
        public var clientCertificate: String?
        /// The file with the key of ``clientCertificate``, PEM.
        public var clientKey: String?
        /// The longest request, in bytes before compression; 64 MiB by default.
        public var maximumRequestSize = 64 << 20
        /// The longest answer that is read, in bytes after decompression; 4 MiB by default.
        public var maximumResponseSize = 4 << 20
        /// How many requests may be on their way at once; 4 by default. Others wait.
        public var maximumConcurrentRequests = 4
        /// What stands before the exporter's own name in `User-Agent`, such as `Checkout/2.1`.
        public var product: String?
        /// Where rejected and dropped spans are logged.
        public var logger: Logger?

        /// The defaults.
        public init() {}

        /// What the header `User-Agent` says (specification/protocol/exporter.md, "User Agent").
        public var userAgent: String {
            let own = "OTel-OTLP-Exporter-Swift/\(OTLP.version)"
            guard let product, !product.isEmpty else { return own }
            return "\(product) \(own)"
        }

        var client: HTTPClient.Configuration {
            var client = HTTPClient.Configuration(userAgent: userAgent)
            client.maximumConnections = max(1, maximumConcurrentRequests)
            client.caCertificate = certificate
            client.clientCertificate = clientCertificate
            client.clientKey = clientKey
            return client
        }
    }
}
