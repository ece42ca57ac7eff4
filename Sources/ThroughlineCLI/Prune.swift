import ArgumentParser
import ThroughlineStore

/// `throughline prune`
struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete old spans from the store.",
        discussion: """
            Applications may go on recording meanwhile. Both limits may be given; both are kept then. With --thin, old \
            flows are thinned out instead of deleted: whole flows go, but for a share and for all with a failed, \
            dead-lettered or unfinished span.

            What an exporter has still to deliver, or what was set aside for one, stays whatever the limits say, and with \
            --thin the whole flow does, unless --undelivered is given. Exit code 6: some of that had to stay.
            """)

    @Option(help: "Delete what began longer ago than this: 30s, 15m, 12h, 7d.")
    var olderThan: Age?

    @Option(
        help: "Of what --older-than names keep this share of flows, 0 to 1, and every flow in which anything failed.")
    var thin: Double?

    @Option(help: "Delete the oldest until the file is no larger than this: 200MB, 2GB.")
    var maxSize: ByteSize?

    @Flag(help: "Delete too what an exporter has still to deliver; 'throughline doctor' then counts it as lost.")
    var undelivered = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if let thin, !(0...1).contains(thin) { throw ValidationError("--thin takes a share from 0 to 1.") }
        if thin != nil, olderThan == nil {
            throw ValidationError("--thin needs --older-than: what may be thinned out.")
        }
        if olderThan == nil, maxSize == nil { throw ValidationError("Give --older-than, --max-size, or both.") }
    }

    func run() throws {
        // Opening for writing would make a file that is not there; opening for reading says that it is missing.
        _ = try store.reader()
        let writer = try TraceStore(path: store.resolvedPath)
        defer { writer.close() }
        let report =
            if let thin, let olderThan {
                try writer.thin(keeping: thin, olderThan: olderThan.ago, sparingUndelivered: !undelivered)
                    + writer.prune(maxBytes: maxSize?.bytes, sparingUndelivered: !undelivered)
            } else {
                try writer.prune(
                    olderThan: olderThan?.ago, maxBytes: maxSize?.bytes, sparingUndelivered: !undelivered)
            }
        say(report)
        if let smallest = report.smallestBytes {
            throw Failure(
                code: .usage,
                message:
                    "Even without any span \(store.resolvedPath) takes about \(Output.bytes(smallest)); nothing was deleted for "
                    + "its size. Give a larger --max-size.")
        }
        if report.spared > 0 { throw try spared(report.spared) }
    }

    private func say(_ report: PruneReport) {
        guard report.spans > 0 else {
            if report.spared == 0, report.smallestBytes == nil { print("Nothing to delete.") }
            return
        }
        let spans = Output.count(report.spans, "span")
        let traces = Output.count(report.traces, "whole trace")
        print("Deleted \(spans), \(traces) among them; the file is \(Output.bytes(report.bytesFreed)) smaller.")
        if report.undelivered > 0 {
            Output.note(
                "\(Output.count(report.undelivered, "span")) of them had not been exported yet; see "
                    + "'throughline doctor\(store.commandLine)'.")
        }
    }

    private func spared(_ count: Int) throws -> Failure {
        let names = try store.reader().exports().filter { $0.backlog > 0 || !$0.setAside.isEmpty }.map(\.name)
        return Failure(
            code: .undelivered,
            message: """
                \(Output.count(count, "span")) \(count == 1 ? "stays" : "stay") although past the limit, because \
                \(names.joined(separator: " and ")) \(names.count == 1 ? "has" : "have") still to deliver some: see \
                'throughline doctor\(store.commandLine)'. Export first; forget an exporter that is used no more with \
                'throughline doctor --forget NAME'; or delete them all the same with --undelivered.
                """)
    }
}
