public import ArgumentParser
import Foundation
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
            order.id=1042. The end of an id will do, or its beginning. The flow is the same whichever of its ids you \
            give; where an id belongs to several flows, they are listed.

              throughline flow --last
              throughline flow --last --as sequence -o flow.mmd
              throughline flow order.id=1042 --expand PaymentCharged

            What is alike is folded into one, marked ×N, and what is too much for the screen or for Mermaid is counted. \
            --expand shows what you name one by one, with everything below it.

            Exit codes: 0 done, 1 not found, 2 wrong usage, 3 store unusable, 5 the id belongs to several flows.
            """)

    @Argument(help: "Any id of the flow, its end such as …39f86f7f, or attribute=value.")
    var id: String?

    @Flag(help: "The newest flow in the store, the first of 'throughline flows', instead of an id.")
    var last = false

    @Option(name: .customLong("as"), help: "How to show it.")
    var view: FlowView = .tree

    @Option(
        help: ArgumentHelp(
            "Show one by one what has this id, message type, destination, service or name; 'all' for everything. May be repeated.",
            valueName: "id or name"))
    var expand: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
    var output: String?

    @Option(parsing: .unconditional, help: "How many spans to read at most.")
    var limit = 250_000

    @OptionGroup var store: StoreOptions

    /// So many flows are listed; more ids would be no help.
    private static let listedFlows = 20
    /// So many of what --expand opens are named.
    private static let namedAtMost = 12
    /// An attribute that is on more messages of a flow is no question about one of them.
    private static let askedAtMost = 5

    func validate() throws {
        if last == (id != nil) { throw ValidationError("Give one id, or --last for the newest flow.") }
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let reader = try store.reader()
        let asked = try id.map { try AskedSpans($0, in: reader, store) } ?? AskedSpans(try newest(in: reader))
        let (wanted, seeds) = (asked.id, asked.spans)
        let found = try reader.flowSpans(from: seeds, limit: limit)
        if found.isCut {
            Output.note(
                "The flow has more than \(Output.count(limit, "span")); the rest is left out. Raise --limit to see it.")
        }
        for id in found.unfollowedCorrelationIDs {
            Output.note(
                "The correlation id '\(id)' is on more than \(HubGuard.standard.maximumParts) traces and was not followed; "
                    + "what is shown is joined by stronger evidence.")
        }
        for id in found.unfollowedMessageIDs {
            Output.note(
                "The message id '\(id)' is in more than \(HubGuard.standard.maximumParts) traces and was not followed; "
                    + "what is shown is joined by other evidence.")
        }
        for trace in found.unfollowedTraces {
            Output.note(
                "More than \(HubGuard.standard.maximumDeliveries) deliveries begin in trace \(trace.hex), which was not "
                    + "followed as a whole; what is shown of it is what hangs together with the flow.")
        }
        let now = Timestamp(nanosecondsSinceEpoch: UInt64(max(0, Date().timeIntervalSince1970 * 1e9)))
        var knowledge = try reader.knowledge(of: found.spans, now: now)
        knowledge.isCut = found.isCut
        let flow = try theOne(of: flows(found, with: seeds, knowing: knowledge), asked, found)
        let operations = seeds.map { Operation.ID($0) }
        let title = last ? flow.name : flow.name(askedFor: wanted, on: operations)
        if view == .json { return try writeJSON(flow, title) }
        let unknown = flow.unknown(among: expand.filter { $0 != "all" })
        if !unknown.isEmpty {
            let names = unknown.map { "'\($0)'" }.joined(separator: " or ")
            let known = (flow.messageTypes + flow.destinations + flow.services).uniqued()
            let some = known.prefix(Self.namedAtMost) + (known.count > Self.namedAtMost ? ["…"] : [])
            Output.note(
                "Nothing in the flow is named \(names), so --expand had nothing to open. There is: "
                    + some.joined(separator: ", "))
        }
        let drawn = drawn(flow, about: askedFor(wanted, in: flow, seeds), Set(expand).subtracting(unknown), title)
        try write(drawn.text)
        if let folding = drawn.folding {
            Output.note("\(folding). --expand <id or name>, or --expand all, shows more.")
        }
    }

    private func writeJSON(_ flow: Flow, _ title: String) throws {
        if let path = output {
            try Output.checkDirectory(of: path)
            var file = try WrittenFile(path: path)
            FlowJSON.write(flow, title: title, to: &file)
            return try file.finish()
        }
        var output = PrintedText()
        FlowJSON.write(flow, title: title, to: &output)
        try output.flush()
    }

    /// Ids at which everything meets may join flows that have nothing to do with each other; those without a span that
    /// was asked for are nobody's concern.
    private func flows(
        _ found: FlowSpans, with seeds: [SpanReference], knowing knowledge: FlowKnowledge
    ) -> [Flow] {
        let wanted = Set(seeds.map { Operation.ID($0) })
        var guarding = HubGuard.standard
        guarding.knownTraces = Set(found.unfollowedTraces)
        let all = Flow.split(found.spans, knowing: knowledge, guarding: guarding)
        let asked = all.filter { flow in flow.operations.contains { wanted.contains($0.id) } }
        if !asked.isEmpty || !found.isCut { return asked }
        // The limit has cut off what was asked for itself; its trace was read first.
        let traces = Set(seeds.map(\.traceID))
        return all.filter { flow in flow.traceIDs.contains(where: traces.contains) }
    }

    private func theOne(of flows: [Flow], _ asked: AskedSpans, _ found: FlowSpans) throws -> Flow {
        guard let first = flows.first else {
            throw Failure(code: .usage, message: "--limit \(limit) leaves nothing of the flow. Raise it.")
        }
        if flows.count == 1 { return first }
        let (wanted, isAll) = (asked.id, asked.isAll && !found.isCut)
        // The newest first, as 'throughline flows' lists them.
        let starts = flows.map { $0.start?.nanosecondsSinceEpoch ?? 0 }
        let newest = flows.indices.sorted { (starts[$0], $0) > (starts[$1], $1) }.map { flows[$0] }
        let listed = newest.prefix(Self.listedFlows)
        let table = FlowChoice(listed.map { ($0, id(of: $0, wanted, found)) }, columns: Output.columns)
        var lines = [
            "'\(wanted)' belongs to \(flows.count) flows\(isAll ? "" : " or more"). Ask for one of them:", "",
            table.text, "",
        ]
        if flows.count > Self.listedFlows {
            lines.insert("  … and \(flows.count - Self.listedFlows) more", at: lines.count - 1)
        }
        lines.append("  throughline flow '\(id(of: newest[0], wanted, found))'\(store.commandLine)")
        throw Failure(code: .severalFlows, message: lines.joined(separator: "\n"))
    }

    /// An id of the flow that leads to it alone.
    private func id(of flow: Flow, _ wanted: String, _ found: FlowSpans) -> String {
        let isUnique = { (id: String) in id != wanted && !found.unfollowedCorrelationIDs.contains(id) }
        if let id = flow.correlationID, isUnique(id) { return id }
        if let trace = flow.traceIDs.first(where: { !found.unfollowedTraces.contains($0) && $0.hex != wanted }) {
            return trace.hex
        }
        return flow.messages.first?.id.description ?? flow.operations.first?.id.spanID.hex ?? wanted
    }

    /// The messages or operations that were asked about, when they are a few; none for what names a whole flow.
    private func askedFor(_ id: String, in flow: Flow, _ seeds: [SpanReference]) -> [String] {
        if last { return [] }
        if flow.messages.contains(where: { $0.id.description == id }) { return [id] }
        if let span = SpanReference(printed: id) { return [span.spanID.hex] }
        if seeds.allSatisfy({ $0.spanID.hex == id }) || !id.contains("=") { return [id] }
        let asked = seeds.compactMap { flow.operation(Operation.ID($0)) }
        let names = Set(asked.map { $0.messaging?.messageID ?? $0.id.spanID.hex }).sorted()
        return names.count <= Self.askedAtMost ? names : []
    }

    /// What was asked about stands by itself, as far as that fits the screen, and is not folded into what is like it.
    private func drawn(
        _ flow: Flow, about asked: [String], _ expand: Set<String>, _ title: String
    ) -> RenderedFlow {
        var options = Output.viewOptions()
        if output != nil {
            options.isColoured = false
            options.columns = nil
        }
        options.focus = asked.first
        if expand.contains("all") {
            options.unfolding = .everything
        } else if !expand.isEmpty {
            options.unfolding = .named(expand)
        }
        let drawn = view.rendered(flow, title: title, options: options)
        guard view == .tree, drawn.folding != nil, options.unfolding == .nothing, !asked.isEmpty else { return drawn }
        options.unfolding = .named(Set(asked))
        let unfolded = view.rendered(flow, title: title, options: options)
        let lines = unfolded.text.utf8.count { $0 == UInt8(ascii: "\n") }
        return lines <= options.lines ?? .max ? unfolded : drawn
    }

    private func write(_ text: String) throws {
        guard let output else { return print(text, terminator: "") }
        try Output.checkDirectory(of: output)
        var file = try WrittenFile(path: output)
        file.write(text)
        try file.finish()
    }

    /// The first of the list.
    private func newest(in reader: TraceReader) throws -> FlowSummary {
        guard let newest = try reader.newestFlows(limit: 1).first else {
            throw Failure.notFound("The store \(store.resolvedPath) holds no flow yet.")
        }
        return newest
    }
}
