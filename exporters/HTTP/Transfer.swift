import CCurl

/// One request on its way through libcurl. It lives on the loop's thread and nowhere else.
final class Transfer {
    /// Headers beyond this are no answer that anybody here waits for.
    private static let headerLimit = 256 << 10

    let handle: UnsafeMutableRawPointer
    let timeout: Duration
    let deadline: ContinuousClock.Instant
    private let url: String
    private let responseLimit: Int
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let finish: @Sendable (Result<HTTPResponse, HTTPError>) -> Void

    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false

    init?(_ order: TransferOrder, _ configuration: HTTPClient.Configuration) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        url = order.request.url
        timeout = order.request.timeout
        deadline = .now + timeout
        responseLimit = order.request.responseLimit
        finish = order.finish
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        configure(order.request, configuration)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    func fail(_ reason: HTTPError.Reason, _ detail: String) {
        finish(.failure(HTTPError(reason, url: url, detail: detail)))
    }

    /// Says how it ended, which libcurl has told.
    func end(_ code: CURLcode) {
        if isTooLarge {
            return fail(.responseTooLarge, "the answer is longer than \(responseLimit) bytes")
        }
        guard code == CURLE_OK else {
            return finish(.failure(HTTPError(code, url: url, detail: String(cString: errorText))))
        }
        let version: HTTPResponse.Version =
            switch throughline_curl_number(handle, CURLINFO_HTTP_VERSION) {
            case Int(CURL_HTTP_VERSION_1_0), Int(CURL_HTTP_VERSION_1_1): .http1
            case Int(CURL_HTTP_VERSION_2_0): .http2
            default: .other
            }
        finish(
            .success(
                HTTPResponse(
                    status: throughline_curl_number(handle, CURLINFO_RESPONSE_CODE), headers: headers, body: body,
                    version: version)))
    }

    private func configure(_ request: HTTPRequest, _ configuration: HTTPClient.Configuration) {
        // The loop holds this object for as long as the handle is with libcurl.
        let context = Unmanaged.passUnretained(self).toOpaque()
        throughline_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
        throughline_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        throughline_curl_set_string(handle, CURLOPT_URL, request.url)
        throughline_curl_only_http(handle)
        // Signals belong to the application.
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
        number(CURLOPT_TCP_KEEPALIVE, 1)
        number(
            CURLOPT_HTTP_VERSION,
            configuration.assumesHTTP2 ? Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) : Int(CURL_HTTP_VERSION_2TLS))
        // A second request waits for the first one's connection rather than opening its own, when HTTP/2 can share it.
        number(CURLOPT_PIPEWAIT, 1)
        throughline_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, "gzip")
        throughline_curl_set_string(handle, CURLOPT_USERAGENT, configuration.userAgent)
        if let path = configuration.caCertificate { throughline_curl_set_string(handle, CURLOPT_CAINFO, path) }
        if let path = configuration.clientCertificate { throughline_curl_set_string(handle, CURLOPT_SSLCERT, path) }
        if let path = configuration.clientKey { throughline_curl_set_string(handle, CURLOPT_SSLKEY, path) }
        set(request)
        receive(context)
    }

    private func set(_ request: HTTPRequest) {
        if request.method == .post {
            number(CURLOPT_POST, 1)
            throughline_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            request.body.withUnsafeBytes { body in
                // An empty array may have no address, and libcurl would then ask a callback for the body.
                guard let start = body.baseAddress, !body.isEmpty else {
                    throughline_curl_set_string(handle, CURLOPT_COPYPOSTFIELDS, "")
                    return
                }
                throughline_curl_set_string(
                    handle, CURLOPT_COPYPOSTFIELDS, start.assumingMemoryBound(to: CChar.self))
            }
            // Servers that do not know the header make libcurl wait a second before it sends the body.
            headerList = curl_slist_append(headerList, "Expect:")
        }
        for (name, value) in request.headers {
            headerList = curl_slist_append(headerList, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        throughline_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func receive(_ context: UnsafeMutableRawPointer) {
        throughline_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        throughline_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            Transfer.from(context)?.take(UnsafeRawBufferPointer(start: bytes, count: count)) ?? 0
        }
        throughline_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        throughline_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            Transfer.from(context)?.takeHeader(UnsafeRawBufferPointer(start: bytes, count: count)) ?? 0
        }
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Returns how many bytes were taken; fewer than there are end the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= responseLimit else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            isTooLarge = true
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // Whatever came before was an interim answer, such as 100.
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            headers.append((Self.trim(line[..<colon]), Self.trim(line[line.index(after: colon)...])))
        }
        return bytes.count
    }

    private static func trim(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private func number(_ option: CURLoption, _ value: Int) {
        throughline_curl_set_number(handle, option, value)
    }
}

extension Duration {
    /// Whole milliseconds, at least one: libcurl takes zero for "no limit" or "the default".
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, isOver) = Int(seconds).multipliedReportingOverflow(by: 1_000)
        return isOver ? Int(Int32.max) : min(Int(Int32.max), max(1, product + Int(attoseconds / 1_000_000_000_000_000)))
    }
}
