import Foundation
import Logging
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineTracer
import Tracing

/// The code of the tracer's pages, word for word. It is compiled; what it does is tested where it is built.
enum TracerSnippets {
    static func sample(salt: String) -> RecordingTracer.Configuration {
        var configuration = RecordingTracer.Configuration()
        configuration.sampler = RuleSampler(
            [
                SamplingRule(destination: "health.*", AlwaysOffSampler()),
                SamplingRule(messageType: "Payment*", AlwaysOnSampler()),
            ], otherwise: FlowSampler(ratio: 0.1))

        configuration.redaction = Redaction([
            .drop("*.password"), .replace("customer.email"), .hash("customer.id", salt: salt),
        ])
        return configuration
    }

    static func childProcess(_ tracer: RecordingTracer, _ span: RecordingSpan) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        tracer.inject(span.context, into: &environment, using: EnvironmentCarrier())
        return environment
    }

    static func beside(_ primary: some Tracer, _ recorder: Recorder) {
        InstrumentationSystem.bootstrap(TeeTracer(primary: primary, recorder: recorder.tracer))
    }

    static func export(_ exporter: LineExporter) throws -> Recorder {
        let recorder = try Recorder(
            service: "billing", store: .sqlite("traces.db"), exporters: [Recorder.Exporter(exporter, named: "lines")])
        return recorder
    }

    static func exportDirectly(_ exporter: LineExporter) -> SpanPipeline {
        let pipeline = SpanPipeline(sink: ExportingSink(exporter))
        return pipeline
    }

    static func log() {
        LoggingSystem.bootstrap(StreamLogHandler.standardOutput, metadataProvider: .throughline)
    }
}

struct LineExporter: SpanExporter {
    let send: @Sendable (String) async throws -> Int

    func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        let lines = batch.map { "\($0.traceID.hex) \($0.spanID.hex) \($0.name)" }
        do {
            switch try await send(lines.joined(separator: "\n")) {
            case 200: return .accepted(rejected: 0)
            case 401, 404: return .misconfigured("are the token and the address right?")
            case 429, 503: return .failed("the collector is busy", retryAfter: .seconds(1))
            case let status: return .refused("the collector answered \(status)")
            }
        } catch {
            return .failed("\(error)", retryAfter: nil)
        }
    }

    func shutdown() async {}
}
