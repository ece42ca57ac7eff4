import CCurl

extension HTTPError {
    /// What libcurl's code means, with the text that it gave.
    init(_ code: CURLcode, url: String, detail: String) {
        let text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        self.init(Self.reason(code, detail), url: url, detail: text)
    }

    private static func reason(_ code: CURLcode, _ detail: String) -> Reason {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL where detail.contains("HTTP/0.9"): .invalidResponse
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .cannotResolve
        case CURLE_COULDNT_CONNECT: .cannotConnect
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            // A server that wants another certificate says so only after the handshake (TLS 1.3), when curl reads.
            detail.contains("alert") && detail.contains("certificate") ? .tls : .connectionLost
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM: .connectionLost
        case CURLE_SSL_CONNECT_ERROR where endsEarly(detail): .connectionLost
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalidResponse
        default: .other
        }
    }

    /// A connection that is lost during the handshake says nothing about certificates.
    private static func endsEarly(_ detail: String) -> Bool {
        ["SSL_ERROR_SYSCALL", "unexpected eof", "reset by peer"].contains(where: detail.contains)
    }
}
