import FlowFixtures
import Foundation
import Logging
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineTracer

/// The code of the module's front page, word for word: scripts/lib/check-snippets compares.
@Suite("The page of ThroughlineOTLP") struct SnippetTests {
    let records: [SpanRecord]

    init() {
        var random = RandomSpans(seed: 1)
        records = random.next(3)
    }

    @Test("the codec") func codec() throws {
        let bytes = OTLP.encode(records)
        let same = try OTLP.decode(bytes)
        #expect(Set(same) == Set(records))
    }

    @Test("to a collector") func collector() async {
        let environment = ["OTEL_EXPORTER_OTLP_TIMEOUT": "1"]
        let logger = Logger(label: "page")
        let configuration = OTLPExporter.Configuration(environment: environment, logger: logger)
        let sink = ExportingSink(OTLPExporter(configuration))
        let pipeline = SpanPipeline(sink: sink)
        await pipeline.shutdown()
        #expect(sink.droppedCount == 0)
    }

    @Test("to a file and back") func file() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "throughline-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try OTLPFileExporter(path: path)
        _ = await file.export(records)

        let pieces = [try Array(Data(contentsOf: URL(filePath: path)))]
        var found: [SpanRecord] = []
        var reader = OTLPLines.Reader()
        for piece in pieces {
            reader.append(piece) { line in
                switch line {
                case .success(let spans): found += spans
                case .failure(let error): print(error)
                }
            }
        }
        #expect(Set(found) == Set(records))
    }
}
