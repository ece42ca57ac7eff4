import Foundation

/// A connection spoken byte by byte, for what no well-behaved client would say. Blocks, so used off Swift's pool.
final class Wire: Sendable {
    struct Failed: Error {
        let what: String
    }

    private let socket: Int32

    /// - Parameter patience: How long to wait for an answer, in seconds.
    init(port: Int, patience: Int = 20) throws {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        socket = Foundation.socket(AF_INET, type, 0)
        setPatience(patience)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // What is thrown from here on ends in deinit, which closes; closing twice would close somebody else's.
        guard code == 0 else {
            throw Failed(what: "connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    func setPatience(_ seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    static func head(_ method: String, _ path: String, _ headers: [String: String] = [:]) -> [UInt8] {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Array("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n".utf8)
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, 0x4000) }
            guard count > 0 else { throw Failed(what: "send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// True when the other side closes the connection, with nothing said, within the patience.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, 0)
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    /// Reads one answer; `100 Continue` is passed over.
    func answer() throws -> WireAnswer {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) { bytes.append(try byte()) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        if status == 100 { return try answer() }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        var body: [UInt8] = []
        for _ in 0..<(headers["content-length"].flatMap { Int($0) } ?? 0) { body.append(try byte()) }
        return WireAnswer(status: status, headers: headers, body: body)
    }

    private func byte() throws -> UInt8 {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, 0)
        guard count == 1 else {
            throw Failed(what: count == 0 ? "the connection was closed" : "recv: \(String(cString: strerror(errno)))")
        }
        return byte
    }
}

struct WireAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}
