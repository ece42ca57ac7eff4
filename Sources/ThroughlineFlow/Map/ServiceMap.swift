public import ThroughlineModel

/// The architecture as it really ran: the aggregate of many flows.
public struct ServiceMap: Sendable {
    /// A topic, queue, exchange, subject or stream.
    public struct Destination: Hashable, Sendable {
        /// As its broker calls it.
        public var name: String
        /// The broker, such as `kafka`; nil when no span said.
        public var system: String?
        /// Messages sent there; those that failed to be sent are left out.
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
    }

    /// What one consumer handles of one destination.
    public struct Delivery: Hashable, Sendable {
        /// The destination's name.
        public var destination: String
        /// Who handles it.
        public var consumer: Consumer
        /// Deliveries that ended, every attempt counted.
        public var count: Int
        /// Deliveries that were not the first of their message.
        public var retries: Int
        /// Deliveries that failed.
        public var errors: Int
        /// Deliveries whose message was set aside.
        public var deadLetters: Int
        /// Messages sent there that this consumer's group has not begun to handle; nil when no sender was recorded.
        /// Right as far as both ends were recorded over the same time.
        public var backlog: Int?
        /// Time from the broker taking a message to its processing.
        public var queueTime: Percentiles?
        /// Time that processing took.
        public var processingTime: Percentiles?

        /// The share of deliveries that failed, from 0 to 1.
        public var errorShare: Double { share(errors) }
        /// The share of deliveries that were not the first of their message, from 0 to 1.
        public var retryShare: Double { share(retries) }
        /// The share of deliveries whose message was set aside, from 0 to 1.
        public var deadLetterShare: Double { share(deadLetters) }

        private func share(_ part: Int) -> Double { count == 0 ? 0 : Double(part) / Double(count) }
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
    /// By caller and called.
    public var calls: [Call]
    /// When the first operation began; nil for a map of nothing.
    public var start: Timestamp?
    /// When the last operation ended.
    public var end: Timestamp?

    /// Events a second over the time that the map covers; nil when that is less than a millisecond.
    public func rate(_ count: Int) -> Double? {
        guard let start, let end else { return nil }
        let nanoseconds = start.nanoseconds(until: end)
        return nanoseconds < 1_000_000 ? nil : Double(count) / (Double(nanoseconds) / 1e9)
    }
}

extension ServiceMap {
    /// What concerns one destination alone: its producers, itself, its consumers.
    public func around(_ destination: String) -> ServiceMap {
        var part = self
        part.destinations = destinations.filter { $0.name == destination }
        part.emissions = emissions.filter { $0.destination == destination }
        part.deliveries = deliveries.filter { $0.destination == destination }
        part.calls = []
        let names = Set(part.emissions.map(\.service)).union(part.deliveries.map(\.consumer.service))
        part.services = services.filter(names.contains)
        return part
    }
}
