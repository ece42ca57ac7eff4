import Foundation
import ThroughlineRecorder

/// Shows on standard error how an export gets on: a bar when that is a terminal, and a line when something is wrong.
struct ExportWatch {
    private let forwarder: SpanForwarder

    init(_ forwarder: SpanForwarder) {
        self.forwarder = forwarder
    }

    /// Watches until the task is cancelled.
    func run() async {
        var bar = ProgressBar()
        var last = ForwardingProgress()
        while !Task.isCancelled {
            let progress = forwarder.progress
            if let holder = progress.holder, holder != last.holder {
                bar.clear()
                Output.note("\(forwarder.name) is being exported by \(holder).")
            }
            if let failure = progress.failure, last.failure == nil {
                bar.clear()
                Output.note("the collector takes nothing: \(Output.sentence(failure)) Trying again.")
            }
            let done = progress.exported + progress.rejected + progress.setAside
            bar.show(forwarder.name, Int64(done), of: Int64(done + progress.backlog), spans: done)
            last = progress
            try? await Task.sleep(for: .milliseconds(100))
        }
        bar.clear()
    }
}
