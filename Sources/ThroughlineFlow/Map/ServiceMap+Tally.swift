import ThroughlineModel

extension ServiceMap {
    /// Several services may listen in one group; the backlog is the group's. Without a group, a service listens alone.
    private struct Group: Hashable {
        var destination: MapName
        var group: MapName?
        var service: MapName?

        init(_ key: MapTally.DeliveryKey) {
            destination = key.destination
            group = key.group
            service = key.group == nil ? key.service : nil
        }
    }

    /// The counts with their names, in the order in which maps have them.
    init(
        _ tally: MapTally, services: [String], systems: [MapName: String], bodySizes: [MapName: Percentiles],
        calls: [Call], start: Timestamp?, end: Timestamp?, _ text: (MapName) -> String
    ) {
        let emissions = zip(tally.emissionKeys.keys, tally.emissions).filter { $1.messages > 0 }
        let deliveries = zip(tally.deliveryKeys.keys, tally.deliveries).filter { $1.deliveries > 0 }
        var messages: [MapName: Int] = [:]
        for (key, count) in emissions { messages[key.destination, default: 0] += count.messages - count.errors }
        for (key, count) in tally.routes { messages[key.to, default: 0] += count }
        var settledBy: [Group: Int] = [:]
        for (key, count) in deliveries where !key.isReplay {
            settledBy[Group(key), default: 0] += count.settled
        }
        self.init(
            services: services,
            destinations: Set(messages.keys).union(deliveries.map(\.0.destination)).map { name in
                Destination(
                    name: text(name), system: systems[name], messages: messages[name] ?? 0, bodySize: bodySizes[name])
            }.sorted { $0.name < $1.name },
            emissions: emissions.map { key, count in
                Emission(
                    service: text(key.service), destination: text(key.destination), type: key.type.map(text),
                    intent: key.intent, count: count.messages, errors: count.errors, isDeadLetter: key.isDeadLetter,
                    isReplay: key.isReplay)
            }.sorted { $0.order < $1.order },
            deliveries: deliveries.map { key, count in
                Delivery(
                    destination: text(key.destination),
                    consumer: Consumer(service: text(key.service), group: key.group.map(text)),
                    isReplay: key.isReplay, count: count.deliveries, attempts: count.attempts, retries: count.retries,
                    duplicates: count.duplicates, errors: count.errors, deadLetters: count.deadLetters,
                    unfinished: count.unfinished,
                    backlog: key.isReplay
                        ? nil
                        : tally.published[key.destination].map { sent in
                            max(0, sent - (settledBy[Group(key)] ?? 0))
                        },
                    queueTime: count.queueTime.percentiles, retryTime: count.retryTime.percentiles,
                    processingTime: count.processingTime.percentiles)
            }.sorted { $0.order < $1.order },
            routes: tally.routes.map { key, count in
                Route(from: text(key.from), to: text(key.to), count: count, isDeadLetter: key.isDeadLetter)
            }.sorted { ($0.from, $0.to, $0.isDeadLetter ? 1 : 0) < ($1.from, $1.to, $1.isDeadLetter ? 1 : 0) },
            calls: calls, start: start, end: end)
    }
}

extension ServiceMap.Emission {
    fileprivate var order: (String, String, String, String, Int) {
        (service, destination, type ?? "", intent?.rawValue ?? "", (isDeadLetter ? 1 : 0) + (isReplay ? 2 : 0))
    }
}

extension ServiceMap.Delivery {
    fileprivate var order: (String, String, String, Int) {
        (destination, consumer.service, consumer.group ?? "", isReplay ? 1 : 0)
    }
}
