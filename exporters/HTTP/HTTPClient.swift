import Gzip
import Synchronization

/// An HTTP client on libcurl: connections are kept and shared, HTTP/2 is spoken where TLS agrees on it, redirects are not
/// followed, and proxies come from the environment as curl has them (`http_proxy`, `https_proxy`, `no_proxy`).
///
/// libcurl runs on a thread of its own; a caller is suspended meanwhile and blocks nobody. A client that nobody holds any
/// more shuts down.
package final class HTTPClient: Sendable {
    package struct Configuration: Sendable {
        package var userAgent: String
        package var connectTimeout: Duration = .seconds(5)
        /// Requests beyond this many connections wait for one; those of HTTP/2 share.
        package var maximumConnections = 8
        /// The file of the CA certificates that are trusted, PEM; the system's own when nil.
        package var caCertificate: String?
        /// The files of the certificate that this side shows and of its key, PEM.
        package var clientCertificate: String?
        package var clientKey: String?
        /// Speak HTTP/2 at once, without TLS and without asking.
        package var assumesHTTP2 = false

        package init(userAgent: String) {
            self.userAgent = userAgent
        }
    }

    private let loop: TransferLoop?
    private let nextID = Atomic<UInt64>(0)

    package init(_ configuration: Configuration) {
        loop = TransferLoop(configuration)
    }

    deinit {
        loop?.stop()
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Throws: ``HTTPError`` when there is none. An answer with a status such as 503 is an answer.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let request = try prepared(request)
        guard let loop else {
            throw HTTPError(.other, url: request.url, detail: "libcurl could not be initialised")
        }
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let order = TransferOrder(id: id, request: request) { continuation.resume(returning: $0) }
                if !loop.start(order) {
                    let error = HTTPError(.shutDown, url: request.url, detail: "the client was shut down")
                    continuation.resume(returning: Result<HTTPResponse, HTTPError>.failure(error))
                } else if Task.isCancelled {
                    // Cancelled before the order was there: the handler below found nothing to cancel.
                    loop.cancel(id)
                }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }

    /// Fails what is on its way, closes the connections and ends the thread.
    package func shutdown() {
        loop?.stop()
    }

    private func prepared(_ request: HTTPRequest) throws(HTTPError) -> HTTPRequest {
        var request = request
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw HTTPError(
                .invalidRequest, url: request.url, detail: "the URL holds white space or control characters")
        }
        for (name, value) in request.headers where !HTTPRequest.isHeader(name, value) {
            throw HTTPError(
                .invalidRequest, url: request.url,
                detail: "the header '\(name)' or its value holds forbidden characters")
        }
        if request.compressesBody {
            do {
                request.body = try Gzip.compress(request.body)
            } catch {
                throw HTTPError(.invalidRequest, url: request.url, detail: "\(error)")
            }
            request.headers.append(("Content-Encoding", "gzip"))
        }
        return request
    }
}
