import ThroughlineModel
import ThroughlineOTLP
import ThroughlineTracer

/// Spans from memory over OTLP/HTTP to a sink on this machine that reads and throws away.
enum DirectExportBenchmark {
    static func run() async throws {
        let batch = CodecBenchmark.spans(2_048)
        let count = 200 * batch.count
        for compression in [OTLPExporter.Configuration.Compression.none, .gzip] {
            let server = try LocalSink()
            var exporter = OTLPExporter.Configuration()
            exporter.endpoint = server.endpoint
            exporter.compression = compression
            var configuration = ExportingSink.Configuration()
            configuration.capacity = count
            configuration.flushTimeout = .seconds(300)
            var best = 0.0
            for _ in 0..<3 {
                let sink = ExportingSink(OTLPExporter(exporter), configuration: configuration)
                let elapsed = try ContinuousClock().measure {
                    for _ in 0..<200 { sink.write(batch) }
                    try sink.flush()
                }
                let (seconds, attoseconds) = elapsed.components
                best = max(best, Double(count) / (Double(seconds) + Double(attoseconds) / 1e18))
                precondition(sink.exportedCount == count, "the sink has not taken every span")
                sink.close()
            }
            report("export over OTLP/HTTP to a local sink, \(compression.rawValue)", "\(Int(best)) spans/s")
            withExtendedLifetime(server) {}
        }
    }
}
