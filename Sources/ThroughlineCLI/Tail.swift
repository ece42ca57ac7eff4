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
            its lines; messages of several correlation ids that were handled together have the first one's, and +2 ids \
            when there are two more. A message of which only the pull is recorded appears when nobody has handled it for \
            a while. A line fits the terminal, or COLUMNS: names are shortened, then times left out; a pipe has all of \
            it. End it with Ctrl-C.

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
        var pulls = HeldPulls()
        var left = count ?? .max
        while true {
            let batch = try reader.spans(after: position)
            position = batch.position
            // A window may change its size meanwhile.
            let columns = Output.columns
            for record in pulls.due() + batch.spans {
                guard let seen = HopLine(record), isWanted(seen) || seen.destination == nil else { continue }
                if seen.isPull, pulls.holds(record) { continue }
                let line = seen.needsFlow ? try HopLine(record, in: flow(of: record, in: reader)) : seen
                guard let line, isWanted(line), !failed || line.failed else { continue }
                try Output.say(line.text(columns: columns, coloured: isColoured))
                left -= 1
                if left == 0 { return }
            }
            if batch.spans.isEmpty { try await Task.sleep(for: .milliseconds(150)) }
        }
    }

    /// What the span alone does not tell; of a flow that is large, what is near.
    private func flow(of record: SpanRecord, in reader: TraceReader) throws -> Flow {
        let seed = SpanReference(traceID: record.traceID, spanID: record.spanID)
        return Flow(try reader.flowSpans(from: [seed], limit: Self.spansOfFlow).spans)
    }

    private static let spansOfFlow = 1_000

    private func isWanted(_ line: HopLine) -> Bool {
        (destination == nil || line.destination == destination) && (service == nil || line.service == service)
    }
}

/// Spans that pulled messages, held back until whoever handles these has had the time to be recorded: only then does it
/// show whether anybody did. One that ended long ago is not held back.
private struct HeldPulls {
    private var held: [(record: SpanRecord, due: ContinuousClock.Instant)] = []
    private var shown: Set<SpanReference> = []
    private static let patience = Duration.seconds(2)
    private static let heldAtMost = 10_000

    /// True for one that is to come later; it comes again from ``due()``.
    mutating func holds(_ record: SpanRecord) -> Bool {
        let span = SpanReference(traceID: record.traceID, spanID: record.spanID)
        if shown.remove(span) != nil { return false }
        let since = (record.end ?? record.start).nanoseconds(until: Age.now)
        if since > UInt64(Self.patience / .nanoseconds(1)) { return false }
        held.append((record, .now + Self.patience))
        return true
    }

    /// Those that have waited long enough.
    mutating func due() -> [SpanRecord] {
        guard let first = held.first, first.due <= .now || held.count > Self.heldAtMost else { return [] }
        let now = ContinuousClock.now
        let count = held.prefix { $0.due <= now }.count
        let due = held.prefix(max(count, held.count - Self.heldAtMost)).map(\.record)
        held.removeFirst(due.count)
        shown.formUnion(due.map { SpanReference(traceID: $0.traceID, spanID: $0.spanID) })
        return due
    }
}
