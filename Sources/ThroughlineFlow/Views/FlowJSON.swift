import ThroughlineModel

/// Writes flows for machines. Keys are stable; times are ISO 8601, durations milliseconds.
public enum FlowJSON {
    /// One flow as an object: its summary, then operations, messages, publications, hops, edges and
    /// critical path, and what was found out: gaps, dead letters, sagas, replies, clocks, contradictions.
    ///
    /// - Parameter title: what to call the flow in the headline; nil takes its name.
    public static func text(of flow: Flow, title: String? = nil) -> String {
        var text = ""
        write(flow, title: title, to: &text)
        return text
    }

    /// Writes what ``text(of:title:)`` returns piece by piece: the text of a large flow is many times the size of the flow.
    public static func write(_ flow: Flow, title: String? = nil, to output: inout some TextOutputStream) {
        let members: [(String, JSONValue)] = [
            ("summary", summary(flow, title)),
            ("operations", .objects(flow.operations, operation)),
            ("messages", .objects(flow.messages, message)),
            ("publications", .objects(flow.publications) { publication($0, flow) }),
            ("hops", .objects(flow.hops, hop)),
            ("edges", .objects(flow.edges, edge)),
            ("criticalPath", .objects(flow.criticalPath, step)),
        ]
        JSONValue.object(members + findings(flow)).write(to: &output)
        output.write("\n")
    }

    /// Flows as an array of summaries.
    public static func summaries(of flows: some Sequence<Flow>) -> String {
        JSONValue.array(flows.map { summary($0, nil) }).text + "\n"
    }

    private static func summary(_ flow: Flow, _ title: String?) -> JSONValue {
        .object([
            ("correlationID", .string(flow.correlationID)),
            ("traceIDs", .array(flow.traceIDs.map { .string($0.hex) })),
            ("startedAt", .string(flow.start?.iso8601)),
            ("endedAt", .string(flow.end?.iso8601)),
            ("durationMs", milliseconds(flow.latency)),
            ("parts", .integer(flow.partCount)),
            ("isCut", .bool(flow.knowledge.isCut)),
            ("messages", .integer(flow.messageCount)),
            ("errors", .integer(flow.errorCount)),
            ("deadLetters", .integer(flow.deadLetterCount)),
            ("unfinished", .integer(flow.unfinishedCount)),
            ("duplicates", .integer(flow.duplicateCount)),
            ("services", .array(flow.services.map { .string($0) })),
            ("headline", .string(flow.headline(title: title))),
        ])
    }

    private static func operation(_ operation: Operation) -> JSONValue {
        let view = operation.messaging
        return .object([
            ("traceID", .string(operation.id.traceID.hex)),
            ("spanID", .string(operation.id.spanID.hex)),
            ("parentID", .string(operation.record.parentID?.hex)),
            ("name", .string(operation.record.name)),
            ("service", .string(operation.service)),
            ("operation", .string(view?.operation?.rawValue)),
            ("destination", .string(view?.destination)),
            ("group", .string(view?.group)),
            ("messageID", .string(view?.messageID)),
            ("correlationID", .string(view?.correlationID)),
            ("causationIDs", .array((view?.causationIDs ?? []).map { .string($0) })),
            ("startedAt", .string(operation.record.start.iso8601)),
            ("durationMs", operation.record.duration.map(milliseconds) ?? .null),
            ("error", .string(operation.error)),
        ])
    }

    private static func message(_ message: Message) -> JSONValue {
        .object([
            ("id", .string(message.id.description)),
            ("type", .string(message.type)),
            ("intent", .string(message.intent?.rawValue)),
            ("correlationID", .string(message.correlationID)),
            ("causedBy", .array(message.causes.map { .string($0.description) })),
            ("count", .integer(message.count)),
            ("recorded", .bool(message.isRecorded)),
        ])
    }

    private static func publication(_ publication: Publication, _ flow: Flow) -> JSONValue {
        let (reason, origin): (String, String?) =
            switch publication.id.reason {
            case .sent: ("sent", nil)
            case .deadLettered: ("dead-lettered", nil)
            case .replayed: ("replayed", nil)
            case .routed(let origin): ("routed", origin)
            }
        return .object([
            ("message", .string(publication.id.message.description)),
            ("destination", .string(publication.id.destination)),
            ("system", .string(publication.system)),
            ("reason", .string(reason)),
            ("routedFrom", .string(origin)),
            ("services", .array(publication.services.map { .string($0) })),
            ("senders", .array(publication.senders.map(id))),
            ("sentAt", .string(publication.sent?.iso8601)),
            ("appendedAt", .string(publication.appended?.iso8601)),
            ("dwellMs", publication.dwellTime.map(milliseconds) ?? .null),
            ("dueAt", .string(publication.due?.iso8601)),
            ("missingSender", .string(publication.missingSender?.rawValue)),
        ])
    }

    private static func hop(_ hop: Hop) -> JSONValue {
        .object([
            ("message", .string(hop.message.description)),
            ("destination", .string(hop.destination)),
            ("service", .string(hop.consumer.service)),
            ("group", .string(hop.consumer.group)),
            ("replay", .bool(hop.isReplay)),
            ("queueMs", hop.queueTime.map(milliseconds) ?? .null),
            ("waitUnknown", .bool(hop.isWaitUnknown)),
            ("processingMs", milliseconds(hop.processingTime)),
            ("settlement", .string(hop.settlement?.rawValue)),
            ("failed", .bool(hop.failed)),
            ("unfinished", .bool(hop.isUnfinished)),
            ("evidence", .string(hop.evidence.name)),
            ("attempts", .array(hop.attempts.map(attempt))),
        ])
    }

    private static func attempt(_ attempt: Attempt) -> JSONValue {
        .object([
            ("operation", id(attempt.operation)),
            ("number", .integer(attempt.number)),
            ("startedAt", .string(attempt.start.iso8601)),
            ("waitedMs", attempt.waited.map(milliseconds) ?? .null),
            ("tookMs", attempt.took.map(milliseconds) ?? .null),
            ("settlement", .string(attempt.settlement?.rawValue)),
            ("error", .string(attempt.error)),
            ("batchSize", .integer(attempt.batchSize)),
            ("duplicate", .bool(attempt.isDuplicate)),
        ])
    }

    private static func edge(_ edge: FlowEdge) -> JSONValue {
        .object([
            ("from", node(edge.from)), ("to", node(edge.to)), ("relation", .string(edge.relation.rawValue)),
            ("evidence", .string(edge.evidence.name)),
        ])
    }

    /// The kind, a colon, and the name.
    static func node(_ node: FlowNode) -> JSONValue {
        switch node {
        case .operation(let id): .string("operation:\(id.traceID)-\(id.spanID)")
        case .message(let id): .string("message:\(id)")
        case .destination(let name): .string("destination:\(name)")
        case .service(let name): .string("service:\(name)")
        case .group(let consumer): .string("group:\(consumer.service)/\(consumer.group ?? "")")
        }
    }

    static func step(_ step: CriticalStep) -> JSONValue {
        .object([
            ("message", .string(step.publication.message.description)),
            ("destination", .string(step.publication.destination)),
            ("service", .string(step.hop?.consumer.service)),
        ])
    }

    static func id(_ operation: Operation.ID) -> JSONValue {
        .string("\(operation.traceID)-\(operation.spanID)")
    }

    static func milliseconds(_ nanoseconds: UInt64) -> JSONValue {
        .number(Double(nanoseconds / 1_000) / 1_000)
    }
}
