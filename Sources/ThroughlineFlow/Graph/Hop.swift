public import ThroughlineModel

/// Who a delivery is for: a service, listening as a consumer group.
public struct Consumer: Hashable, Sendable {
    /// The service's name.
    public var service: String
    /// Nil where the broker has no groups or nobody recorded one.
    public var group: String?

    package init(service: String, group: String?) {
        self.service = service
        self.group = group
    }
}

/// One message on one destination going to one consumer: sent, waiting in the queue, processed (perhaps several
/// times), settled.
public struct Hop: Identifiable, Sendable {
    /// What tells one hop from every other.
    public struct ID: Hashable, Sendable {
        /// What was delivered.
        public var publication: Publication.ID
        /// To whom.
        public var consumer: Consumer
        /// True for the deliveries of a replay.
        public var isReplay: Bool
    }

    /// Publication and consumer.
    public let id: ID
    /// The deliveries in order, at least one.
    public var attempts: [Attempt] = []
    /// What proves that the consumer handled what the sender sent.
    public var evidence: Evidence
    /// Another span shows that the message was set aside after this.
    var isSetAside = false
    /// True when the clocks of its sender and its handler differ by so much that nothing tells how long it waited.
    public internal(set) var isWaitUnknown = false

    init(id: ID, evidence: Evidence) {
        self.id = id
        self.evidence = evidence
    }

    /// The message that was delivered.
    public var message: Message.ID { id.publication.message }
    /// Where it was delivered from.
    public var destination: String { id.publication.destination }
    /// To whom.
    public var consumer: Consumer { id.consumer }
    /// True when the message was delivered once more on purpose.
    public var isReplay: Bool { id.isReplay }

    /// Nanoseconds from the broker taking the message to the first attempt; nil when that was not recorded, or only by
    /// clocks that contradict each other.
    public var queueTime: UInt64? { attempts.first?.waited }
    /// Nanoseconds of all attempts together; an attempt that never ended adds none.
    public var processingTime: UInt64 {
        attempts.reduce(0) { $0.addingReportingOverflow($1.took ?? 0).partialValue }
    }
    /// How the last attempt was settled.
    public var settlement: Settlement? { attempts.last?.settlement }
    /// When the first attempt began.
    public var start: Timestamp? { attempts.first?.start }
    /// When the last attempt ended; nil while it has not.
    public var end: Timestamp? { attempts.last?.end }
    /// True when the last attempt never ended.
    public var isUnfinished: Bool { attempts.last?.end == nil }
    /// True when the last attempt failed or gave the message up.
    public var failed: Bool {
        guard let last = attempts.last else { return false }
        return last.error != nil || isDeadLetter || last.settlement == .rejected
    }
    /// True when the last attempt ended well and nothing says how it was settled: the broker may deliver it again.
    public var isUnsettled: Bool { settlement == nil && !failed && !isUnfinished }
    /// The attempts that handled the message once more although one had succeeded before.
    public var duplicates: [Attempt] { attempts.filter(\.isDuplicate) }
    /// True when the message was set aside after its attempts: the last one says so, or whoever set it aside.
    public var isDeadLetter: Bool { isSetAside || settlement == .deadLettered }
    /// The number of messages that were handled together with this one, at most; 1 when it was handled alone.
    public var batchSize: Int { attempts.reduce(1) { max($0, $1.batchSize) } }
}

/// One delivery of a message to one consumer.
public struct Attempt: Sendable {
    /// The operation that handled it.
    public var operation: Operation.ID
    /// From 1.
    public var number: Int
    /// Nanoseconds since the broker took the message, for the first attempt; since the attempt before, for the others.
    public var waited: UInt64?
    /// When processing began.
    public var start: Timestamp
    /// When it ended; nil when it never did.
    public var end: Timestamp?
    /// How it was settled, when that was recorded.
    public var settlement: Settlement?
    /// The kind of error, nil when it did not fail.
    public var error: String?
    /// The number of messages that were handled together.
    public var batchSize: Int
    /// True when this consumer had handled the same message before, and had succeeded.
    public var isDuplicate = false

    /// True when it ended well, and the message was not given back or given up.
    public var succeeded: Bool { Self.succeeded(ended: end != nil, failed: error != nil, settlement: settlement) }

    static func succeeded(ended: Bool, failed: Bool, settlement: Settlement?) -> Bool {
        guard ended, !failed else { return false }
        return switch settlement {
        case .requeued, .rejected, .deadLettered, .deferred: false
        case .acknowledged, .skipped, nil: true
        }
    }

    /// What there is to say of an attempt that did not fail and after which the message goes on waiting.
    var givenBack: String? {
        guard error == nil else { return nil }
        return switch settlement {
        case .requeued: "given back"
        case .deferred: "deferred"
        case .acknowledged, .rejected, .deadLettered, .skipped, nil: nil
        }
    }

    /// Nanoseconds of processing, nil when it never ended.
    public var took: UInt64? { end.map { start.nanoseconds(until: $0) } }
}
