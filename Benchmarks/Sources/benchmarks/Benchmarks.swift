/// Ratios in one run: `scripts/bench` runs all, `scripts/bench span hop` those named. docs/benchmarks.md has the figures and
/// how to read them.
@main
enum Benchmarks {
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        func runs(_ name: String) -> Bool { wanted.isEmpty || wanted.contains(name) }
        if runs("span") { await SpanBenchmark.run() }
        if runs("sampler") { await SamplerBenchmark.run() }
        if runs("hop") { try await HopBenchmark.run() }
        if runs("features") { try await FeatureBenchmark.run() }
        if runs("store") { try await StoreBenchmark.run() }
        if runs("zipkin") { ZipkinBenchmark.run() }
        if runs("queries") { try await QueryBenchmark.run() }
        if runs("flow") { try FlowBenchmark.run() }
        if runs("views") { ViewBenchmark.run() }
        if runs("codec") { try await CodecBenchmark.run() }
        if runs("direct") { try await DirectExportBenchmark.run() }
        if runs("export") { try await ExportBenchmark.run() }
    }
}
