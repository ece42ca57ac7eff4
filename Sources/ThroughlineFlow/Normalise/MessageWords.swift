package import ThroughlineModel

extension MessageIntent {
    /// Our own words, and NServiceBus's.
    static let words = WordTable<MessageIntent>([
        ("event", .event), ("Publish", .event), ("command", .command), ("Send", .command), ("reply", .reply),
        ("Reply", .reply),
    ])
}

extension Settlement {
    private static let own = WordTable(of: Settlement.self)
    private static let foreignWords: [(settlement: Settlement, words: [String])] = [
        (.acknowledged, ["ack", "acknowledge", "commit", "complete", "delete", "checkpoint"]),
        (.requeued, ["nack", "abandon", "requeue", "release"]), (.rejected, ["reject"]),
        (
            .deadLettered,
            ["dead_letter", "dead-letter", "deadletter", "deadlettermessage", "dead_letter_message"]
        ), (.deferred, ["defer"]),
    ]
    private static let foreign = WordTable<Settlement>(
        foreignWords.flatMap { settlement, words in words.map { ($0, settlement) } })

    /// Our own words, and those of clients that have a span for settling; Azure's say it in the span's name alone, such as
    /// `ServiceBusReceiver.DeadLetter` (.NET), `ServiceBus.deadLetter` (Java, Go) and `ServiceBus.dead-letter` (Python).
    init?(_ scan: AttributeScan, _ operation: MessagingOperation?, name: @autoclosure () -> String) {
        if let settlement = scan.string(.settlement).flatMap({ Self.own[$0] }) {
            self = settlement
            return
        }
        guard operation == .settle else { return nil }
        let told = [scan.string(.disposition), scan.string(.operationName), scan.string(.amqpCommand), name()]
        guard let found = told.lazy.compactMap({ $0.flatMap(Self.word) }).first else { return nil }
        self = found
    }

    /// What a text says that may be the name of a settling span, or an attribute of one: what a store looks for before it
    /// reads the span.
    package static func told(by text: String) -> Settlement? { own[text] ?? word(text) }

    /// The words for some of the settlements, our own and those of clients, in lower case.
    package static func words(for settlements: Set<Settlement>) -> Set<String> {
        Set(settlements.map(\.rawValue)).union(
            foreignWords.filter { settlements.contains($0.settlement) }.flatMap(\.words))
    }

    /// The word at either end of a name: `ack orders`, `orders ack`, `basic.ack`.
    private static func word(_ text: String) -> Settlement? {
        let text = text.lowercased()
        let words = text.split { $0 == " " || $0 == "." }
        return ([text[...]] + words.suffix(1) + words.prefix(1)).lazy.compactMap { foreign[String($0)] }.first
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
