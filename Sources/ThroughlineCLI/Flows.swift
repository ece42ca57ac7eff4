import ArgumentParser
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// `throughline flows`
struct Flows: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the flows in the store, newest first.",
        discussion: """
            A row is a flow as 'throughline flow' shows it, across traces; --last there shows the first. Traces in which \
            there is no message, such as those of timers, are left out, as long as there are others and nothing but a \
            time is asked for; --all lists them. A flow without a correlation id is listed by its trace. \
            'throughline flow' takes the end of the id that stands under FLOW, and the id of --json.

            A narrow terminal, or COLUMNS, shows what fits; a pipe and --json have everything.

            A number of messages with ≥ before it: the flow has more than 25,000 spans (in a long list, more than \
            5,000), and the row is about those that are near to its newest.
            """)

    @Option(parsing: .unconditional, help: "How many to list at most.")
    var limit = 20

    @OptionGroup var window: TimeWindow

    @Option(help: "Only those in which this service took part.")
    var service: String?

    @Option(help: "Only those with a message on this destination.")
    var destination: String?

    @Option(help: "Only those with a message of this type.")
    var type: String?

    @Option(
        help: """
            Only those that took longer than this: 250ms, 30s, 15m, 1h30m. Beyond the newest 500 flows, those of which one \
            trace, or what has one correlation id, took so long by itself.
            """)
    var slowerThan: Age?

    @Flag(help: "Only those in which something failed, or a message was rejected or became a dead letter.")
    var failed = false

    @Flag(help: "Only those in which a message became a dead letter.")
    var deadLettered = false

    @Flag(help: "Only those with something that was begun and never ended.")
    var unfinished = false

    @Flag(
        help: """
            Only those of which something is missing that must have been there. Looks at the newest \(Flows.deepest) \
            flows that meet the rest.
            """)
    var incomplete = false

    @Flag(help: "Traces without a message, too.")
    var all = false

    @Flag(help: "Print a JSON array of objects.")
    var json = false

    @OptionGroup var store: StoreOptions

    private static let deepest = 2_000

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let reader = try store.reader()
        let flows = try self.flows(in: reader)
        if flows.isEmpty, let unknown = try unknownName(in: reader) { throw Failure.notFound(unknown) }
        if json {
            print(try Output.json(flows.map(Line.init)))
        } else if flows.isEmpty {
            print(try nothing(in: reader))
        } else {
            print(FlowTable(flows, columns: Output.columns).text)
        }
    }

    private func flows(in reader: TraceReader) throws -> [FlowSummary] {
        if incomplete { return try incompleteFlows(in: reader) }
        let filter = filter
        var others = filter
        (others.since, others.until) = (nil, nil)
        // Whoever asks for something wants all that has it.
        if all || others != FlowFilter() { return try reader.flows(limit: limit, filter) }
        let flows = try reader.newestFlows(limit: limit, filter)
        if let first = flows.first, first.messages > 0,
            let newest = try reader.flows(limit: 1, filter).first, newest.id != first.id
        {
            Output.note("Newer traces without a message are left out; --all lists them.")
        }
        return flows
    }

    private var filter: FlowFilter {
        var filter = FlowFilter()
        filter.since = window.start
        filter.until = window.end
        filter.service = service
        filter.destination = destination
        filter.messageType = type
        filter.failed = failed
        filter.deadLettered = deadLettered
        filter.unfinished = unfinished
        filter.slowerThan = slowerThan?.nanoseconds
        return filter
    }

    /// What was recorded is often older than somebody thinks.
    private func nothing(in reader: TraceReader) throws -> String {
        if filter == FlowFilter(), !incomplete { return "No flows in \(store.resolvedPath)." }
        guard let start = window.start, let newest = try reader.flows(limit: 1).first?.startedAt, newest < start else {
            return "No such flows."
        }
        return "No such flows: the newest in \(store.resolvedPath) began at \(newest.iso8601)."
    }

    private func unknownName(in reader: TraceReader) throws -> String? {
        try KnownNames(reader: reader, path: store.resolvedPath)
            .unknown(service: service, destination: destination, messageType: type)
    }

    /// What is missing shows only when a flow is put together.
    private func incompleteFlows(in reader: TraceReader) throws -> [FlowSummary] {
        let candidates = try reader.flows(limit: Self.deepest, filter)
        var found: [FlowSummary] = []
        for candidate in candidates where found.count < limit {
            let spans = try reader.flowSpans(from: [candidate.firstSpan]).spans
            let flow = Flow.split(spans).first { $0.operation(Operation.ID(candidate.firstSpan)) != nil }
            if flow?.isIncomplete == true { found.append(candidate) }
        }
        if found.count < limit, candidates.count == Self.deepest {
            Output.note("Only the newest \(Self.deepest) flows were looked at.")
        }
        return found
    }

    /// The words that scripts rely on.
    private struct Line: Encodable {
        let id: String
        let title: String
        let correlationID: String?
        let traceIDs: [String]
        let startedAt: String
        let durationMs: Double
        let messages: Int
        let messagesMayBeMore: Bool
        let errors: Int
        let deadLetters: Int
        let rejected: Int
        let destinations: [String]
        let messageTypes: [String]
        let services: [String]
        let spans: Int
        let unfinished: Int

        init(_ flow: FlowSummary) {
            id = flow.id
            title = FlowName.of(flow.title, flow.id)
            correlationID = flow.correlationID
            traceIDs = flow.traceIDs.map(\.hex)
            startedAt = flow.startedAt.iso8601
            durationMs = Double(flow.durationNanoseconds) / 1e6
            messages = flow.messages
            messagesMayBeMore = flow.isCut
            errors = flow.errors
            deadLetters = flow.deadLetters
            rejected = flow.rejected
            destinations = flow.destinations
            messageTypes = flow.messageTypes
            services = flow.services
            spans = flow.spans
            unfinished = flow.unfinished
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            // Always there, null when there is none: scripts should not have to look for the key.
            try container.encode(id, forKey: .id)
            try container.encode(title, forKey: .title)
            try container.encode(correlationID, forKey: .correlationID)
            try container.encode(traceIDs, forKey: .traceIDs)
            try container.encode(startedAt, forKey: .startedAt)
            try container.encode(durationMs, forKey: .durationMs)
            try container.encode(messages, forKey: .messages)
            try container.encode(messagesMayBeMore, forKey: .messagesMayBeMore)
            try container.encode(errors, forKey: .errors)
            try container.encode(deadLetters, forKey: .deadLetters)
            try container.encode(rejected, forKey: .rejected)
            try container.encode(destinations, forKey: .destinations)
            try container.encode(messageTypes, forKey: .messageTypes)
            try container.encode(services, forKey: .services)
            try container.encode(spans, forKey: .spans)
            try container.encode(unfinished, forKey: .unfinished)
        }

        enum CodingKeys: String, CodingKey {
            case id, title, correlationID, traceIDs, startedAt, durationMs, messages, messagesMayBeMore
            case errors, deadLetters, rejected, destinations, messageTypes, services, spans, unfinished
        }
    }
}

extension Flow {
    /// True when something is missing that must have been there. What may still come is not missing.
    fileprivate var isIncomplete: Bool { gaps.contains { $0.reason != .inFlight } }
}

extension TraceReader {
    /// The newest flows with a message in them; where there are none, the newest traces.
    func newestFlows(limit: Int, _ filter: FlowFilter = FlowFilter()) throws(StoreError) -> [FlowSummary] {
        var messaging = filter
        messaging.withMessages = true
        let found = try flows(limit: limit, messaging)
        return found.isEmpty ? try flows(limit: limit, filter) : found
    }
}
