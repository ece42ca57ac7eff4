import ThroughlineModel
import ThroughlineStore

extension Doctor {
    /// `doctor --json`
    struct Finding: Encodable {
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
        let exporters: [Exporter]

        init(_ report: StoreReport, _ exports: [ExportState], _ path: String) {
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
            exporters = exports.map(Exporter.init)
        }
    }

    struct Exporter: Encodable {
        let name: String
        let exported: Int
        let rejected: Int
        let backlog: Int
        let oldest: String?
        let lost: Int
        let holder: String?
        let heldUntil: String?
        let failure: String?
        let failureTime: String?
        let setAside: [SetAside]

        init(_ state: ExportState) {
            name = state.name
            exported = state.exported
            rejected = state.rejected
            backlog = state.backlog
            oldest = state.oldest?.iso8601
            lost = state.lost
            holder = state.holder?.name
            heldUntil = state.holder?.until.iso8601
            failure = state.failure?.reason
            failureTime = state.failure?.time.iso8601
            setAside = state.setAside.map { SetAside(spans: $0.spanCount, reason: $0.reason, time: $0.time.iso8601) }
        }
    }

    struct SetAside: Encodable {
        let spans: Int
        let reason: String
        let time: String
    }
}
