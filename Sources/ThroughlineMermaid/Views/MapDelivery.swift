import ThroughlineFlow

/// What one consumer handles of one destination, as one edge.
///
/// Where some spans of a service name its group and others name none, and it has no other group there, they are about
/// the same consumer.
struct MapDelivery {
    /// Of all of them together, but for percentiles.
    private(set) var delivery: ServiceMap.Delivery
    /// The percentiles of each; those of all lie between.
    private(set) var waits: [ServiceMap.Percentiles]

    private init(_ delivery: ServiceMap.Delivery) {
        self.delivery = delivery
        waits = [delivery.queueTime].compactMap(\.self)
    }

    /// In the order of the map.
    static func all(_ deliveries: [ServiceMap.Delivery]) -> [MapDelivery] {
        struct Place: Hashable {
            var destination: String
            var service: String
        }
        func place(_ delivery: ServiceMap.Delivery) -> Place {
            Place(destination: delivery.destination, service: delivery.consumer.service)
        }
        let groups = Dictionary(grouping: deliveries, by: place).mapValues { Set($0.compactMap(\.consumer.group)) }
        var drawn: [MapDelivery] = []
        for var delivery in deliveries {
            let groups = groups[place(delivery), default: []]
            if delivery.consumer.group == nil, groups.count == 1 { delivery.consumer.group = groups.first }
            let known = drawn.firstIndex {
                $0.delivery.destination == delivery.destination && $0.delivery.consumer == delivery.consumer
                    && $0.delivery.isReplay == delivery.isReplay
            }
            if let known { drawn[known].add(delivery) } else { drawn.append(MapDelivery(delivery)) }
        }
        return drawn
    }

    private mutating func add(_ other: ServiceMap.Delivery) {
        // What either of them settled the other does not wait for.
        delivery.backlog = delivery.backlog.map { max(0, $0 - (other.count - other.unfinished)) }
        delivery.count += other.count
        delivery.attempts += other.attempts
        delivery.retries += other.retries
        delivery.duplicates += other.duplicates
        delivery.errors += other.errors
        delivery.deadLetters += other.deadLetters
        delivery.unfinished += other.unfinished
        waits += [other.queueTime].compactMap(\.self)
    }
}
