import Foundation
import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// Spans in memory put together as flows, against reading them out of a store, which comes first, and against a plain
/// pass over the same spans that hashes their ids.
enum FlowBenchmark {
    static func run() throws {
        let orders = FlowSpans.orders(20_000)
        report("200,000 spans, read out of a store", "\(Int(1e9 / (try reading(orders)))) spans/s")
        measure("20,000 flows of ten spans, split and joined", orders) { Flow.split($0).count }
        measure("the same, each message, publication, hop and attempt as a value", orders) { spans in
            Flow.split(spans).reduce(0) { $0 + values($1) }
        }
        measure("the same, with edges, gaps, stories, clocks and paths", orders) { spans in
            Flow.split(spans).reduce(0) { $0 + everything($1) }
        }
        let large = FlowSpans.chain(50_000)
        measure("one flow of 100,000 spans, joined", large) { Flow($0).hubs.count }
        measure("the same, each message, publication, hop and attempt as a value", large) { values(Flow($0)) }
        measure("the same, with edges, gaps, stories, clocks and paths", large) { everything(Flow($0)) }
        for shape in FlowSpans.Shape.allCases { measureGrowth(shape) }
    }

    /// Four times as many spans take four times as long, give or take, or something looks at all for each.
    private static func measureGrowth(_ shape: FlowSpans.Shape) {
        func perSpan(_ count: Int) -> (joined: Double, all: Double) {
            let spans = FlowSpans.spans(shape, count)
            var sum = 0
            let joined = nanoseconds(count, runs: 3) { sum &+= Flow.split(spans).count }
            let all = nanoseconds(count, runs: 3) { sum &+= Flow.split(spans).reduce(0) { $0 + everything($1) } }
            if sum == 42 { print() }
            return (joined, all)
        }
        let (small, large) = (perSpan(25_000), perSpan(100_000))
        report(
            "\(shape.rawValue): 25,000 and 100,000 spans",
            "\(small.joined.rounded(to: 0)) and \(large.joined.rounded(to: 0)) ns a span; with everything "
                + "\(small.all.rounded(to: 0)) and \(large.all.rounded(to: 0))")
    }

    /// Nanoseconds a span.
    private static func reading(_ spans: [SpanRecord]) throws -> Double {
        let directory = FileManager.default.temporaryDirectory.appending(path: "throughline-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "traces.db").path
        let store = try TraceStore(path: path)
        for start in stride(from: 0, to: spans.count, by: 2_048) {
            try store.write(Array(spans[start..<min(start + 2_048, spans.count)]))
        }
        try store.flush()
        store.close()
        let reader = try TraceReader(path: path)
        return try (0..<5).map { _ in
            try nanosecondsOfOne(spans.count) {
                var read = try reader.spans(after: 0, limit: spans.count)
                var count = 0
                while !read.spans.isEmpty {
                    count += read.spans.count
                    read = try reader.spans(after: read.position, limit: spans.count)
                }
                guard count == spans.count else {
                    throw StoreBenchmark.Failed(what: "\(count) of \(spans.count) spans were read")
                }
            }
        }.min() ?? .infinity
    }

    private static func values(_ flow: Flow) -> Int {
        flow.messages.count + flow.publications.count + flow.hops.count
    }

    private static func everything(_ flow: Flow) -> Int {
        flow.edges.count + flow.gaps.count + flow.deadLetters.count + flow.sagas.count + flow.replies.count
            + flow.clockOffsets.count + flow.criticalPath.count + Int(flow.latency & 1)
    }

    private static func measure(_ name: String, _ spans: [SpanRecord], _ assemble: ([SpanRecord]) -> Int) {
        var ours = Double.infinity
        var plain = Double.infinity
        var sum = 0
        // In turns, so that a slow moment of the machine does not fall on one of them only.
        for _ in 0..<5 {
            ours = min(ours, nanoseconds(spans.count, runs: 1) { sum &+= assemble(spans) })
            plain = min(plain, nanoseconds(spans.count, runs: 1) { sum &+= hashed(spans) })
        }
        report(name, "\(Int(1e9 / ours)) spans/s")
        report("  a pass that hashes their ids", "\(Int(1e9 / plain)) spans/s, ratio \((ours / plain).rounded(to: 1))")
        if sum == 42 { print() }
    }

    /// The least that anything that joins spans must do: look at each id, and know whether it was seen.
    private static func hashed(_ spans: [SpanRecord]) -> Int {
        var seen: Set<SpanKey> = []
        var messages: Set<String> = []
        seen.reserveCapacity(spans.count)
        for span in spans {
            seen.insert(SpanKey(trace: span.traceID, span: span.spanID))
            for attribute in span.attributes where attribute.key == MessagingAttribute.messageID {
                if let id = attribute.value.stringValue { messages.insert(id) }
            }
        }
        return seen.count + messages.count
    }

    private struct SpanKey: Hashable {
        var trace: TraceID
        var span: SpanID
    }
}

/// Spans as our own tracer records them.
private struct FlowSpans {
    private let ids = IDGenerator(seed: 7)
    private var spans: [SpanRecord] = []
    private var resources: [String: Resource] = [:]

