import ArgumentParser
import ThroughlineModel
import ThroughlineStore

/// `throughline flows`
struct Flows: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the flows in the store, newest first.",
        discussion: "A flow without a correlation id is listed by its trace.")

    @Option(help: "How many to list at most.")
    var limit = 20

    @Option(help: "Only those that began so long ago at most: 30s, 15m, 12h, 7d.")
    var since: Age?

    @Flag(help: "Only those in which something failed.")
    var failed = false

    @Flag(help: "Print a JSON array of objects.")
    var json = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let flows = try store.reader().flows(limit: limit, since: since?.ago, errorsOnly: failed)
        if json {
            print(try Output.json(flows.map(Line.init)))
        } else if flows.isEmpty {
            print("No flows in \(store.resolvedPath).")
        } else {
            print(
                Output.table(
                    ["STARTED", "TOOK", "MESSAGES", "ERRORS", "TRACES", "SERVICES", "FLOW"],
                    flows.map(Self.row), rightAligned: [1, 2, 3, 4]))
        }
    }

    private static func row(_ flow: FlowSummary) -> [String] {
        [
            flow.startedAt.iso8601, Output.duration(milliseconds: Double(flow.durationNanoseconds) / 1e6),
            "\(flow.messages)", flow.errors == 0 ? "-" : "\(flow.errors) ✗", "\(flow.traceIDs.count)",
            flow.services.count <= 3
                ? flow.services.joined(separator: ",")
                : flow.services.prefix(2).joined(separator: ",") + ",+\(flow.services.count - 2)",
            flow.correlationID ?? flow.traceIDs.first?.hex ?? "",
        ]
    }

    /// The words that scripts rely on.
    private struct Line: Encodable {
        let correlationID: String?
        let traceIDs: [String]
        let startedAt: String
        let durationMs: Double
        let messages: Int
        let errors: Int
        let services: [String]
        let spans: Int
        let unfinished: Int

        init(_ flow: FlowSummary) {
            correlationID = flow.correlationID
            traceIDs = flow.traceIDs.map(\.hex)
            startedAt = flow.startedAt.iso8601
            durationMs = Double(flow.durationNanoseconds) / 1e6
            messages = flow.messages
            errors = flow.errors
            services = flow.services
            spans = flow.spans
            unfinished = flow.unfinished
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            // Always there, null when there is none: scripts should not have to look for the key.
            try container.encode(correlationID, forKey: .correlationID)
            try container.encode(traceIDs, forKey: .traceIDs)
            try container.encode(startedAt, forKey: .startedAt)
            try container.encode(durationMs, forKey: .durationMs)
            try container.encode(messages, forKey: .messages)
            try container.encode(errors, forKey: .errors)
            try container.encode(services, forKey: .services)
            try container.encode(spans, forKey: .spans)
            try container.encode(unfinished, forKey: .unfinished)
        }

        enum CodingKeys: String, CodingKey {
            case correlationID, traceIDs, startedAt, durationMs, messages, errors, services, spans, unfinished
        }
    }
}
