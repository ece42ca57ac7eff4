import FlowFixtures
import Foundation
import Logging
import Testing
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer
import Tracing

@Suite("The recorder and the environment")
struct RecorderEnvironmentTests {
    @Test("takes its settings from the environment, and the code wins over it")
    func settings() {
        var configuration = Recorder.Configuration(environment: [
            "OTEL_BSP_MAX_QUEUE_SIZE": "7", "OTEL_SPAN_LINK_COUNT_LIMIT": "3", "OTEL_LOG_LEVEL": "error",
        ])
        #expect(configuration.pipeline.capacity == 7 && configuration.tracer.limits.links == 3)
        #expect(configuration.tracer.recordsStarts && configuration.logger.logLevel == .error)
        configuration.tracer.limits.links = 4
        #expect(configuration.tracer.limits.links == 4)
    }

    @Test("makes no file where tracing is switched off")
    func disabled() async throws {
        let scratch = try Scratch()
        let recorder = try Recorder(
            service: "orders", store: .sqlite(scratch.path()),
            configuration: Recorder.Configuration(environment: ["OTEL_SDK_DISABLED": "true"]))
        recorder.tracer.startSpan("x").end()
        #expect(await recorder.shutdown() == 0)
        #expect(!FileManager.default.fileExists(atPath: scratch.path()))
    }
}
