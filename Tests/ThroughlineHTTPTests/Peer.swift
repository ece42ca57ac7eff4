import Foundation
import Testing

/// A web server in Python (Tests/Interop/http_peer.py), which ends with this object.
final class Peer: Sendable {
    let port: Int
    private let host: String
    private let scheme: String
    private let process: Process
    private let input: Pipe

    init(_ arguments: String..., host: String = "127.0.0.1") throws {
        let python = try #require(Self.python, "scripts/interop-python failed")
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [Self.root.appending(path: "Tests/Interop/http_peer.py").path, "--host", host] + arguments
        let output = Pipe()
        input = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        self.process = process
        self.host = host.contains(":") ? "[\(host)]" : host
        scheme = arguments.contains("--tls") ? "https" : "http"
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .newlines)), "the web server did not start")
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func url(_ path: String) -> String { "\(scheme)://\(host):\(port)/\(path)" }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let python = try? output(of: root.appending(path: "scripts/interop-python"), []).split(
        separator: "\n"
    ).last.map(String.init)

    static func output(of program: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program.lastPathComponent) \(arguments) failed")
        return text
    }
}

/// Certificates made by openssl for one run: a CA, a server's and a client's, and another CA that signed nothing.
struct Certificates {
    let directory: URL

    func path(_ name: String) -> String { directory.appending(path: name).path }

    static let made = Result { try Certificates() }

    private init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "throughline-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in ["ca", "other"] {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=throughline \(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"))
        }
        try Data("subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost".utf8).write(to: directory.appending(path: "san"))
        for name in ["server", "client"] {
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
                "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
            try openssl(
                "x509", "-req", "-days", "2", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey",
                path("ca.key"), "-CAcreateserial", "-extfile", path("san"), "-out", path("\(name).pem"))
        }
    }

    private func openssl(_ arguments: String...) throws {
        _ = try Peer.output(of: URL(filePath: "/usr/bin/env"), ["openssl"] + arguments)
    }
}
