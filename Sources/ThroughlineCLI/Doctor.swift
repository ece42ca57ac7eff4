import ArgumentParser
import ThroughlineStore

/// `throughline doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that the store is sound, and say what is in it.")

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var store: StoreOptions

    func run() throws {
        let report = try store.reader().check()
        if json {
            print(try Output.json(Finding(report, store.resolvedPath)))
        } else {
            let rows = [
                ["store", store.resolvedPath],
                ["schema version", "\(report.schemaVersion)"],
                ["spans", "\(report.counts.spans)"],
                ["unfinished", "\(report.counts.unfinished)"],
                ["traces", "\(report.counts.traces)"],
                ["links", "\(report.counts.links)"],
                ["file", Output.bytes(report.fileBytes)],
                ["free inside", Output.bytes(report.freeBytes)],
                ["write-ahead log", Output.bytes(report.walBytes)],
                ["integrity", report.isSound ? "sound" : "damaged"],
            ]
            let width = rows.map { $0[0].count }.max() ?? 0
            for row in rows { print(row[0] + String(repeating: " ", count: width + 2 - row[0].count) + row[1]) }
            for problem in report.problems { print("  \(problem)") }
        }
        if !report.isSound {
            throw Failure(
                code: .storeUnusable,
                message: "\(store.resolvedPath) is damaged. Move it aside; recording starts a new file. What can be "
                    + "read of the old one: sqlite3 OLD .recover | sqlite3 NEW")
        }
    }

    private struct Finding: Encodable {
        let store: String
        let schemaVersion: Int
        let spans: Int
        let unfinished: Int
        let traces: Int
        let links: Int
        let fileBytes: Int64
        let freeBytes: Int64
        let walBytes: Int64
        let problems: [String]

        init(_ report: StoreReport, _ path: String) {
            store = path
            schemaVersion = report.schemaVersion
            spans = report.counts.spans
            unfinished = report.counts.unfinished
            traces = report.counts.traces
            links = report.counts.links
            fileBytes = report.fileBytes
            freeBytes = report.freeBytes
            walBytes = report.walBytes
            problems = report.problems
        }
    }
}
