import Foundation

/// A web server in Python (Tests/Interop/http_peer.py), which ends with this object.
package final class WebPeer: Sendable {
    package let port: Int
    private let host: String
    private let scheme: String
    private let process: Process
    private let input: Pipe

    package init(_ arguments: String..., host: String = "127.0.0.1") throws {
        process = try InteropPython.process("http_peer.py", ["--host", host] + arguments)
        let output = Pipe()
        input = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        self.host = host.contains(":") ? "[\(host)]" : host
        scheme = arguments.contains("--tls") ? "https" : "http"
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .newlines)) else {
            throw InteropPython.Failure(description: "Tests/Interop/http_peer.py did not start")
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    package func url(_ path: String) -> String { "\(scheme)://\(host):\(port)/\(path)" }
}
