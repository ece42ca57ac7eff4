import Foundation
import Testing
import ThroughlineModel
import ThroughlineStore

/// `throughline serve`, the built program, on free ports with a store of its own. Blocks, so used off Swift's pool.
final class ServeProcess: Sendable {
    let directory: URL
    let otlp: String
    let zipkin: String
    private let process: Process

    var processID: Int32 { process.processIdentifier }

    /// - Parameter kilobytesAtMost: How large a file it may write, as if the disk had no more room.
    init(kilobytesAtMost: Int? = nil) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.currentDirectoryURL = directory
        let limit = kilobytesAtMost.map { "trap '' XFSZ; ulimit -S -f \($0); " } ?? ""
        process.arguments = [
            "-c",
            "\(limit)exec '\(try Self.executable.path)' serve --store traces.db --otlp-port 0 --zipkin-port 0",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var text = ""
        // All of the greeting comes at once; a process that ended instead closes the pipe.
        while !text.contains("Then look") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        otlp = try Self.value(of: "OTEL_EXPORTER_OTLP_ENDPOINT", in: text)
        zipkin = try Self.value(of: "OTEL_EXPORTER_ZIPKIN_ENDPOINT", in: text)
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: directory)
    }

    /// The spans that are in its store.
    var spans: [SpanRecord] {
        get throws {
            var spans: [SpanRecord] = []
            try TraceReader(path: directory.appending(path: "traces.db").path).forEachSpan { spans.append($0) }
            return spans
        }
    }

    /// Runs another command on the same store, and returns what it prints.
    func run(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = try Self.executable
        process.currentDirectoryURL = directory
        process.arguments = arguments + ["--store", "traces.db"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }

    /// Ends it as a service manager would, and returns its exit code.
    func end() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static func value(of name: String, in text: String) throws -> String {
        let line = text.split(separator: "\n").first { $0.contains(name + "=") }
        return try #require(line.flatMap { $0.split(separator: "=").last.map(String.init) }, "no \(name) in: \(text)")
    }

    /// The program is built beside the test bundle; the test runner itself may live elsewhere.
    private static var executable: URL {
        get throws {
            let candidates = ([CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") })
                .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "throughline") }
            return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }
}

/// Runs what blocks on a thread of its own.
func offPool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
