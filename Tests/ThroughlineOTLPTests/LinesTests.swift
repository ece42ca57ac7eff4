import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineOTLP

@Suite("OTLP JSON Lines") struct LinesTests {
    @Test("a file that was written reads as it was, in pieces of any size", arguments: [1, 17, 4_096, 10_000_000])
    func roundTrip(size: Int) async throws {
        var random = RandomSpans(seed: 9)
        let batches = (0..<5).map { _ in random.next(20) }
        let path = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for batch in batches {
            // Opened anew each time: what is there stays.
            let exporter = try OTLPFileExporter(path: path)
            #expect(await exporter.export(batch) == .accepted(rejected: 0))
            await exporter.shutdown()
        }
        let bytes = try Array(Data(contentsOf: URL(filePath: path)))
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 5)
        let lines = try read(bytes, inPiecesOf: size).map { try $0.get() }
        #expect(lines.map(Set.init) == batches.map(Set.init))
    }

    @Test(
        "a broken line is told with its number and does not stop the rest; empty lines and a missing end are no matter")
    func broken() throws {
        var random = RandomSpans(seed: 10)
        let spans = random.next(2)
        var bytes = OTLPLines.encode([spans[0]])
        bytes += Array("\r\n   \n{\"resourceSpans\": [{]}\n".utf8)
        bytes += OTLPLines.encode([spans[1]]).dropLast()
        let lines = read(bytes, inPiecesOf: 100)
        #expect(lines.count == 3)
        #expect(try lines[0].get() == [spans[0]])
        #expect(throws: OTLPLines.LineError.self) { try lines[1].get() }
        if case .failure(let error) = lines[1] { #expect(error.description.hasPrefix("line 4: ")) }
        #expect(try lines[2].get() == [spans[1]])
    }

    @Test("a line without end takes no more memory than the longest allowed")
    func tooLong() throws {
        var reader = OTLPLines.Reader()
        reader.longestLine = 100
        var errors: [OTLPLines.LineError] = []
        for _ in 0..<1_000 { reader.append([UInt8](repeating: 0x20, count: 1_000)) { _ in } }
        reader.append(Array("\n{}\n".utf8)) { if case .failure(let error) = $0 { errors.append(error) } }
        #expect(errors.map(\.line) == [1])
    }

    @Test("spans that have not ended make no line, and a file that cannot be written is named")
    func nothing() async throws {
        var random = RandomSpans(seed: 11)
        var span = random.next(1)[0]
        span.end = nil
        #expect(OTLPLines.encode([span]).isEmpty)
        do {
            _ = try OTLPFileExporter(path: "/no/such/folder/spans.jsonl")
            Issue.record("it was opened")
        } catch {
            #expect(error.description == "/no/such/folder/spans.jsonl cannot be written: No such file or directory")
        }
        let full = try OTLPFileExporter(path: "/dev/full")
        guard case .failed(let reason, nil) = await full.export(random.next(1)) else { return #expect(Bool(false)) }
        #expect(reason.contains("No space left"))
    }

    private func read(_ bytes: [UInt8], inPiecesOf size: Int) -> [Result<[SpanRecord], OTLPLines.LineError>] {
        var reader = OTLPLines.Reader()
        var lines: [Result<[SpanRecord], OTLPLines.LineError>] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.append(Array(bytes[start..<min(start + size, bytes.count)])) { lines.append($0) }
        }
        reader.finish { lines.append($0) }
        return lines
    }
}
