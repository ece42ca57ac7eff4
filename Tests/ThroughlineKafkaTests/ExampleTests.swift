import Foundation
import Testing

@Suite struct ExampleTests {
    @Test func `The example says in one line that no broker answers`() throws {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let candidates = ([CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") })
            .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "order-fulfilment") }
        let process = Process()
        let program: URL = try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        process.executableURL = program
        process.arguments = ["--broker", "kafka", "--kafka", "127.0.0.1:9"]
        process.currentDirectoryURL = scratch
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(
            text == "Error: No Kafka broker answers at 127.0.0.1:9. Start one, or name another with --kafka.\n")
    }
}
