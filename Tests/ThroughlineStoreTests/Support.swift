import FlowFixtures
import Foundation
import ThroughlineModel

@testable import ThroughlineStore

/// Writes spans into a fresh store and closes it.
func store(_ records: [SpanRecord], at path: String) throws {
    let store = try TraceStore(path: path)
    try store.write(records)
    try store.flush()
    store.close()
}

func allSpans(_ path: String) throws -> [SpanRecord] {
    var spans: [SpanRecord] = []
    try TraceReader(path: path).forEachSpan { spans.append($0) }
    return spans
}

/// The process of its own that the tests starve, kill and run several of: the target `StoreWriter`.
struct WriterProcess {
    let process = Process()
    private let output = Pipe()

    init(_ arguments: [String]) throws {
        guard let executable = Self.executable else { throw MissingProgram() }
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
    }

    /// The program is built beside the test bundle; the test runner itself may live elsewhere.
    static var executable: URL? {
        ([CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") })
            .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "StoreWriter") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    struct MissingProgram: Error {}

    /// Waits for the end and returns what was printed.
    func lines() -> [String] {
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Reads until `isEnough` lines are there, kills the process, and returns all complete lines that it had printed.
    func linesUntilKilled(after isEnough: Int) -> [String] {
        var data = Data()
        while data.count(where: { $0 == UInt8(ascii: "\n") }) < isEnough {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            data += more
        }
        kill(process.processIdentifier, SIGKILL)
        data += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}

extension Timestamp {
    static let base = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000)
}

func trace(_ number: UInt64) -> TraceID { TraceID(high: 0x0198, low: number) }

/// A span with nothing but what a test is about.
func span(
    _ id: UInt64, trace number: UInt64 = 1, parent: UInt64? = nil, at milliseconds: UInt64 = 0, takes: UInt64? = 1,
    _ attributes: Attributes = [:], links: [SpanLink] = [], service: String = "orders", status: SpanStatus = .unset
) -> SpanRecord {
    let start = Timestamp.base.advanced(byNanoseconds: milliseconds * 1_000_000)
    return SpanRecord(
        traceID: trace(number), spanID: SpanID(id), parentID: parent.map { SpanID($0) }, name: "span \(id)",
        start: start, end: takes.map { start.advanced(byNanoseconds: $0 * 1_000_000) }, attributes: attributes,
        links: links, status: status, resource: Resource(attributes: ["service.name": .string(service)]))
}
