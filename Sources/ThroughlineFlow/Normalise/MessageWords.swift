import ThroughlineModel

extension MessageIntent {
    /// Our own words, and NServiceBus's.
    static let words = WordTable<MessageIntent>([
        ("event", .event), ("Publish", .event), ("command", .command), ("Send", .command), ("reply", .reply),
        ("Reply", .reply),
    ])
}

extension Settlement {
    private static let own = WordTable(of: Settlement.self)

    /// Our own words, and those of clients that have a span for settling.
    init?(_ scan: AttributeScan, _ operation: MessagingOperation?) {
        if let settlement = scan.string(.settlement).flatMap({ Self.own[$0] }) {
            self = settlement
            return
        }
        guard operation == .settle else { return nil }
        switch (scan.string(.disposition) ?? scan.string(.operationName))?.lowercased() {
        case "ack", "acknowledge", "commit", "complete", "delete": self = .acknowledged
        case "nack", "abandon", "requeue": self = .requeued
        case "reject": self = .rejected
        case "dead_letter", "dead-letter": self = .deadLettered
        case "defer": self = .deferred
        default: return nil
        }
    }
}

extension Timestamp {
    /// Nanoseconds under our own name, seconds under Azure's (semantic conventions, azure-messaging).
    init?(enqueuedNanoseconds nanoseconds: Int64?, seconds: Int64?) {
        if let time = nanoseconds.flatMap(UInt64.init(exactly:)) {
            self.init(nanosecondsSinceEpoch: time)
            return
        }
        guard let seconds = seconds.flatMap(UInt64.init(exactly:)) else { return nil }
        let time = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !time.overflow else { return nil }
        self.init(nanosecondsSinceEpoch: time.partialValue)
    }
}
