public import ArgumentParser
import ThroughlineFlow
public import ThroughlineMermaid
import ThroughlineModel
import ThroughlineStore

extension FlowView: ExpressibleByArgument {}

/// `throughline flow`
struct FlowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flow",
        abstract: "Show everything that happened because of one message.",
        discussion: """
            Takes any id that you have: a message, correlation, causation, trace or span id, or an attribute such as \
            order.id=42. The flow is the same whichever of its ids you give.

              throughline flow 0198b2c4-7d5e-7000-8000-000000000001
              throughline flow --last --as sequence > flow.mmd
            """)

    @Argument(help: "Any id of the flow, or attribute=value.")
    var id: String?

    @Flag(help: "The newest flow in the store, instead of an id.")
    var last = false

    @Option(name: .customLong("as"), help: "How to show it.")
    var view: FlowView = .tree

    @Option(help: "How many spans to read at most.")
    var limit = 10_000

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if last == (id != nil) { throw ValidationError("Give one id, or --last for the newest flow.") }
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let reader = try store.reader()
        let seeds = try seeds(in: reader)
        let found = try reader.flowSpans(from: seeds, limit: limit)
        if found.isCut {
            Output.note("The flow has more than \(limit) spans; the rest is left out. Raise --limit to see it.")
        }
        for id in found.unfollowedCorrelationIDs {
            Output.note(
                "The correlation id '\(id)' is on more than \(HubGuard.standard.maximumParts) traces and was not followed; "
                    + "what is shown is joined by stronger evidence.")
        }
        print(view.render(Flow(found.spans), options: Output.viewOptions()), terminator: "")
    }

    /// The newest with a message in it: a timer's or a rebuild's trace is not what anybody means.
    private func newestFlow(in reader: TraceReader) throws -> FlowSummary? {
        let newest = try reader.flows(limit: 50)
        return newest.first { $0.messages > 0 } ?? newest.first
    }

    private func seeds(in reader: TraceReader) throws -> [SpanReference] {
        let wanted: String
        if let id {
            wanted = id
        } else if let newest = try newestFlow(in: reader),
            let known = newest.correlationID ?? newest.traceIDs.first?.hex
        {
            wanted = known
        } else {
            throw Failure.notFound("The store \(store.resolvedPath) holds no flow yet.")
        }
        let seeds = try reader.find(wanted, limit: limit)
        if seeds.isEmpty {
            throw Failure.notFound(
                "Nothing in \(store.resolvedPath) has the id '\(wanted)'. 'throughline flows' lists what is there.")
        }
        return seeds
    }
}
