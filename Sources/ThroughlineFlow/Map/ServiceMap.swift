public import ThroughlineModel

/// The architecture as it really ran: the aggregate of many flows.
public struct ServiceMap: Sendable {
    /// A topic, queue, exchange, subject or stream.
    public struct Destination: Hashable, Sendable {
        /// As its broker calls it.
        public var name: String
        /// The broker, such as `kafka`; nil when no span said.
        public var system: String?
        /// Messages sent there, or moved there by the broker; those that failed to be sent are left out.
        public var messages: Int
        /// Bytes of their bodies; nil when no span said.
        public var bodySize: Percentiles?
    }

    /// Messages of one type that one service sends to one destination.
    public struct Emission: Hashable, Sendable {
        /// The sender.
        public var service: String
        /// The destination's name.
        public var destination: String
        /// Nil when the spans do not tell.
        public var type: String?
        /// Event, command or reply; nil when the spans do not tell.
        public var intent: MessageIntent?
        /// Messages sent.
        public var count: Int
        /// Sends that failed.
        public var errors: Int
        /// True when the service sets messages aside there that it could not handle.
        public var isDeadLetter: Bool
        /// True when it sends them once more on purpose.
        public var isReplay: Bool
    }

    /// What one consumer handles of one destination. A delivery is one message, however often it was tried.
    public struct Delivery: Hashable, Sendable {
        /// The destination's name.
        public var destination: String
        /// Who handles it.
        public var consumer: Consumer
        /// True for messages that were delivered once more on purpose.
        public var isReplay: Bool
        /// Deliveries, those that have not ended included.
        public var count: Int
        /// Attempts at them, at least one each.
        public var attempts: Int
        /// Attempts that were not the first of their delivery, duplicates left out.
        public var retries: Int
        /// Attempts that handled the message once more although the consumer had handled it before.
        public var duplicates: Int
        /// Deliveries that failed for good: their last attempt failed, and the message was not given back.
        public var errors: Int
        /// Of these, those whose message was set aside.
        public var deadLetters: Int
        /// Deliveries whose last attempt never ended.
        public var unfinished: Int
        /// Messages sent there that this consumer's group has not settled; nil for replays, and when no sender was
        /// recorded. Right as far as both ends were recorded over the same time.
        public var backlog: Int?
        /// Time from the broker taking a message to the first attempt.
        public var queueTime: Percentiles?
        /// Time from the end of one attempt to the next, duplicates left out.
        public var retryTime: Percentiles?
        /// Time that an attempt took.
        public var processingTime: Percentiles?

        /// The share of deliveries that failed for good, from 0 to 1.
        public var errorShare: Double { share(errors, of: count) }
        /// The share of attempts that were not the first of their delivery, duplicates left out, from 0 to 1.
        public var retryShare: Double { share(retries, of: attempts) }
        /// The share of deliveries whose message was set aside, from 0 to 1.
        public var deadLetterShare: Double { share(deadLetters, of: count) }

        private func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
    }

    /// Messages that the broker moved from one destination to another by itself, seen by where they were handled.
    public struct Route: Hashable, Sendable {
        /// Where they were sent.
        public var from: String
        /// Where they were handled.
        public var to: String
        /// Messages.
        public var count: Int
        /// True when they were moved after their consumer had given them up.
        public var isDeadLetter: Bool
    }

    /// Requests that one service made to another without a broker.
    public struct Call: Hashable, Sendable {
        /// Who asked.
        public var caller: String
        /// Who answered.
        public var called: String
        /// Requests.
        public var count: Int
        /// Requests that failed.
        public var errors: Int
        /// Time that answering took.
        public var duration: Percentiles?
    }

    /// Three percentiles, of nanoseconds or of bytes, right to within 2 %.
    public struct Percentiles: Hashable, Sendable {
        /// Half of all values do not exceed it.
        public var p50: UInt64
        /// 95 % of all values do not exceed it.
        public var p95: UInt64
        /// 99 % of all values do not exceed it.
        public var p99: UInt64
    }

    /// By name.
    public var services: [String]
    /// By name.
    public var destinations: [Destination]
    /// By service, destination and type.
    public var emissions: [Emission]
    /// By destination and consumer.
    public var deliveries: [Delivery]
    /// By origin and target.
    public var routes: [Route]
    /// By caller and called.
    public var calls: [Call]
    /// When the first operation began; nil for a map of nothing.
    public var start: Timestamp?
    /// When the last operation ended.
    public var end: Timestamp?
    /// The time that the map was asked for; nil when it was not bounded on both sides.
    public var window: Range<Timestamp>?

    /// Events a second over the time that the map was asked for. What was recorded may cover any part of an open one, so
    /// without it there is no rate.
    public func rate(_ count: Int) -> Double? {
        guard let window else { return nil }
        let nanoseconds = window.lowerBound.nanoseconds(until: window.upperBound)
        return nanoseconds < 1_000_000 ? nil : Double(count) / (Double(nanoseconds) / 1e9)
    }
}

extension ServiceMap {
    /// What concerns one destination alone: its producers, itself, its consumers, where the broker moves its messages from
    /// and to, and where its consumers set them aside.
    public func around(_ destination: String) -> ServiceMap {
        let before = reached(from: destination) { ($0.to, $0.from) }
        let after = reached(from: destination) { ($0.from, $0.to) }
        var part = self
        part.destinations = destinations.filter { before.contains($0.name) || after.contains($0.name) }
        part.routes = routes.filter { route in
            before.contains(route.from) && before.contains(route.to)
                || after.contains(route.from) && after.contains(route.to)
        }
        part.emissions = emissions.filter { before.contains($0.destination) }
        part.deliveries = deliveries.filter { after.contains($0.destination) }
        part.calls = []
        let aside = setAside(by: part.deliveries, of: Set(part.emissions.compactMap(\.type)))
            .filter { !before.contains($0.destination) }
        part.emissions += aside
        let more = Set(aside.map(\.destination)).subtracting(before).subtracting(after)
        part.destinations += destinations.filter { more.contains($0.name) }
        let names = Set(part.emissions.map(\.service)).union(part.deliveries.map(\.consumer.service))
        part.services = services.filter(names.contains)
        return part
    }

    /// Dead letters of consumers that gave messages up, of the types that they may be of, and no more than those.
    private func setAside(by deliveries: [Delivery], of types: Set<String>) -> [Emission] {
        emissions.compactMap { emission in
            let given = deliveries.reduce(0) { $1.consumer.service == emission.service ? $0 + $1.deadLetters : $0 }
            let isOne = emission.type.map { types.isEmpty || types.contains($0) } ?? true
            guard emission.isDeadLetter, given > 0, isOne else { return nil }
            var own = emission
            own.count = min(emission.count, given)
            return own
        }
    }

    /// The destination and every other that routes lead to, step by step.
    private func reached(from destination: String, _ step: (Route) -> (from: String, to: String)) -> Set<String> {
        var known: Set<String> = [destination]
        var queue = [destination]
        while let next = queue.popLast() {
            for (from, to) in routes.map(step) where from == next && known.insert(to).inserted { queue.append(to) }
        }
        return known
    }
}
