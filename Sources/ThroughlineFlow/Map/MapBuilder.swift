public import ThroughlineModel

/// Builds a map of spans, one at a time, without keeping them.
///
/// Where a consumer did not measure the time in the queue, it is taken from the sender's span; the builder remembers a
/// bounded number of messages for that. Feed it each span once: duplicates would need every id to be remembered.
public struct MapBuilder: Sendable {
    private struct EmissionKey: Hashable {
        var service: MapName
        var destination: MapName
        var type: MapName?
        var intent: MessageIntent?
        var isDeadLetter: Bool
    }

    private struct DeliveryKey: Hashable {
        var destination: MapName
        var service: MapName
        var group: MapName?
    }

    private struct CallKey: Hashable {
        var caller: MapName
        var called: MapName
    }

    private struct CallCount {
        var count = 0
        var errors = 0
        var duration = PercentileSketch()

        mutating func add(_ answer: Answer) {
            count += 1
            if answer.failed { errors += 1 }
            duration.add(answer.took)
        }
    }

    /// A request as the service that was called has recorded it.
    private struct Answer {
        var service: MapName
        var took: UInt64
        var failed: Bool
    }

    /// Several services may listen in one group; the backlog is the group's.
    private struct GroupKey: Hashable {
        var destination: MapName
        var group: MapName?
    }

    private struct EmissionCount {
        var count = 0
        var errors = 0
    }

    private struct DeliveryCount {
        var count = 0
        var messages = 0
        var retries = 0
        var errors = 0
        var deadLetters = 0
        var queueTime = PercentileSketch()
        var processingTime = PercentileSketch()
    }

    private var names: [String] = []
    private var numbers: [String: MapName] = [:]
    private var services: Set<MapName> = []
    private var systems: [MapName: MapName] = [:]
    private var bodySizes: [MapName: PercentileSketch] = [:]
    private var emissions: [EmissionKey: EmissionCount] = [:]
    private var deliveries: [DeliveryKey: DeliveryCount] = [:]
    private var calls: [CallKey: CallCount] = [:]
    private var callers: BoundedMemory<MapMessageKey, MapName>
    private var answers: BoundedMemory<MapMessageKey, [Answer]>
    private var sent: BoundedMemory<MapMessageKey, Timestamp>
    private var waiting: BoundedMemory<MapMessageKey, [(DeliveryKey, Timestamp)]>
    private var start: Timestamp?
    private var end: Timestamp?

    /// An empty builder.
    ///
    /// - Parameter rememberedMessages: how many messages are remembered to tell how long they waited.
    public init(rememberedMessages: Int = 100_000) {
        sent = BoundedMemory(capacity: rememberedMessages)
        waiting = BoundedMemory(capacity: rememberedMessages)
        callers = BoundedMemory(capacity: rememberedMessages)
        answers = BoundedMemory(capacity: rememberedMessages)
    }

    /// Adds a span. A span that has not ended is left out: it comes again when it has.
    public mutating func add(_ record: SpanRecord) {
        if record.end != nil { add(MapSample(record) { name($0) }) }
    }

    /// The number of a text, the same for the same text.
    package mutating func name(_ text: String) -> MapName {
        if let known = numbers[text] { return known }
        let name = MapName(number: Int32(names.count))
        names.append(text)
        numbers[text] = name
        return name
    }

    /// Adds what a span says.
    package mutating func add(_ sample: MapSample) {
        guard let ended = sample.end else { return }
        services.insert(sample.service)
        start = start.map { min($0, sample.start) } ?? sample.start
        end = end.map { max($0, ended) } ?? ended
        if let call = sample.call { add(call, sample, ended) }
        guard let destination = sample.destination else { return }
        if let system = sample.system { note(system, of: destination) }
        switch sample.operation {
        case .send: emit(sample, destination, ended)
        case .process: deliver(sample, destination, ended)
        case .create, .receive, .settle, nil: break
        }
    }

    /// The two ends come in any order; a service that calls itself is no edge.
    private mutating func add(_ call: MapSample.Call, _ sample: MapSample, _ ended: Timestamp) {
        switch call {
        case .made(let span):
            callers[span] = sample.service
            guard !answers.isEmpty else { return }
            for answer in answers.remove(span) ?? [] where answer.service != sample.service {
                calls[CallKey(caller: sample.service, called: answer.service), default: CallCount()].add(answer)
            }
        case .answered(let caller):
            let answer = Answer(
                service: sample.service, took: sample.start.nanoseconds(until: ended), failed: sample.failed)
            guard let service = callers[caller] else {
                answers[caller] = (answers[caller] ?? []) + [answer]
                return
            }
            if service != sample.service {
                calls[CallKey(caller: service, called: sample.service), default: CallCount()].add(answer)
            }
        }
    }

    /// Where spans disagree, the same one wins whatever their order.
    private mutating func note(_ system: MapName, of destination: MapName) {
        guard let known = systems[destination] else {
            systems[destination] = system
            return
        }
        if known != system, text(known) < text(system) { systems[destination] = system }
    }

