import FlowFixtures
import Foundation
import Synchronization
import Testing

/// `StoreWriter forward`: a process that records and exports, for the tests to kill. Waiting for it blocks no thread of
/// Swift's cooperative pool, which other tests need.
final class RecordingProcess: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let last = Mutex<String?>(nil)
    private let hasClosed = Atomic(false)

    init(_ path: String, _ endpoint: String, spans: Int) throws {
        let output = LineReader()
        process.executableURL = try Self.executable
        process.arguments = ["forward", path, endpoint, "\(spans)"]
        process.standardInput = input
        process.standardOutput = output.pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        Thread.detachNewThread {
            while let line = output.next() { self.last.withLock { $0 = line } }
            self.hasClosed.store(true, ordering: .releasing)
        }
    }

    /// The line that it printed last.
    var line: String? { last.withLock { $0 } }

    /// Waits until that many spans are recorded.
    func waitUntilRecorded(_ count: Int) async throws {
        try await wait { line in
            let words = line.split(separator: " ")
            return words.first == "RECORDED" && words.last.flatMap { Int($0) } ?? 0 >= count
        }
        #expect(line?.hasPrefix("RECORDED") == true, "the recording process ended early")
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
    }

    /// Lets it shut down, and returns the last line that it prints.
    func finish() async throws -> String? {
        try input.fileHandleForWriting.close()
        try await wait { _ in false }
        process.waitUntilExit()
        return line
    }

    /// Waits for a line, or the end of the process, for at most two minutes.
    private func wait(for isWanted: (String) -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(120))
        while !hasClosed.load(ordering: .acquiring), ContinuousClock.now < deadline {
            if let line, isWanted(line) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
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
