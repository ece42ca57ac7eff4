import ThroughlineModel

/// What was found out about a flow beside its parts: what its time went into, what is missing, what belongs together.
extension FlowJSON {
    static func findings(_ flow: Flow) -> [(String, JSONValue)] {
        [
            ("criticalPaths", .objects(flow.criticalPaths, path)),
            ("gaps", .objects(flow.gaps, gap)),
            ("deadLetters", .objects(flow.deadLetters, deadLetter)),
            ("sagas", .objects(flow.sagas, saga)),
            ("replies", .objects(flow.replies, reply)),
            ("clockOffsets", .objects(flow.clockOffsets, clockOffset)),
            ("conflicts", .objects(flow.conflicts, conflict)),
            ("hubs", .objects(flow.hubs, hub)),
            ("notes", .array(FlowNotes(flow).lines.map { .string($0) })),
        ]
    }

    private static func path(_ path: CriticalPath) -> JSONValue {
        .object([
            ("durationMs", milliseconds(path.duration)),
            ("steps", .objects(path.steps, step)),
            ("segments", .objects(path.segments, segment)),
        ])
    }

    private static func segment(_ segment: CriticalSegment) -> JSONValue {
        .object([
            ("kind", .string(segment.kind.rawValue)),
            ("step", .integer(segment.step)),
            ("operation", segment.operation.map(id) ?? .null),
            ("startedAt", .string(segment.start.iso8601)),
            ("durationMs", milliseconds(segment.duration)),
            ("share", .number((segment.share * 10_000).rounded() / 10_000)),
        ])
    }

    private static func gap(_ gap: Gap) -> JSONValue {
        let (what, more): (String, [(String, JSONValue)]) =
            switch gap.missing {
            case .sender(let publication):
                ("sender", [("message", text(publication.message)), ("destination", .string(publication.destination))])
            case .message(let message): ("message", [("message", text(message))])
            case .operation(let operation): ("operation", [("operation", id(operation))])
            case .attempt(let hop, let number):
                (
                    "attempt",
                    [
                        ("message", text(hop.publication.message)), ("service", .string(hop.consumer.service)),
                        ("number", .integer(number)),
                    ]
                )
            case .delivery(let publication, let consumer):
                (
                    "delivery",
                    [
                        ("message", text(publication.message)), ("destination", .string(publication.destination)),
                        ("service", .string(consumer.service)), ("group", .string(consumer.group)),
                    ]
                )
            case .anyDelivery(let publication):
                (
                    "any delivery",
                    [("message", text(publication.message)), ("destination", .string(publication.destination))]
                )
            case .batchMembers(let operation, let count):
                ("batch members", [("operation", id(operation)), ("count", .integer(count))])
            }
        return .object(
            [("missing", .string(what))] + more + [
                ("reason", .string(gap.reason.rawValue)), ("evidence", .string(gap.evidence)),
                ("witnesses", .array(gap.witnesses.map(id))),
            ])
    }

    private static func deadLetter(_ letter: DeadLetter) -> JSONValue {
        .object([
            ("message", text(letter.message)),
            ("service", .string(letter.hop?.consumer.service)),
            ("destination", .string(letter.publication?.destination)),
            ("reason", .string(letter.reason)),
            ("exception", .string(letter.exception)),
            ("replays", .integer(letter.replays.count)),
            ("outcome", .string(letter.outcome.rawValue)),
        ])
    }

    private static func saga(_ saga: Saga) -> JSONValue {
        .object([
            ("type", .string(saga.id.type)),
            ("run", .string(saga.id.run)),
            ("state", .string(saga.state)),
            ("compensated", .bool(saga.wasCompensated)),
            ("failed", .bool(saga.failed)),
            ("unfinished", .bool(saga.isUnfinished)),
            ("steps", .array(saga.steps.map(sagaStep))),
        ])
    }

    private static func sagaStep(_ step: Saga.Step) -> JSONValue {
        .object([
            ("operation", id(step.operation)),
            ("name", .string(step.name)),
            ("state", .string(step.state)),
            ("failed", .bool(step.failed)),
            ("compensation", .bool(step.compensation)),
            ("startedAt", .string(step.start.iso8601)),
            ("durationMs", step.end.map { milliseconds(step.start.nanoseconds(until: $0)) } ?? .null),
            ("message", step.message.map(text) ?? .null),
        ])
    }

    private static func reply(_ reply: Reply) -> JSONValue {
        .object([
            ("request", text(reply.request)),
            ("reply", text(reply.reply)),
            ("requester", .string(reply.requester)),
            ("responder", .string(reply.responder)),
            ("evidence", .string(reply.evidence.name)),
            ("latencyMs", reply.latency.map(milliseconds) ?? .null),
        ])
    }

    private static func clockOffset(_ offset: ClockOffset) -> JSONValue {
        func bound(_ nanoseconds: Int64?) -> JSONValue {
            nanoseconds.map { .number(Double($0 / 1_000) / 1_000) } ?? .null
        }
        return .object([
            ("from", .string(offset.from)),
            ("to", .string(offset.to)),
            ("aheadAtLeastMs", bound(offset.lower)),
            ("aheadAtMostMs", bound(offset.upper)),
            ("observations", .integer(offset.observations)),
            ("proven", .bool(offset.isProven)),
        ])
    }

    private static func conflict(_ conflict: Conflict) -> JSONValue {
        .object([
            ("subject", .string(conflict.subject.rawValue)),
            ("place", node(conflict.place)),
            ("kept", .string(conflict.kept)),
            ("keptEvidence", .string(conflict.keptEvidence.name)),
            ("dismissed", .string(conflict.dismissed)),
            ("dismissedEvidence", .string(conflict.dismissedEvidence.name)),
        ])
    }

    private static func hub(_ hub: Hub) -> JSONValue {
        let (kind, value) =
            switch hub.identity {
            case .correlationID(let id): ("correlation id", id)
            case .trace(let id): ("trace", id.hex)
            }
        return .object([("kind", .string(kind)), ("id", .string(value)), ("leftOut", .integer(hub.leftOut))])
    }

    private static func text(_ message: Message.ID) -> JSONValue { .string(message.description) }
}
