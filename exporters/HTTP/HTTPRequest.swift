/// What is asked of a server.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var method: Method
    /// `http` or `https`, nothing else.
    package var url: String
    /// In the order in which they are sent; a name may stand more than once.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Whether the body travels as gzip, with the header that says so.
    package var compressesBody: Bool
    /// From asking to the last byte of the answer, waiting for a free connection included.
    package var timeout: Duration
    /// The longest answer that is taken, in bytes, after decompression.
    package var responseLimit: Int

    package init(
        _ method: Method = .post, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        compressesBody: Bool = false, timeout: Duration = .seconds(10), responseLimit: Int = 4 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.compressesBody = compressesBody
        self.timeout = timeout
        self.responseLimit = responseLimit
    }

    /// RFC 9110, section 5.6.2 (names) and 5.5 (values); nothing that could begin another header.
    package static func isHeader(_ name: String, _ value: String) -> Bool {
        let marks = "!#$%&'*+-.^_`|~".utf8
        func isTokenByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: marks.contains(byte)
            }
        }
        return !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
            && value.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
    }
}

/// What a server has answered, whatever its status says.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    /// After decompression.
    package var body: [UInt8]
    package var version: Version

    package enum Version: Sendable {
        case http1
        case http2
        case other
    }

    /// The value of the first header of that name, in any case of letters.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
