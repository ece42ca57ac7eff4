import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineStore

/// A directory of its own, in which the built program runs with nothing of the tests' environment but the path.
extension Scratch {
    /// Writes spans into the store of that name.
    func record(_ records: [SpanRecord], in name: String = "traces.db") throws {
        let store = try TraceStore(path: path(name))
        try store.write(records)
        try store.flush()
        store.close()
    }

    /// A scratch directory with the order of the golden flows in its `traces.db`.
    static func withOrder() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.record(GoldenFlow.order.records)
        return scratch
    }

    /// Runs `throughline` to its end, as if typed in this directory.
    func run(_ arguments: String..., environment: [String: String] = [:], input: [UInt8] = []) throws -> Outcome {
        try run(try Self.executable, arguments, environment, input: input)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        try run(try Self.executable, arguments, environment)
    }

    /// Runs `throughline` with a terminal as its standard output, which `script` (bsdutils, util-linux) provides.
    func runOnTerminal(
        _ arguments: String..., columns: Int? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let size = columns.map { "stty columns \($0) rows 40; " } ?? ""
        let command = size + ([try Self.executable.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try run(
            URL(filePath: "/usr/bin/script"), ["--quiet", "--return", "--command", command, "/dev/null"], environment)
    }

    /// Runs `throughline` in a shell that does with its standard output what `redirection` says.
    func run(redirecting redirection: String, _ arguments: [String]) throws -> Outcome {
        let words = ([try Self.executable.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try run(URL(filePath: "/bin/sh"), ["-c", "\(words) \(redirection)"], [:])
    }

    /// Starts `throughline` and lets it run; nobody reads what it prints, but for the errors when a file is named for them.
    func start(_ arguments: String..., errorsTo file: String? = nil) throws -> Process {
        let process = Process()
        process.executableURL = try Self.executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let file {
            try Data().write(to: URL(filePath: path(file)))
            process.standardError = try FileHandle(forWritingTo: URL(filePath: path(file)))
        }
        try process.run()
        return process
    }

    private func run(
        _ executable: URL, _ arguments: [String], _ environment: [String: String], input: [UInt8] = []
    ) throws -> Outcome {
        // A file, because two pipes would have to be read at the same time.
        let error = directory.appending(path: "standard-error-\(UUID().uuidString)")
        try Data().write(to: error)
        let output = Pipe()
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
        process.standardInput = try standardInput(input)
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: error)
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        return try Outcome(process, output: text, error: error)
    }

    private func standardInput(_ bytes: [UInt8]) throws -> FileHandle {
        if bytes.isEmpty { return .nullDevice }
        let file = directory.appending(path: "standard-input-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        return try FileHandle(forReadingFrom: file)
    }

    /// The program is built beside the test bundle; the test runner itself may live elsewhere.
    static var executable: URL {
        get throws {
            let candidates = ([CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") })
                .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "throughline") }
            return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }
}

/// What a run of the program came to.
struct Outcome {
    let code: Int32
    let output: String
    let error: String

    init(_ process: Process, output: Data, error: URL) throws {
        process.waitUntilExit()
        code = process.terminationStatus
        self.output = String(decoding: output, as: UTF8.self)
        self.error = String(decoding: try Data(contentsOf: error), as: UTF8.self)
    }

    /// Standard output as JSON.
    func json<Value>(as _: Value.Type = Value.self) throws -> Value {
        try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? Value, "not the JSON expected: \(output)")
    }

    var hasEscapes: Bool { (output + error).contains("\u{1B}") }
}
