public import ThroughlineModel

/// Builds a map of spans, one at a time, without keeping them.
///
/// Where a consumer did not measure the time in the queue, it is taken from the sender's span; the builder remembers a
/// bounded number of messages for that. Feed it each span once: duplicates would need every id to be remembered.
public struct MapBuilder: Sendable {
    private struct EmissionKey: Hashable {
        var service: String
        var destination: String
        var type: String?
        var intent: MessageIntent?
        var isDeadLetter: Bool
    }

    private struct DeliveryKey: Hashable {
        var destination: String
        var consumer: Consumer
    }

    private struct EmissionCount {
        var count = 0
        var errors = 0
    }

    private struct DeliveryCount {
        var count = 0
        var errors = 0
        var deadLetters = 0
        var queueTime = LatencySketch()
        var processingTime = LatencySketch()
    }

    private enum MessageKey: Hashable {
        case id(String)
        case span(Operation.ID)
    }

    private var services: Set<String> = []
    private var systems: [String: String] = [:]
    private var emissions: [EmissionKey: EmissionCount] = [:]
    private var deliveries: [DeliveryKey: DeliveryCount] = [:]
    private var sent: BoundedMemory<MessageKey, Timestamp>
    private var waiting: BoundedMemory<MessageKey, [(DeliveryKey, Timestamp)]>
    private var start: Timestamp?
    private var end: Timestamp?

    /// An empty builder.
    ///
    /// - Parameter rememberedMessages: how many messages are remembered to tell how long they waited.
    public init(rememberedMessages: Int = 100_000) {
        sent = BoundedMemory(capacity: rememberedMessages)
        waiting = BoundedMemory(capacity: rememberedMessages)
    }

    /// Adds a span. A span that has not ended is left out: it comes again when it has.
    public mutating func add(_ record: SpanRecord) {
        guard let ended = record.end else { return }
        let operation = Operation(record)
        services.insert(operation.service)
        start = start.map { min($0, record.start) } ?? record.start
        end = end.map { max($0, ended) } ?? ended
        guard let view = operation.messaging, let destination = view.destination else { return }
        if let system = view.system { systems[destination] = max(systems[destination] ?? "", system) }
        switch view.operation {
        case .send: emit(operation, view, destination, ended)
        case .process: deliver(operation, view, destination, ended)
        case .create, .receive, .settle, nil: break
        }
    }

    private mutating func emit(_ operation: Operation, _ view: MessageView, _ destination: String, _ ended: Timestamp) {
        let key = EmissionKey(
            service: operation.service, destination: destination, type: view.type, intent: view.intent,
            isDeadLetter: operation.hasLink(.deadLetterOf))
        let count = max(1, view.batchSize ?? 1)
        emissions[key, default: EmissionCount()].count += count
        if operation.failed { emissions[key, default: EmissionCount()].errors += count }
        var messages: [MessageKey] = [.span(operation.id)]
        if let id = view.messageID { messages.append(.id(id)) }
        for member in view.members {
            if let id = member.messageID { messages.append(.id(id)) }
        }
        for message in messages {
            sent[message] = ended
            for (delivery, started) in waiting.remove(message) ?? [] {
                deliveries[delivery]?.queueTime.add(ended.nanoseconds(until: started))
            }
        }
    }

    private mutating func deliver(
        _ operation: Operation, _ view: MessageView, _ destination: String, _ ended: Timestamp
    ) {
        let key = DeliveryKey(
            destination: destination, consumer: Consumer(service: operation.service, group: view.group))
        var count = deliveries[key] ?? DeliveryCount()
        let messages = max(1, view.batchSize ?? view.members.count)
        count.count += messages
        if operation.failed { count.errors += messages }
        if view.settlement == .deadLettered { count.deadLetters += messages }
        count.processingTime.add(operation.record.start.nanoseconds(until: ended))
        let begun = operation.record.start
        if (view.attempt ?? 1) == 1 {
            if let enqueued = view.enqueuedTime {
                count.queueTime.add(enqueued.nanoseconds(until: begun))
            } else if let waited = view.queueTime {
                count.queueTime.add(waited)
            } else if let message = view.messageID.map(MessageKey.id)
                ?? (view.members.first?.context).map({ .span(Operation.ID($0)) })
                ?? operation.parentID.map({ .span($0) })
            {
                if let sent = sent[message] {
                    count.queueTime.add(sent.nanoseconds(until: begun))
                } else {
                    waiting[message] = (waiting[message] ?? []) + [(key, begun)]
                }
            }
        }
        deliveries[key] = count
    }

    /// The map of what was added so far.
    public var map: ServiceMap {
        var sentTo: [String: Int] = [:]
        for (key, count) in emissions { sentTo[key.destination, default: 0] += count.count }
        let names = Set(sentTo.keys).union(deliveries.keys.map(\.destination))
        return ServiceMap(
            services: services.sorted(),
            destinations: names.sorted().map {
                ServiceMap.Destination(name: $0, system: systems[$0], messages: sentTo[$0] ?? 0)
            },
            emissions: emissions.map { key, count in
                ServiceMap.Emission(
                    service: key.service, destination: key.destination, type: key.type, intent: key.intent,
                    count: count.count, errors: count.errors, isDeadLetter: key.isDeadLetter)
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
                    destination: key.destination, consumer: key.consumer, count: count.count, errors: count.errors,
                    deadLetters: count.deadLetters, queueTime: count.queueTime.percentiles,
                    processingTime: count.processingTime.percentiles)
            }.sorted { left, right in
                (left.destination, left.consumer.service, left.consumer.group ?? "")
                    < (right.destination, right.consumer.service, right.consumer.group ?? "")
            },
            start: start, end: end)
    }
}

/// A dictionary that forgets what was put in first when it is full.
private struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: Value] = [:]
    private var order: [Key] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    subscript(key: Key) -> Value? {
        get { values[key] }
        set {
            guard let newValue else { return }
            if values.updateValue(newValue, forKey: key) == nil { order.append(key) }
            if order.count - oldest > capacity {
                values[order[oldest]] = nil
                oldest += 1
            }
            if oldest > capacity {
                order.removeFirst(oldest)
                oldest = 0
            }
        }
    }

    mutating func remove(_ key: Key) -> Value? { values.removeValue(forKey: key) }
}
