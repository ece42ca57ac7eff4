/// Why a request has no answer.
package struct HTTPError: Error, Hashable {
    package enum Reason: Hashable, Sendable {
        /// The URL, a header or the body cannot be sent as it is.
        case invalidRequest
        case cannotResolve
        case cannotConnect
        /// The connection ended before the answer did.
        case connectionLost
        case timedOut
        /// TLS: a certificate that is not trusted, demanded, or not readable.
        case tls
        /// What came is no HTTP, or was compressed wrongly.
        case invalidResponse
        case responseTooLarge
        /// The task that asked was cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
        case other
    }

    package let reason: Reason
    /// Without user name and password.
    package let url: String
    /// What exactly, in libcurl's words where they are known.
    package let detail: String

    init(_ reason: Reason, url: String, detail: String) {
        self.reason = reason
        self.url = Self.withoutCredentials(url)
        self.detail = detail
    }

    /// Whether the same request may succeed when it is sent again (opentelemetry-proto docs/specification.md,
    /// "OTLP/HTTP connection").
    package var isRetryable: Bool {
        switch reason {
        case .cannotResolve, .cannotConnect, .connectionLost, .timedOut: true
        case .invalidRequest, .tls, .invalidResponse, .responseTooLarge, .cancelled, .shutDown, .other: false
        }
    }

    /// Whether the sender's own settings are at fault, whatever was to be sent: the URL, or the certificates.
    package var isAboutSetup: Bool {
        switch reason {
        case .invalidRequest, .tls, .invalidResponse: true
        case .cannotResolve, .cannotConnect, .connectionLost, .timedOut, .responseTooLarge, .cancelled, .shutDown,
            .other:
            false
        }
    }

    package static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + "…" + url[at...]
    }
}

extension HTTPError: CustomStringConvertible {
    /// What happened to which URL, and what to do about it.
    package var description: String { "\(url): \(detail). \(advice)" }

    /// What OpenSSL says when the answer to its greeting is no TLS.
    private var isPlainAnswer: Bool {
        ["wrong version number", "packet length too long", "record layer failure"].contains(where: detail.contains)
    }

    private var advice: String {
        switch reason {
        case .invalidRequest: "Correct the URL or the headers."
        case .cannotResolve: "Is the host's name right, and does the network's name service know it?"
        case .cannotConnect: "Is the server running, and are host and port right?"
        case .connectionLost: "The server or something in between has closed the connection; it is worth another try."
        case .timedOut: "The server is slow or out of reach; give it more time, or look at it."
        case .tls where isPlainAnswer:
            "The server does not speak TLS here: http:// instead of https://, or another port?"
        case .tls: "Look at the certificates: the CA that is trusted here, and those that each side shows."
        case .invalidResponse: "Does the URL point at the right server and port, and http or https as it should be?"
        case .responseTooLarge: "Nothing of the answer was kept. Does the URL point at the right server?"
        case .cancelled: "The caller no longer wanted it."
        case .shutDown: "Nothing can be sent any more."
        case .other: "If it comes again, look at the server and at libcurl's version."
        }
    }
}
