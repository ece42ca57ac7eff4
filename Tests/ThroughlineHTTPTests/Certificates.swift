import FlowFixtures
import Foundation

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
        _ = try InteropPython.output(of: URL(filePath: "/usr/bin/env"), ["openssl"] + arguments)
    }
}
