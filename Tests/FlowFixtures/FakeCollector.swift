package import Foundation
import Synchronization

/// A collector in Python, a process of its own, that takes spans as OpenTelemetry's own protobuf package reads them, and
/// misbehaves when it is told to: Tests/Interop/collector.py.
package final class FakeCollector: Sendable {
    private let process: Process
    private let commands = Pipe()
    private let answers = LineReader()
    private let turn = Mutex(())
    package let endpoint: String

    package init() throws {
        process = try InteropPython.process("collector.py", [])
        process.standardInput = commands
        process.standardOutput = answers.pipe
        try process.run()
        guard let port = answers.next() else { throw InteropPython.Failure(description: "the collector did not start") }
        endpoint = "http://127.0.0.1:\(port)"
    }

    deinit {
        // It ends with its standard input.
        try? commands.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Gives a command, and returns how many requests had which answer so far.
    @discardableResult
    package func tell(_ command: String) throws -> [String: Int] {
        let answer = try turn.withLock { _ in
            try commands.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
            guard let answer = answers.next() else {
                throw InteropPython.Failure(description: "the collector has died")
            }
            return answer
        }
        let counts = answer.split(separator: " ").map { $0.split(separator: ":") }
        return Dictionary(uniqueKeysWithValues: counts.map { (String($0[0]), Int($0[1]) ?? 0) })
    }

    /// How often each span came, by its ids in hexadecimal.
    package func taken(_ file: String) throws -> [String: Int] {
        try tell("report \(file)")
        var counts: [String: Int] = [:]
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            counts[String(words[0])] = Int(words[1])
        }
        return counts
    }
}

/// What a process prints, line by line.
package final class LineReader: Sendable {
    package let pipe = Pipe()
    private let rest = Mutex(Data())

    package init() {}

    /// Waits for the next line; nil when the process has closed its output.
    package func next() -> String? {
        rest.withLock { rest in
            while true {
                if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { rest = Data(rest[(end + 1)...]) }
                    return String(decoding: rest[..<end], as: UTF8.self)
                }
                let more = pipe.fileHandleForReading.availableData
                if more.isEmpty { return nil }
                rest += more
            }
        }
    }
}
