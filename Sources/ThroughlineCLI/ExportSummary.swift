import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore

/// What an export came to, for people and as JSON.
struct ExportSummary: Encodable {
    let exporter: String
    let destination: String
    let exported: Int
    let rejected: Int
    /// Set aside at the end, in this export or an earlier one.
    let setAside: Int
    let left: Int
    let failure: String?
    /// What the collector said to what is set aside, each once.
    let refusals: [String]
    let heldBy: String?
    let seconds: Double
    private let isFollowing: Bool
    private let isMisconfigured: Bool
    private let deliveredBefore: Int
    private let leaseSeconds: Double?
    private let resendCommand: String

    /// - Parameters:
    ///   - state: What the store says of the exporter at the end; nil where it knows of none.
    ///   - resendCommand: What sends again what is set aside.
    init(
        _ progress: ForwardingProgress, _ exporter: String, _ destination: String, _ time: Duration,
        isFollowing: Bool = false, state: ExportState? = nil, resendCommand: String = ""
    ) {
        self.isFollowing = isFollowing
        self.exporter = exporter
        self.destination = destination
        exported = progress.exported
        rejected = progress.rejected
        let batches = state?.setAside ?? []
        setAside = batches.reduce(0) { $0 + $1.spanCount }
        left = progress.backlog
        failure = progress.failure
        refusals = batches.reduce(into: []) { if !$0.contains($1.reason) { $0.append($1.reason) } }
        heldBy = progress.holder
        seconds = time / .seconds(1)
        isMisconfigured = progress.isMisconfigured
        deliveredBefore = (state?.exported ?? 0) - progress.exported
        leaseSeconds = state?.holder.map { max(1, Double(Age.now.nanoseconds(until: $0.until)) / 1e9) }
        self.resendCommand = resendCommand
    }

    private enum CodingKeys: String, CodingKey {
        case exporter, destination, exported, rejected, setAside, left, failure, refusals, heldBy, seconds
    }

    var text: String {
        if exported == 0, problems.isEmpty {
            guard deliveredBefore > 0 else { return "There is nothing to send." }
            return """
                Everything was sent before under the name '\(exporter)': \(Output.count(deliveredBefore, "span")). Another \
                collector wants a name of its own with --name; --from-start sends all again.
                """
        }
        guard exported > 0 else { return "Nothing was sent to \(destination)." }
        let sent = "Sent \(Output.count(exported, "span")) to \(destination)"
        // Most of that time there was nothing to send.
        if isFollowing { return sent + "." }
        let rate = seconds > 0.5 ? ", \(Int(Double(exported) / seconds)) a second" : ""
        return "\(sent) in \(Output.duration(milliseconds: seconds * 1_000))\(rate)."
    }

    /// What keeps the export from being complete, and what to do, a line each; empty when nothing does.
    var problems: [String] {
        if let heldBy {
            let lease =
                leaseSeconds.map { ", or, if that was killed, wait for \(Output.age(seconds: $0.rounded(.up)))" } ?? ""
            return [
                "\(exporter) is being exported by \(heldBy), which goes on by itself. Stop that first\(lease), or export "
                    + "under a name of its own with --name."
            ]
        }
        var problems: [String] = []
        if let failure {
            let reason =
                left > 0
                ? "\(Output.count(left, "span")) could not be sent: \(Output.sentence(failure)) They stay in the store."
                : Output.sentence(failure)
            let advice = isMisconfigured ? "Correct that (the URL, --header, certificates), and run" : "Run"
            problems.append("\(reason) \(advice) the command again.")
        } else if left > 0 {
            problems.append("\(Output.count(left, "span")) left in the store; run the command again.")
        }
        if setAside > 0 {
            problems.append(
                "\(Output.count(setAside, "span")) that the collector refused for good \(setAside == 1 ? "is" : "are") set "
                    + "aside: \(refused) Send \(setAside == 1 ? "it" : "them") again with: \(resendCommand)")
        }
        if rejected > 0 {
            problems.append(
                "The collector has rejected \(Output.count(rejected, "span")) of the batches that it accepted.")
        }
        return problems
    }

    /// The newest reason, and how many others there are.
    private var refused: String {
        guard let reason = refusals.last else { return "" }
        let others = refusals.count - 1
        return Output.sentence(reason) + (others > 0 ? " (\(others) other reasons: throughline doctor.)" : "")
    }
}
