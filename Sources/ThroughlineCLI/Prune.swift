import ArgumentParser
import ThroughlineStore

/// `throughline prune`
struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete old spans from the store.",
        discussion: "Writers go on meanwhile. Of the two limits, each is applied that is given.")

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
        let traces = try TraceStore(path: store.resolvedPath)
        defer { traces.close() }
        let report = try traces.prune(olderThan: olderThan?.ago, maxBytes: maxSize?.bytes)
        print(
            "Deleted \(report.spans) spans of \(report.traces) traces; the file is \(Output.bytes(report.bytesFreed)) "
                + "smaller.")
    }
}
