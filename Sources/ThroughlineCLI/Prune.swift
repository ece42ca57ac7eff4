import ArgumentParser
import ThroughlineStore

/// `throughline prune`
struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete old spans from the store.",
        discussion: "Applications may go on recording meanwhile. Both limits may be given; both are kept then.")

    @Option(help: "Delete what began longer ago than this: 30s, 15m, 12h, 7d.")
    var olderThan: Age?

    @Option(help: "Delete the oldest until the file is no larger than this: 200MB, 2GB.")
    var maxSize: ByteSize?

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if olderThan == nil, maxSize == nil { throw ValidationError("Give --older-than, --max-size, or both.") }
    }

    func run() throws {
        // Opening for writing would make a file that is not there; opening for reading says that it is missing.
        _ = try store.reader()
        let writer = try TraceStore(path: store.resolvedPath)
        defer { writer.close() }
        let report = try writer.prune(olderThan: olderThan?.ago, maxBytes: maxSize?.bytes)
        guard report.spans > 0 else {
            print("Nothing to delete.")
            return
        }
        let spans = Output.count(report.spans, "span")
        let traces = Output.count(report.traces, "whole trace")
        print("Deleted \(spans), \(traces) among them; the file is \(Output.bytes(report.bytesFreed)) smaller.")
    }
}
