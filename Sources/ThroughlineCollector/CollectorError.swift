/// Why a collector could not be started.
public struct CollectorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure; more may come.
    public struct Code: Hashable, Sendable {
        private enum Value: Hashable { case addressInUse, cannotListen, tokenMissing }

        private let value: Value

        /// Another program listens on the port.
        public static let addressInUse = Code(value: .addressInUse)
        /// The host or port cannot be listened on.
        public static let cannotListen = Code(value: .cannotListen)
        /// An endpoint can be reached from other machines and no token was set.
        public static let tokenMissing = Code(value: .tokenMissing)
    }

    /// The kind of failure.
    public let code: Code
    /// The endpoint.
    public let endpoint: CollectorConfiguration.Endpoint
    /// What happened, to which endpoint, and what to do.
    public let description: String

    init(code: Code, endpoint: CollectorConfiguration.Endpoint, _ description: String) {
        self.code = code
        self.endpoint = endpoint
        self.description = description
    }

    static func tokenMissing(_ endpoint: CollectorConfiguration.Endpoint) -> CollectorError {
        CollectorError(
            code: .tokenMissing, endpoint: endpoint,
            "\(endpoint.host) can be reached from other machines: set a token that senders must show, or listen on "
                + "127.0.0.1.")
    }
}
