package import Foundation

/// Python with other people's programs, as `scripts/interop-python` sets it up.
package enum InteropPython {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs a script of Tests/Interop to its end and returns what it printed.
    package static func run(_ script: String, _ arguments: String...) throws -> String {
        let process = try self.process(script, arguments)
        return try output(of: process)
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let interpreter = Result {
        let lines = try output(of: root.appending(path: "scripts/interop-python"), []).split(separator: "\n")
        guard let path = lines.last else {
            throw Failure(description: "scripts/interop-python named no interpreter")
        }
        return String(path)
    }

    /// A script of Tests/Interop, ready to run.
    package static func process(_ script: String, _ arguments: [String]) throws -> Process {
        return process(
            URL(filePath: try interpreter.get()), [root.appending(path: "Tests/Interop/\(script)").path] + arguments)
    }

    /// Runs a program to its end and returns what it printed.
    package static func output(of program: URL, _ arguments: [String]) throws -> String {
        try output(of: process(program, arguments))
    }

    private static func process(_ program: URL, _ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        return process
    }

    private static func output(of process: Process) throws -> String {
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let name = process.executableURL?.lastPathComponent ?? "a program"
            throw Failure(description: "\(name) failed with status \(process.terminationStatus)")
        }
        return text
    }
}

/// Makes a file for a closure, and removes it afterwards.
package func withTemporaryFile<Result>(
    _ bytes: [UInt8] = [], _ body: (_ path: String) throws -> Result
) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}
