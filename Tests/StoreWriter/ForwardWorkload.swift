import Foundation
import Logging
import Synchronization
import ThroughlineOTLP
import ThroughlineRecorder
import ThroughlineTracer
import Tracing

extension Workloads {
    /// Records spans and exports them until somebody kills the process, or closes its standard input and it has recorded
    /// as many as it should: prints `RECORDED n` now and then, and `LEFT n DROPPED n` at an orderly end.
    static func forward(_ path: String, endpoint: String, spans: Int) async throws {
        var configuration = Recorder.Configuration()
        configuration.logger = Logger(label: "drill", factory: { _ in SwiftLogNoOpLogHandler() })
        configuration.forwarding.logger = configuration.logger
        // Quick in everything, so that a drill sees many of each fault.
        configuration.forwarding.interval = .milliseconds(20)
        configuration.forwarding.lease = .milliseconds(1_500)
        configuration.forwarding.initialBackoff = .milliseconds(20)
        configuration.forwarding.maximumBackoff = .milliseconds(200)
        var collector = OTLPExporter.Configuration()
        collector.endpoint = endpoint + "/v1/traces"
        collector.timeout = .seconds(1)
        collector.compression = .gzip
        let recorder = try Recorder(
            service: "drill", store: .sqlite(path), exporters: [.otlp(collector)], configuration: configuration)
        let input = StandardInput()
        var number = 0
        while number < spans || !input.isAtEnd {
            let span = recorder.tracer.startSpan("send orders", context: .topLevel, ofKind: .producer)
            span.attributes["messaging.destination.name"] = "orders-\(number % 10)"
            span.end()
            number += 1
            if number % 500 == 0 {
                // Not print and fflush, which would wait for the lock that reading standard input holds.
                FileHandle.standardOutput.write(Data("RECORDED \(number)\n".utf8))
                // About 30,000 a second, so that what befalls the collector befalls a part of them.
                try await Task.sleep(for: .milliseconds(16))
            }
        }
        let unwritten = await recorder.shutdown(within: .seconds(60))
        print("LEFT \(unwritten + recorder.undeliveredCount) DROPPED \(recorder.droppedCount)")
    }
}

/// Whether somebody still holds the other end of standard input.
private final class StandardInput: Sendable {
    private let end = Atomic(false)

    init() {
        detach {
            // Not readLine, which holds a lock that `fflush(nil)` waits for.
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            self.end.store(true, ordering: .relaxed)
        }
    }

    var isAtEnd: Bool { end.load(ordering: .relaxed) }
}
