import Foundation

/// Python with other people's programs, as `scripts/interop-python` sets it up.
package enum InteropPython {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs a script of Tests/Interop to its end and returns what it printed.
    package static func run(_ script: String, _ arguments: String...) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let interpreter = try output(of: root.appending(path: "scripts/interop-python"), [])
        guard let path = interpreter.split(separator: "\n").last else {
            throw Failure(description: "scripts/interop-python named no interpreter")
        }
        return try output(
            of: URL(filePath: String(path)), [root.appending(path: "Tests/Interop/\(script)").path] + arguments)
    }

    private static func output(of program: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program.lastPathComponent) failed with status \(process.terminationStatus)")
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
