import ArgumentParser
import Foundation
import ThroughlineModel
import ThroughlineStore

/// `throughline doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that the store is sound; say what is in it, and how far each exporter has come.",
        discussion: """
            An exporter that is used no more keeps its spans from being deleted first, and is listed until it is \
            forgotten. --forget forgets where it stood and what was set aside for it, never spans; who exports under \
            its name afterwards begins with the oldest span. An exporter that runs is not forgotten.
            """)

    @Option(help: ArgumentHelp("Forget an exporter that is used no more.", valueName: "exporter"))
    var forget: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var store: StoreOptions

    func run() throws {
        if let forget { try self.forget(forget) }
        let reader = try store.reader()
        let report = try reader.check()
        // A damaged file may not answer; what it is damaged by matters more.
        let exports = report.isSound ? try reader.exports() : []
        if json {
            print(try Output.json(Finding(report, exports, store.resolvedPath)))
        } else {
            print(text(report))
            for state in exports { print("\n" + ExporterText(state, now: Age.now).lines.joined(separator: "\n")) }
        }
        if !report.isSound {
            throw Failure(
                code: .storeUnusable,
                message: "\(store.resolvedPath) is damaged. Move it aside; recording starts a new file. What can be "
                    + "read of the old one: sqlite3 OLD .recover | sqlite3 NEW")
        }
    }

    private func forget(_ exporter: String) throws {
        // A slip of the hand makes no store.
        _ = try store.reader()
        switch try ExportLog(path: store.resolvedPath).forget(exporter, now: Age.now) {
        case .forgotten: Output.note("Forgot the exporter \(exporter).")
        case .unknown: throw Failure.notFound("There is no exporter \(exporter) in \(store.resolvedPath).")
        case .held(let holder):
            throw Failure(
                code: .usage,
                message: "\(holder.name) exports as \(exporter) at the moment. Stop it first, then forget the exporter."
            )
        }
    }

    private func text(_ report: StoreReport) -> String {
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
        let lines = Output.pairs(rows.map { ($0[0], $0[1]) })
        return (lines + report.problems.map { "  \($0)" }).joined(separator: "\n")
    }
}

/// What `doctor` says of one exporter.
struct ExporterText {
    let lines: [String]

    init(_ state: ExportState, now: Timestamp) {
        var rows: [(String, String)] = [
            ("delivered", Output.count(state.exported, "span")),
            ("waiting", Self.waiting(state, now)),
        ]
        if state.rejected > 0 {
            rows.append(("rejected", "\(Output.count(state.rejected, "span")) of accepted batches"))
        }
        if state.lost > 0 {
            rows.append(("lost", "\(Output.count(state.lost, "span")) deleted by retention before they were delivered"))
        }
        rows.append(("exported by", Self.holder(state.holder, now)))
        if let failure = state.failure {
            rows.append(("last failure", "\(Self.age(failure.time, now)) ago: \(failure.reason)"))
        }
        var lines = ["exporter \(state.name)"] + Output.pairs(rows).map { "  " + $0 }
        if !state.setAside.isEmpty {
            let spans = state.setAside.reduce(0) { $0 + $1.spanCount }
            lines.append("  set aside, refused for good: \(Output.count(spans, "span"))")
            for batch in state.setAside {
                lines.append(
                    "    \(Output.count(batch.spanCount, "span")), \(Self.age(batch.time, now)) ago: \(batch.reason)")
            }
            lines.append("    Send them again: throughline export --resend-set-aside --name \(state.name) …")
        }
        self.lines = lines
    }

    private static func waiting(_ state: ExportState, _ now: Timestamp) -> String {
        guard state.backlog > 0 else { return "nothing" }
        let oldest = state.oldest.map { ", the oldest for \(age($0, now))" } ?? ""
        return Output.count(state.backlog, "span") + oldest
    }

    private static func holder(_ holder: ExportHolder?, _ now: Timestamp) -> String {
        guard let holder else { return "nobody at the moment" }
        return holder.until > now
            ? holder.name : "nobody; \(holder.name) has not been heard of for \(age(holder.until, now))"
    }

    private static func age(_ time: Timestamp, _ now: Timestamp) -> String {
        Output.age(seconds: Double(time.nanoseconds(until: now)) / 1e9)
    }
}
