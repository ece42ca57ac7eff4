package import Foundation

/// A directory that is gone when the test is over.
package final class Scratch: Sendable {
    package let directory: URL

    package init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        // Some tests take the right to write away.
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        try? FileManager.default.removeItem(at: directory)
    }

    package func path(_ name: String = "traces.db") -> String { directory.appending(path: name).path }
}
