import Logging
import ThroughlineModel

/// Takes batches from the queue and exports them, one after the other.
struct ExportWorker: Sendable {
    private let exporter: any SpanExporter
    private let queue: ExportQueue
    private let configuration: ExportingSink.Configuration

    init(_ exporter: any SpanExporter, _ queue: ExportQueue, _ configuration: ExportingSink.Configuration) {
        self.exporter = exporter
        self.queue = queue
        self.configuration = configuration
    }

    func run() async {
        while let batch = await queue.next() { await deliver(batch) }
    }

    private func deliver(_ batch: [SpanRecord]) async {
        var pause = min(configuration.firstPause, configuration.longestPause)
        var isFirst = true
        while !Task.isCancelled {
            switch await exporter.export(batch) {
            case .accepted(let rejected):
                return queue.finish(
                    exported: batch.count - min(rejected, batch.count), lost: min(rejected, batch.count))
            case .refused(let reason), .misconfigured(let reason):
                configuration.logger?.error(
                    "A batch of spans was refused; it is lost and counted.",
                    metadata: ["spans": "\(batch.count)", "reason": "\(reason)"])
                return queue.finish(exported: 0, lost: batch.count)
            case .failed(let reason, let retryAfter):
                if isFirst {
                    configuration.logger?.warning(
                        "A batch of spans could not be exported; it is kept and tried again.",
                        metadata: ["spans": "\(batch.count)", "reason": "\(reason)"])
                }
                isFirst = false
                // Closing cuts a pause short, for one more attempt at once; from then on they are short.
                if queue.isClosed {
                    try? await Task.sleep(for: .milliseconds(100))
                } else {
                    await queue.pause(retryAfter ?? pause * Double.random(in: 0.5...1))
                }
                pause = min(pause * 2, configuration.longestPause)
            }
        }
    }
}