    private mutating func emit(_ sample: MapSample, _ destination: MapName, _ ended: Timestamp) {
        let key = EmissionKey(
            service: sample.service, destination: destination, type: sample.type, intent: sample.intent,
            isDeadLetter: sample.isDeadLetter)
        emissions[key, default: EmissionCount()].count += sample.messages
        if sample.failed { emissions[key, default: EmissionCount()].errors += sample.messages }
        if let size = sample.bodySize { bodySizes[destination, default: PercentileSketch()].add(size) }
        if let sender = sample.sender { remember(sender, ended) }
        if let id = sample.messageID { remember(id, ended) }
        for member in sample.members { remember(member, ended) }
    }

    private mutating func remember(_ message: MapMessageKey, _ ended: Timestamp) {
        sent[message] = ended
        guard !waiting.isEmpty else { return }
        for (delivery, started) in waiting.remove(message) ?? [] {
            deliveries[delivery]?.queueTime.add(ended.nanoseconds(until: started))
        }
    }

    private mutating func deliver(_ sample: MapSample, _ destination: MapName, _ ended: Timestamp) {
        let key = DeliveryKey(destination: destination, service: sample.service, group: sample.group)
        let isFirst = (sample.attempt ?? 1) == 1
        var waited: UInt64?
        if isFirst {
            if let enqueued = sample.enqueued {
                waited = enqueued.nanoseconds(until: sample.start)
            } else if let measured = sample.queueTime {
                waited = measured
            } else if let message = sample.messageID ?? sample.sender {
                if let sent = sent[message] {
                    waited = sent.nanoseconds(until: sample.start)
                } else {
                    waiting[message] = (waiting[message] ?? []) + [(key, sample.start)]
                }
            }
        }
        let took = sample.start.nanoseconds(until: ended)
        // Changed in place: taking the counts out and putting them back would copy the sketches.
        func count(_ counts: inout DeliveryCount) {
            counts.count += sample.messages
            if isFirst { counts.messages += sample.messages } else { counts.retries += sample.messages }
            if sample.failed { counts.errors += sample.messages }
            if sample.isDeadLettered { counts.deadLetters += sample.messages }
            counts.processingTime.add(took)
            if let waited { counts.queueTime.add(waited) }
        }
        count(&deliveries[key, default: DeliveryCount()])
    }

    private func text(_ name: MapName) -> String { names[Int(name.number)] }

    /// The map of what was added so far.
    public var map: ServiceMap {
        var sentTo: [MapName: Int] = [:]
        for (key, count) in emissions { sentTo[key.destination, default: 0] += count.count - count.errors }
        var begunBy: [GroupKey: Int] = [:]
        for (key, count) in deliveries {
            begunBy[GroupKey(destination: key.destination, group: key.group), default: 0] += count.messages
        }
        let destinations = Set(sentTo.keys).union(deliveries.keys.map(\.destination))
        return ServiceMap(
            services: services.map(text).sorted(),
            destinations: destinations.map { name in
                ServiceMap.Destination(
                    name: text(name), system: systems[name].map(text), messages: sentTo[name] ?? 0,
                    bodySize: bodySizes[name]?.percentiles)
            }.sorted { $0.name < $1.name },
            emissions: emissions.map { key, count in
                ServiceMap.Emission(
                    service: text(key.service), destination: text(key.destination), type: key.type.map(text),
                    intent: key.intent, count: count.count, errors: count.errors, isDeadLetter: key.isDeadLetter)
            }.sorted { left, right in
                (
                    left.service, left.destination, left.type ?? "", left.intent?.rawValue ?? "",
                    left.isDeadLetter ? 1 : 0
                )
                    < (
                        right.service, right.destination, right.type ?? "", right.intent?.rawValue ?? "",
                        right.isDeadLetter ? 1 : 0
                    )
            },
            deliveries: deliveries.map { key, count in
                ServiceMap.Delivery(
                    destination: text(key.destination),
                    consumer: Consumer(service: text(key.service), group: key.group.map(text)), count: count.count,
                    retries: count.retries, errors: count.errors, deadLetters: count.deadLetters,
                    backlog: sentTo[key.destination].map { sent in
                        max(0, sent - (begunBy[GroupKey(destination: key.destination, group: key.group)] ?? 0))
                    },
                    queueTime: count.queueTime.percentiles, processingTime: count.processingTime.percentiles)
            }.sorted { left, right in
                (left.destination, left.consumer.service, left.consumer.group ?? "")
                    < (right.destination, right.consumer.service, right.consumer.group ?? "")
            },
            calls: calls.map { key, count in
                ServiceMap.Call(
                    caller: text(key.caller), called: text(key.called), count: count.count, errors: count.errors,
                    duration: count.duration.percentiles)
            }.sorted { ($0.caller, $0.called) < ($1.caller, $1.called) },
            start: start, end: end)
    }
}
