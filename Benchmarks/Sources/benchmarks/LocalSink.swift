import Foundation

/// A server on this machine that reads requests, throws them away and answers 200: what is left is the cost of sending.
final class LocalSink: Sendable {
    struct Failed: Error {}

    let endpoint: String
    private let descriptor: Int32

    init() throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else { throw Failed() }
        endpoint = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/v1/traces"
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { Self.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private static func serve(_ connection: Int32) {
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var head: [UInt8] = []
        var left = 0
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return }
            var rest = buffer[..<count]
            while !rest.isEmpty {
                if left == 0 {
                    head += rest
                    rest = []
                    guard let end = head.firstRange(of: Array("\r\n\r\n".utf8)) else { break }
                    left = length(head[..<end.lowerBound])
                    rest = head[end.upperBound...]
                    head = []
                }
                let taken = min(left, rest.count)
                left -= taken
                rest = rest.dropFirst(taken)
                if left == 0 { answer(connection) }
            }
        }
    }

    private static func length(_ head: ArraySlice<UInt8>) -> Int {
        let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
        let line = lines.first { $0.hasPrefix("content-length:") }
        return line.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
    }

    private static func answer(_ connection: Int32) {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
        _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
    }
}
