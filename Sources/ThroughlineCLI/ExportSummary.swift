import ThroughlineRecorder

/// What an export came to, for people and as JSON.
struct ExportSummary: Encodable {
    let exporter: String
    let destination: String
    let exported: Int
    let rejected: Int
    let setAside: Int
    let left: Int
    let failure: String?
    let heldBy: String?
    let seconds: Double

    init(_ progress: ForwardingProgress, _ exporter: String, _ destination: String, _ time: Duration) {
        self.exporter = exporter
        self.destination = destination
        exported = progress.exported
        rejected = progress.rejected
        setAside = progress.setAside
        left = progress.backlog
        failure = progress.failure
        heldBy = progress.holder
        seconds = time / .seconds(1)
    }

    var text: String {
        guard exported > 0 else { return "Nothing was sent to \(destination)." }
        let rate = seconds > 0.5 ? ", \(Int(Double(exported) / seconds)) a second" : ""
        return "Sent \(Output.count(exported, "span")) to \(destination) in "
            + "\(Output.duration(milliseconds: seconds * 1_000))\(rate)."
    }

    /// What keeps the export from being complete, and what to do; nil when nothing does.
    var problem: String? {
        if let heldBy {
            return "\(exporter) is being exported by \(heldBy), which goes on by itself. Stop that first, or export "
                + "under a name of its own with --name."
        }
        if let failure {
            return
                "\(Output.count(left, "span")) could not be sent: \(Output.sentence(failure)) They stay in the store; run "
                + "the command again."
        }
        if setAside > 0 {
            return "The collector has refused \(Output.count(setAside, "span")) for good; they are set aside. "
                + "'throughline doctor' shows why, --resend-set-aside sends them again."
        }
        if rejected > 0 {
            return "The collector has rejected \(Output.count(rejected, "span")) of the batches that it accepted."
        }
        return left > 0 ? "\(Output.count(left, "span")) are left in the store; run the command again." : nil
    }
}
