/// What a status says, and about what.
extension HTTPResponse {
    /// A page of a website that answers 200 to everything is none.
    package var isSuccess: Bool { (200...299).contains(status) && !isPage }

    /// Whether the same request may succeed later; no other status may be tried again.
    package var isRetryable: Bool { [429, 502, 503, 504].contains(status) }

    /// What to look at when the answer says nothing about the body of the request: nothing is taken from this sender, or
    /// at this address. Nil for any other answer.
    package var setupAdvice: String? {
        switch status {
        case 200...299 where isPage: return "That is a website's page: are host, port and path of the URL right?"
        case 300...399:
            let place = header("Location").map { " to \(HTTPError.withoutCredentials(String($0.prefix(200))))" } ?? ""
            return "It redirects\(place), and redirects are not followed: give the right URL itself."
        case 400 where saysItWantsTLS: return "The URL must begin with https://."
        case 401, 403: return "Are the headers with the credentials right?"
        case 402, 511: return "The server wants something of the sender first."
        case 404, 405, 410, 421, 501: return "Are host, port and path of the URL right?"
        case 406, 415: return "Does the server take this encoding?"
        case 407: return "A proxy on the way wants credentials: look at http_proxy and https_proxy."
        case 426: return "The server wants another version of HTTP."
        default: return nil
        }
    }

    /// The status with its name, where that says more than the number.
    package var statusText: String {
        let names = [
            301: "Moved Permanently", 302: "Found", 303: "See Other", 307: "Temporary Redirect",
            308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
            405: "Method Not Allowed", 407: "Proxy Authentication Required", 415: "Unsupported Media Type",
            429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
            504: "Gateway Timeout",
        ]
        return names[status].map { "\(status) \($0)" } ?? "\(status)"
    }

    /// What the server at a URL has answered, as a sentence on one line.
    ///
    /// - Parameter text: What the body says; empty when it says nothing.
    package func description(of url: String, saying text: String) -> String {
        // A web page says less than the status does.
        let said = isPage ? "" : text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let mark = said.last.map(".?!".contains) == true ? "" : "."
        return "\(url) answered \(statusText)" + (said.isEmpty ? "." : ": \(said)\(mark)")
    }

    private var isPage: Bool {
        let beginning = String(decoding: body.prefix(200), as: UTF8.self).lowercased().drop(while: \.isWhitespace)
        return header("Content-Type")?.lowercased().hasPrefix("text/html") == true
            && ["<!doctype", "<html"].contains(where: beginning.hasPrefix)
    }

    /// What servers that speak TLS answer to a request without: Go's, and so the OpenTelemetry Collector, nginx, Apache.
    private var saysItWantsTLS: Bool {
        let text = String(decoding: body.prefix(1_000), as: UTF8.self)
        return [
            "HTTP request to an HTTPS server", "HTTP request was sent to HTTPS port", "plain HTTP to an SSL-enabled",
        ]
        .contains(where: text.contains)
    }
}
