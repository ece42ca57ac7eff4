import ArgumentParser
import Foundation
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// `throughline tail`
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch deliveries as they are recorded, one line each.",
        discussion: """
            A line appears when a delivery has ended. Each flow has a colour, and the end of its id stands in front of \
            its lines. A line fits the terminal, or COLUMNS: names are shortened, then times left out; a pipe has all \
            of it. End it with Ctrl-C.

              throughline tail --failed
              throughline tail --destination orders --since 10m
            """)

    @Option(
        help: ArgumentHelp(
            "Begin with what was recorded then: \(Moment.forms). Without it, with what comes next.", valueName: "time"),
        transform: Moment.init(argument:))
    var since: Moment?

    @Option(help: "Only deliveries from this destination.")
    var destination: String?

    @Option(help: "Only deliveries to this service.")
    var service: String?

    @Flag(help: "Only deliveries that failed.")
    var failed = false

    @Option(parsing: .unconditional, help: "End after so many lines.")
    var count: Int?

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
    }

    func run() async throws {
        let reader = try store.reader()
        var position = try since.map { try reader.position(since: $0.time) } ?? reader.position()
        let names = KnownNames(reader: reader, path: store.resolvedPath)
        if let unknown = try names.unknown(service: service, destination: destination) { Output.note(unknown) }
        let isColoured = Output.isColoured
        var left = count ?? .max
        while true {
            let batch = try reader.spans(after: position)
            position = batch.position
            // A window may change its size meanwhile.
            let columns = Output.columns
            for record in batch.spans {
                guard var line = HopLine(record), admits(line) else { continue }
                if line.isLater { line = try HopLine(record, in: flow(of: record, in: reader)) ?? line }
                try Output.say(line.text(columns: columns, coloured: isColoured))
                left -= 1
                if left == 0 { return }
            }
            if batch.spans.isEmpty { try await Task.sleep(for: .milliseconds(150)) }
        }
    }

    /// What came before a retry or a replay; of a flow that is large, what is near.
    private func flow(of record: SpanRecord, in reader: TraceReader) throws -> Flow {
        let seed = SpanReference(traceID: record.traceID, spanID: record.spanID)
        return Flow(try reader.flowSpans(from: [seed], limit: Self.spansOfFlow).spans)
    }

    private static let spansOfFlow = 2_000

    private func admits(_ line: HopLine) -> Bool {
        (destination == nil || line.destination == destination) && (service == nil || line.service == service)
            && (!failed || line.error != nil)
    }
}
