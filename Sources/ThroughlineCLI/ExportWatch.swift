import Foundation
import ThroughlineRecorder

/// Shows on standard error how an export gets on: a bar when that is a terminal, and a line when something is wrong.
struct ExportWatch {
    private let forwarder: SpanForwarder
    /// How long a collector is left alone that takes nothing from this exporter as it is set up; nil when the export
    /// ends instead, and says why.
    private let recheck: Age?

    init(_ forwarder: SpanForwarder, recheck: Age?) {
        self.forwarder = forwarder
        self.recheck = recheck
    }

    /// Watches until the task is cancelled.
    func run() async {
        var bar = ProgressBar()
        var last = ForwardingProgress()
        while !Task.isCancelled {
            let progress = forwarder.progress
            for note in notes(progress, after: last) {
                bar.clear()
                Output.note(note)
            }
            let done = progress.exported + progress.rejected + progress.setAside
            bar.show(forwarder.name, Int64(done), of: Int64(done + progress.backlog), spans: done)
            last = progress
            try? await Task.sleep(for: .milliseconds(100))
        }
        bar.clear()
    }

    private func notes(_ progress: ForwardingProgress, after last: ForwardingProgress) -> [String] {
        var notes: [String] = []
        if let holder = progress.holder, holder != last.holder {
            notes.append(
                "\(forwarder.name) is being exported by \(holder)."
                    + (recheck == nil ? "" : " This one goes on when that ends, or within 15s when it was killed."))
        }
        if let failure = progress.failure, last.failure == nil || progress.isMisconfigured != last.isMisconfigured {
            if !progress.isMisconfigured {
                notes.append("the collector takes nothing: \(Output.sentence(failure)) Trying again.")
            } else if let recheck {
                notes.append(
                    "\(Output.sentence(failure)) The spans stay in the store. To correct the URL or --header, end this "
                        + "with Ctrl-C; it asks again every \(recheck).")
            }
        } else if recheck != nil, last.failure != nil, progress.failure == nil {
            notes.append("the collector takes spans again.")
        }
        if recheck != nil, progress.setAside > last.setAside, let refusal = progress.refusal {
            let spans = Output.count(progress.setAside - last.setAside, "span")
            notes.append("the collector has refused \(spans) for good, which are set aside: \(refusal)")
        }
        return notes
    }
}