    /// An order and what it leads to: three groups, two further messages, a database call; ten spans each.
    static func orders(_ count: Int) -> [SpanRecord] {
        var made = FlowSpans()
        for order in 0..<count {
            let at = UInt64(order) * 1_000_000
            let correlation = "0198b2c4-7d5e-7000-8000-\(1_000_000_000 + order)"
            let web = made.span("orders", "POST /orders", .server, at, 900_000, [:])
            let placed = made.message("orders", .send, "orders", at + 1_000, web, correlation, 0, cause: nil)
            let billing = made.message("billing", .process, "orders", at + 5_000, placed, correlation, 0, cause: nil)
            made.message("inventory", .process, "orders", at + 6_000, placed, correlation, 0, cause: nil)
            made.message("mail", .process, "orders", at + 7_000, placed, correlation, 0, cause: nil)
            made.span("billing", "INSERT", .client, at + 8_000, 3_000, ["db.system": "postgresql"], billing)
            let charged = made.message("billing", .send, "payments", at + 9_000, billing, correlation, 1, cause: 0)
            let shipping = made.message(
                "shipping", .process, "payments", at + 12_000, charged, correlation, 1, cause: 0)
            let shipped = made.message("shipping", .send, "shipping", at + 15_000, shipping, correlation, 2, cause: 1)
            made.message("mail", .process, "shipping", at + 19_000, shipped, correlation, 2, cause: 1)
        }
        return made.spans
    }

    /// One flow: every message leads to two others, until there are that many.
    static func chain(_ messages: Int) -> [SpanRecord] {
        var made = FlowSpans()
        var handlers: [SpanContext] = []
        for number in 0..<messages {
            let cause = number == 0 ? nil : (number - 1) / 2
            let at = UInt64(number) * 10_000
            let service = "service-\(number % 40)"
            let sent = made.message(
                service, .send, "topic-\(number % 60)", at, cause.map { handlers[$0] }, "one", number, cause: cause)
            handlers.append(
                made.message(
                    "service-\((number + 7) % 40)", .process, "topic-\(number % 60)", at + 4_000, sent, "one", number,
                    cause: cause))
        }
        return made.spans
    }

    /// What makes careless code look at everything for each.
    enum Shape: String, CaseIterable {
        case consumers = "one message to that many consumers"
        case siblings = "one trace of siblings"
        case chain = "each message causes the next"
        case hub = "one correlation id on messages that have nothing to do with each other"
    }

    static func spans(_ shape: Shape, _ count: Int) -> [SpanRecord] {
        var made = FlowSpans()
        let root = made.span("web", "GET /", .server, 0, 1_000_000, [:])
        switch shape {
        case .consumers:
            let sent = made.message("web", .send, "news", 0, root, "one", 0, cause: nil)
            for number in 2..<count {
                made.message("reader-\(number)", .process, "news", UInt64(number) * 100, sent, "one", 0, cause: nil)
            }
        case .siblings:
            for number in 1..<count { made.span("web", "work", .internal, UInt64(number) * 100, 50, [:], root) }
        case .chain:
            var cause = root
            for number in 0..<count / 2 {
                let at = UInt64(number) * 10_000
                let before = number == 0 ? nil : number - 1
                let sent = made.message("a", .send, "next", at, cause, "one", number, cause: before)
                cause = made.message("b", .process, "next", at + 4_000, sent, "one", number, cause: before)
            }
        case .hub:
            for number in 0..<count / 2 {
                let at = UInt64(number) * 10_000
                let sent = made.message("a", .send, "any", at, nil, "one", number, cause: nil)
                made.message("b", .process, "any", at + 4_000, sent, "one", number, cause: nil)
            }
        }
        return made.spans
    }

    @discardableResult
    private mutating func message(
        _ service: String, _ operation: MessagingOperation, _ destination: String, _ start: UInt64,
        _ parent: SpanContext?, _ correlation: String, _ number: Int, cause: Int?
    ) -> SpanContext {
        var attributes: Attributes = [
            MessagingAttribute.system: "kafka", MessagingAttribute.operationName: .string(operation.rawValue),
            MessagingAttribute.operationType: .string(operation.rawValue),
            MessagingAttribute.destinationName: .string(destination),
            MessagingAttribute.messageID: .string("\(correlation)-message-\(number)"),
            MessagingAttribute.conversationID: .string(correlation),
            MessagingAttribute.partitionID: "3", MessagingAttribute.kafkaOffset: .int(Int64(number)),
            ThroughlineAttribute.messageType: .string("Type\(number % 40)"),
        ]
        if let cause { attributes[ThroughlineAttribute.causationID] = .string("\(correlation)-message-\(cause)") }
        guard operation == .process else {
            return span(service, "send \(destination)", .producer, start, 1_000, attributes, parent)
        }
        attributes[MessagingAttribute.consumerGroup] = .string(service)
        attributes[ThroughlineAttribute.settlement] = "acknowledged"
        let links = parent.map {
            [SpanLink(context: $0, attributes: [ThroughlineAttribute.linkType: .string(LinkType.creation.rawValue)])]
        }
        return span(service, "process \(destination)", .consumer, start, 3_000, attributes, parent, links ?? [])
    }

    @discardableResult
    private mutating func span(
        _ service: String, _ name: String, _ kind: SpanKind, _ start: UInt64, _ took: UInt64, _ attributes: Attributes,
        _ parent: SpanContext? = nil, _ links: [SpanLink] = []
    ) -> SpanContext {
        let began = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000 + start)
        let context = SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: began), spanID: ids.spanID(), flags: [.sampled])
        let resource = resources[service] ?? Resource(attributes: [ResourceAttribute.serviceName: .string(service)])
        resources[service] = resource
        spans.append(
            SpanRecord(
                traceID: context.traceID, spanID: context.spanID, parentID: parent?.spanID, name: name, kind: kind,
                start: began, end: began.advanced(byNanoseconds: took), attributes: attributes, links: links,
                resource: resource))
        return context
    }
}
