import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

/// What a foreign collector forwards to `throughline serve`.
@Suite("Spans from rotel") struct RotelTests {
    @Test("rotel, which forwards what the Python SDK sends it: stored as the SDK says it sent them")
    func rotel() async throws {
        let (sent, stored) = try await offPool {
            let program = try Self.program()
            let serve = try ServeProcess()
            let port = try Self.freePort()
            let rotel = Process()
            rotel.executableURL = URL(filePath: program)
            rotel.arguments = [
                "start", "--otlp-http-endpoint", "127.0.0.1:\(port)", "--otlp-grpc-endpoint",
                "127.0.0.1:\(try Self.freePort())", "--exporter", "otlp", "--otlp-exporter-endpoint", serve.otlp,
                "--otlp-exporter-protocol", "http",
            ]
            rotel.standardOutput = FileHandle.nullDevice
            rotel.standardError = FileHandle.nullDevice
            try rotel.run()
            defer { rotel.terminate() }
            // The SDK's exporter tries again until rotel listens.
            let sent = try SentSpan.set(InteropPython.run("sender.py", "otlp", "http://127.0.0.1:\(port)/v1/traces"))
            // rotel answers first and forwards later.
            for _ in 0..<600 where try serve.spans.count < sent.count { Thread.sleep(forTimeInterval: 0.1) }
            return (sent, try Set(serve.spans.map { SentSpan($0) }))
        }
        #expect(sent.count == 9)
        #expect(stored == sent)
    }

    /// Where rotel is, which the script installs first when it is missing.
    private static func program() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = Process()
        script.executableURL = root.appending(path: "scripts/collectors")
        script.arguments = ["rotel"]
        let output = Pipe()
        script.standardOutput = output
        try script.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        script.waitUntilExit()
        return try #require(text.split(separator: "\n").last.map(String.init), "scripts/collectors found no rotel")
    }

    /// A port that nobody listened on a moment ago, for a program that cannot say which it took.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }
}
