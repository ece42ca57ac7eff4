import Foundation
import PlainLoop
import Synchronization

/// Sends OTLP to a collector on loopback as fast as it answers, for a while: `load PORT SECONDS CONNECTIONS PROCESS
/// [STORE]`. Prints how many spans were accepted a second and how much memory the process used at most; with a store,
/// also how long a loop in C takes for the same rows.
@main
enum Load {
    private static let spansPerRequest = 512

    struct Failed: Error {
        let what: String
    }

    struct Tally {
        var requests: UInt32 = 0
        var accepted = 0
        var refused = 0
    }

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().map { $0 }
        guard arguments.count >= 4, let port = UInt16(arguments[0]), let seconds = Double(arguments[1]),
            let connections = Int(arguments[2])
        else { throw Failed(what: "usage: load PORT SECONDS CONNECTIONS PROCESS [STORE]") }
        let tally = Mutex(Tally())
        let end = Date(timeIntervalSinceNow: seconds)
        let done = DispatchGroup()
        for _ in 0..<connections {
            done.enter()
            Thread.detachNewThread {
                do { try send(to: port, until: end, tally) } catch { print("load: \(error)") }
                done.leave()
            }
        }
        done.wait()
        let elapsed = seconds + Date().timeIntervalSince(end)
        let result = tally.withLock { $0 }
        let accepted = result.accepted * spansPerRequest
        let rate = Double(accepted) / elapsed
        print("receiver into the store: \(Int(rate)) spans/s (\(accepted) spans, \(result.refused) requests sent away)")
        print("memory of the collector at most: \(try peakMegabytes(arguments[3])) MB")
        guard arguments.count > 4 else { return }
        let copy = arguments[4] + ".plain"
        let time = plain_loop_copy(arguments[4], copy, Int32(accepted / 4_096))
        guard time > 0 else { throw Failed(what: "the loop in C failed: \(time)") }
        let plain = Double(accepted) / time
        print("the same rows by a loop in C: \(Int(plain)) spans/s, ratio \((rate / plain * 100).rounded() / 100)")
    }

    private static func send(to port: UInt16, until end: Date, _ tally: borrowing Mutex<Tally>) throws {
        var template = RequestTemplate(spans: spansPerRequest)
        let connection = try Connection(port: port)
        let head = Array(
            """
            POST /v1/traces HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/x-protobuf\r
            Content-Length: \(template.body.count)\r
            \r

            """.utf8)
        while Date() < end {
            template.renew(
                tally.withLock {
                    $0.requests += 1
                    return $0.requests
                })
            try connection.send(head)
            try connection.send(template.body)
            let status = try connection.status()
            tally.withLock { tally in
                if status == 200 { tally.accepted += 1 } else { tally.refused += 1 }
            }
        }
    }

    private static func peakMegabytes(_ process: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1_000
    }
}

/// A blocking HTTP/1.1 connection that knows only what the load needs.
struct Connection {
    private let socket: Int32

    init(port: UInt16) throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Load.Failed(what: "nobody listens on port \(port)") }
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { throw Load.Failed(what: "the connection broke") }
            sent += count
        }
    }

    /// Reads one answer with an empty or a short body, and returns its status.
    func status() throws -> Int {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 12 else { throw Load.Failed(what: "the connection was closed") }
        return Int(String(decoding: buffer[9..<12], as: UTF8.self)) ?? 0
    }
}
