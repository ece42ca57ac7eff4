import FlowFixtures
import Foundation
import Testing

/// `StoreWriter forward`: a process that records and exports, for the tests to kill.
struct RecordingProcess {
    private let process = Process()
    private let output = LineReader()
    private let input = Pipe()

    init(_ path: String, _ endpoint: String, spans: Int) throws {
        process.executableURL = try Self.executable
        process.arguments = ["forward", path, endpoint, "\(spans)"]
        process.standardInput = input
        process.standardOutput = output.pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Waits until that many spans are recorded.
    func waitUntilRecorded(_ count: Int) throws {
        while let line = output.next() {
            let words = line.split(separator: " ")
            if words.first == "RECORDED", let recorded = words.last.flatMap({ Int($0) }), recorded >= count { return }
        }
        Issue.record("the recording process ended early")
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
    }

    /// Lets it shut down, and returns the last line that it prints.
    func finish() throws -> String? {
        try input.fileHandleForWriting.close()
        var last: String?
        while let line = output.next() { last = line }
        process.waitUntilExit()
        return last
    }

    /// The program is built beside the test bundle; the test runner itself may live elsewhere.
    private static var executable: URL {
        get throws {
            let candidates = ([CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") })
                .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "StoreWriter") }
            return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }
}
