/// Where a collector listens and what it takes.
public struct CollectorConfiguration: Sendable {
    /// A host and a port to listen on.
    public struct Endpoint: Hashable, Sendable {
        /// A name or an address; `127.0.0.1` unless told otherwise.
        public var host: String
        /// The port; 0 takes any that is free.
        public var port: Int

        /// A host and a port.
        public init(host: String = "127.0.0.1", port: Int) {
            self.host = host
            self.port = port
        }

        /// True when only programs on the same machine can connect.
        public var isLoopback: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isAddress = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
            return host == "localhost" || host == "::1" || isAddress && parts[0] == "127"
        }
    }

    /// Where OTLP/HTTP is received, at `/v1/traces`; nil for not at all. Port 4318 by default.
    public var otlp: Endpoint? = Endpoint(port: 4318)
    /// Where Zipkin v2 is received, at `/api/v2/spans`; nil for not at all. Port 9411 by default.
    public var zipkin: Endpoint? = Endpoint(port: 9411)
    /// What a sender must show, as `Authorization: Bearer TOKEN`; needed when an endpoint is not on loopback.
    public var token: String?
    /// The longest request, in bytes, as it is sent and after decompression; 64 MiB by default (OTLP 1.5,
    /// "All implementations": servers limit what they take).
    public var maximumRequestBytes = 64 << 20
    /// How many bytes of requests are in memory at once, over all connections; 64 MiB by default. What would go beyond
    /// is answered with 429.
    public var maximumBytesInFlight = 64 << 20
    /// How many connections are open at once; 256 by default. Further ones wait in the system's queue.
    public var maximumConnections = 256
    /// How long a connection may be silent; 60 seconds by default.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a request may take to arrive, from its head to its end; 30 seconds by default.
    public var requestTimeout: Duration = .seconds(30)
    /// How long requests under way may take to end when the collector is shut down; 10 seconds by default.
    public var shutdownTimeout: Duration = .seconds(10)

    /// The defaults: both receivers on loopback.
    public init() {}
}

/// The ports that a collector listens on; nil where it does not listen.
public struct ListeningPorts: Hashable, Sendable {
    /// The port of OTLP/HTTP.
    public var otlp: Int?
    /// The port of Zipkin.
    public var zipkin: Int?
}
