package import ThroughlineModel

/// A random flow of which everything is known: the spans, and what is true about them.
package struct RandomFlow {
    /// `message → message`: the first one's handling published the second one.
    package private(set) var causes: Set<String> = []
    /// `message @ destination by operation`: that operation sent it there.
    package private(set) var sendings: Set<String> = []
    /// `message @ destination to service/group by operation`: that operation handled it.
    package private(set) var deliveries: Set<String> = []
    /// The spans, in the order in which things happened.
    package var records: [SpanRecord] { script.records }

    private struct Sent {
        var id: String?
        var type: String
        var destination: String
        var context: SpanContext
        var at: Double
        /// What it is called in the truth.
        var name: String { id ?? "\(context.traceID)-\(context.spanID)" }
    }

    private var script: FlowScript
    private var random: SeededGenerator
    private var pending: [Sent] = []
    private var count = 0
    private let prefix: String
    private let ids: String

    /// - Parameters:
    ///   - prefix: before the names of all services and destinations.
    ///   - ids: before the number of each message.
    package init(seed: UInt64, messages: Int, system: String = "kafka", prefix: String = "", ids: String = "m-") {
        self.prefix = prefix
        self.ids = ids
        random = SeededGenerator(seed: seed)
        script = FlowScript(correlation: "random-\(seed)", seed: seed)
        script.system = system
        send(
            "\(prefix)service-0", at: 0, in: script.work("\(prefix)service-0", "begin", at: 0, took: 5), causes: [],
            named: false)
        while let next = pending.first {
            pending.removeFirst()
            if count < messages, chance(5), let other = pending.first, other.destination == next.destination {
                pending.removeFirst()
                handleTogether([next, other], more: count < messages)
            } else {
                for group in 0..<1 + number(3) { handle(next, by: group, more: count < messages) }
            }
        }
    }

    private mutating func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    private mutating func chance(_ one: Int) -> Bool { number(one) == 0 }

    private mutating func send(
        _ service: String, at: Double, in parent: SpanContext, causes: [Sent], named: Bool
    ) {
        count += 1
        let id = chance(6) ? nil : "\(ids)\(count)"
        let destination = "\(prefix)topic-\(number(4))"
        let ids = causes.compactMap(\.id)
        let names = named && ids.count == causes.count ? ids : []
        let context = script.send(
            service, "Type\(count % 5)", id: id, to: destination, at: at, in: parent, causes: names)
        let sent = Sent(id: id, type: "Type\(count % 5)", destination: destination, context: context, at: at)
        for cause in causes { self.causes.insert("\(cause.name) → \(sent.name)") }
        sendings.insert("\(sent.name) @ \(destination) by \(context.spanID)")
        pending.append(sent)
    }

    /// One to three attempts, each a child of the sender or in a trace of its own; the last one may give up.
    private mutating func handle(_ sent: Sent, by group: Int, more: Bool) {
        let service = "\(prefix)service-\(1 + number(5))-\(group)"
        let attempts = chance(4) ? 2 + number(2) : 1
        var last: SpanContext?
        for attempt in 1...attempts {
            let at = sent.at + Double(attempt * 40 + number(20))
            let fails = attempt < attempts || attempts > 1 && chance(3)
            let gaveUp = fails && attempt == attempts
            let links = last.map { [FlowScript.link($0, .retryOf)] } ?? []
            let handler = script.process(
                service, sent.type, id: sent.id, from: sent.destination, at: at, took: 20, of: sent.context,
                child: chance(2), group: "group-\(group)", attempt: attempts > 1 ? attempt : nil,
                settled: gaveUp ? .deadLettered : fails ? .requeued : .acknowledged, links: links,
                error: fails ? "Failed" : nil)
            deliveries.insert("\(sent.name) @ \(sent.destination) to \(service)/group-\(group) by \(handler.spanID)")
            last = handler
            if gaveUp, let id = sent.id {
                let dead = script.send(
                    service, sent.type, id: id, to: "\(sent.destination).dead", at: at + 18, in: handler,
                    links: [FlowScript.link(handler, .deadLetterOf)])
                sendings.insert("\(id) @ \(sent.destination).dead by \(dead.spanID)")
            }
            guard !fails, more else { continue }
            let inner = chance(3) ? script.work(service, "work", at: at + 1, took: 15, in: handler) : handler
            for place in 0..<number(3) {
                send(service, at: at + 3 + Double(place), in: inner, causes: [sent], named: chance(2))
            }
        }
    }

    private mutating func handleTogether(_ batch: [Sent], more: Bool) {
        let at = (batch.map(\.at).max() ?? 0) + 50
        let first = batch[0]
        let handler = script.processBatch(
            "\(prefix)batcher", nil, of: batch.map { ($0.id, $0.context) }, from: first.destination, at: at, took: 30,
            group: "batch")
        for sent in batch {
            deliveries.insert("\(sent.name) @ \(sent.destination) to \(prefix)batcher/batch by \(handler.spanID)")
        }
        guard more else { return }
        send("\(prefix)batcher", at: at + 4, in: handler, causes: batch, named: chance(2))
        let one = batch[number(batch.count)]
        if one.id != nil { send("\(prefix)batcher", at: at + 8, in: handler, causes: [one], named: true) }
    }
}
