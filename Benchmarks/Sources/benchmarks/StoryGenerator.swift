import ThroughlineModel

/// Makes flows of about ten spans in which every story occurs: fan-out and fan-in, retries, dead letters and replays,
/// batches, outboxes, sagas, work that never ended, senders that were never recorded. The same for the same seed.
struct StoryGenerator {
    private var random: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var number = 0
    private var records: [SpanRecord] = []
    private var batch: [SpanLink] = []
    private var time: UInt64 = 1_787_220_000_000_000_000
    private let resources: [String: Resource]
    private let scope = InstrumentationScope(name: "throughline", version: "0.1.0")

    init() {
        let services = ["orders", "billing", "inventory", "notifications", "shipping", "analytics", "support"]
        resources = Dictionary(
            uniqueKeysWithValues: services.map { name in
                (
                    name,
                    Resource(attributes: ["service.name": .string(name), "host.name": .string("node-\(name.count)")])
                )
            })
    }

    /// The id of the first message of a flow.
    static func messageID(ofFlow number: Int, _ message: Int = 0) -> String {
        let digits = String(number * 16 + message, radix: 16)
        return "0198b2c4-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// The spans of the next flow.
    mutating func flow() -> [SpanRecord] {
        records.removeAll(keepingCapacity: true)
        number += 1
        time += 10_000_000
        let trace = TraceID(high: time, low: next())
        let placed = send("orders", "OrderPlaced", 0, "orders", trace, nil, at: 0)
        let isPoison = number.isMultiple(of: 50)
        let isLost = number.isMultiple(of: 300)
        if isLost { records.removeLast() }
        let billing = process("billing", "OrderPlaced", 0, "orders", trace, placed, at: 4, took: 60)
        let charged = send(
            "billing", "PaymentCharged", 1, "payments", trace, billing, at: 40, causes: [0], saga: "charged")
        let inventory = process("inventory", "OrderPlaced", 0, "orders", trace, placed, at: 5, took: 20)
        let reserved = send("inventory", "StockReserved", 2, "stock", trace, inventory, at: 18, causes: [0])
        _ = process("shipping", "StockReserved", 2, "stock", trace, reserved, at: 30, took: 2)
        if isPoison {
            poison(trace, placed)
        }
        let shipping = process("shipping", "PaymentCharged", 1, "payments", trace, charged, at: 90, took: 30)
        _ = send(
            "shipping", "OrderShipped", 3, "shipping", trace, shipping, at: 100, causes: [1, 2],
            outboxed: number.isMultiple(of: 5))
        let mail = send(
            "shipping", "SendConfirmationEmail", 4, "mail.commands", trace, shipping, at: 110, intent: "command",
            causes: [1])
        _ = process(
            "notifications", "SendConfirmationEmail", 4, "mail.commands", trace, mail, at: 120,
            took: number.isMultiple(of: 500) ? nil : 12, fails: number.isMultiple(of: 100))
        batch.append(SpanLink(context: placed, attributes: member(0)))
        if batch.count == 20 { summarise() }
        return records
    }

    private mutating func poison(_ trace: TraceID, _ placed: SpanContext) {
        for attempt in 1...3 {
            _ = process(
                "notifications", "OrderPlaced", 0, "orders", trace, placed, at: UInt64(6 + 20 * attempt), took: 9,
                attempt: attempt, fails: true, settlement: attempt == 3 ? "dead-lettered" : "requeued")
        }
        let last = records[records.count - 1]
        let failed = SpanContext(traceID: last.traceID, spanID: last.spanID)
        let dead = send(
            "notifications", "OrderPlaced", 0, "orders.dlq", trace, failed, at: 80, link: (failed, .deadLetterOf))
        let replayTrace = TraceID(high: time + 400_000_000, low: next())
        let replay = send("support", "OrderPlaced", 0, "orders", replayTrace, nil, at: 400, link: (dead, .replayOf))
        _ = process("notifications", "OrderPlaced", 0, "orders", replayTrace, replay, at: 405, took: 9, attempt: 4)
    }

    /// One batch over the orders of twenty flows, in a trace of its own.
    private mutating func summarise() {
        let trace = TraceID(high: time + 1_000_000, low: next())
        var span = record("analytics", "process orders", .consumer, trace, nil, at: 300, took: 8)
        span.attributes = [
            MessagingAttribute.system: "kafka", MessagingAttribute.operationType: "process",
            MessagingAttribute.destinationName: "orders", MessagingAttribute.consumerGroup: "analytics.sales",
            MessagingAttribute.batchMessageCount: .int(Int64(batch.count)),
        ]
        span.links = batch
        records.append(span)
        batch.removeAll(keepingCapacity: true)
    }

    private func member(_ message: Int) -> Attributes {
        [
            ThroughlineAttribute.linkType: .string(LinkType.batchMember.rawValue),
            MessagingAttribute.messageID: .string(Self.messageID(ofFlow: number, message)),
            MessagingAttribute.conversationID: .string(Self.messageID(ofFlow: number)),
        ]
    }

    private mutating func send(
        _ service: String, _ type: String, _ message: Int, _ destination: String, _ trace: TraceID,
        _ parent: SpanContext?, at milliseconds: UInt64, intent: String = "event", causes: [Int] = [],
        saga: String? = nil, outboxed: Bool = false, link: (SpanContext, LinkType)? = nil
    ) -> SpanContext {
        var span = record(service, "send " + destination, .producer, trace, parent, at: milliseconds, took: 1)
        describe(&span, "send", destination, type, message)
        span.attributes[ThroughlineAttribute.messageIntent] = .string(intent)
        let ids = causes.map { Self.messageID(ofFlow: number, $0) }
        if ids.count == 1 { span.attributes[ThroughlineAttribute.causationID] = .string(ids[0]) }
        if ids.count > 1 { span.attributes[ThroughlineAttribute.causationIDs] = .array(ids.map { .string($0) }) }
        if let saga {
            span.attributes[ThroughlineAttribute.sagaType] = "OrderFulfilment"
            span.attributes[ThroughlineAttribute.sagaID] = .string("\(number)")
            span.attributes[ThroughlineAttribute.sagaStep] = "charge card"
            span.attributes[ThroughlineAttribute.sagaState] = .string(saga)
        }
        if outboxed { span.attributes[ThroughlineAttribute.dwellTime] = .int(25_000_000) }
        if let link {
            span.links = [
                SpanLink(context: link.0, attributes: [ThroughlineAttribute.linkType: .string(link.1.rawValue)])
            ]
        }
        records.append(span)
        return SpanContext(traceID: trace, spanID: span.spanID)
    }

    private mutating func process(
        _ service: String, _ type: String, _ message: Int, _ destination: String, _ trace: TraceID,
        _ sender: SpanContext, at milliseconds: UInt64, took: UInt64?, attempt: Int = 1, fails: Bool = false,
        settlement: String = "acknowledged"
    ) -> SpanContext {
        var span = record(service, "process " + destination, .consumer, trace, sender, at: milliseconds, took: took)
        describe(&span, "process", destination, type, message)
        span.attributes[MessagingAttribute.consumerGroup] = .string(service)
        span.attributes[ThroughlineAttribute.attempt] = .int(Int64(attempt))
        span.attributes[ThroughlineAttribute.settlement] = .string(settlement)
        span.attributes[ThroughlineAttribute.enqueuedTime] = .int(
            Int64(span.start.nanosecondsSinceEpoch - 1_000_000 - next() % 4_000_000))
        span.links = [
            SpanLink(
                context: sender, attributes: [ThroughlineAttribute.linkType: .string(LinkType.creation.rawValue)])
        ]
        if fails {
            span.status = .error("refused")
            span.attributes[MessagingAttribute.errorType] = "TemplateError"
        }
        records.append(span)
        return SpanContext(traceID: trace, spanID: span.spanID)
    }

    private func describe(
        _ span: inout SpanRecord, _ operation: String, _ destination: String, _ type: String, _ message: Int
    ) {
        span.attributes = [
            MessagingAttribute.system: "kafka", MessagingAttribute.operationName: .string(operation),
            MessagingAttribute.operationType: .string(operation),
            MessagingAttribute.destinationName: .string(destination),
            MessagingAttribute.messageID: .string(Self.messageID(ofFlow: number, message)),
            MessagingAttribute.conversationID: .string(Self.messageID(ofFlow: number)),
            ThroughlineAttribute.messageType: .string(type), MessagingAttribute.partitionID: "3",
        ]
    }

    private mutating func record(
        _ service: String, _ name: String, _ kind: SpanKind, _ trace: TraceID, _ parent: SpanContext?,
        at milliseconds: UInt64, took: UInt64?
    ) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: time + milliseconds * 1_000_000)
        return SpanRecord(
            traceID: trace, spanID: SpanID(next() | 1), parentID: parent?.spanID, name: name, kind: kind, start: start,
            end: took.map { start.advanced(byNanoseconds: $0 * 1_000_000) }, resource: resources[service] ?? Resource(),
            scope: scope)
    }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var value = random
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
