public import ThroughlineModel

extension Flow {
    /// The number of distinct messages that spans are about.
    public var messageCount: Int { messages.reduce(0) { $1.isRecorded ? $0 + $1.count : $0 } }

    /// The services, in the order in which they first appear.
    public var services: [String] { named(\.service) }

    /// The traces, in the order in which they first appear.
    public var traceIDs: [TraceID] { operations.map(\.id.traceID).uniqued() }

    /// The correlation ids, in the order in which they first appear; more than one where flows touch.
    public var correlationIDs: [String] { operations.compactMap { $0.messaging?.correlationID }.uniqued() }

    /// The correlation id of the first message, else the first that any span has.
    public var correlationID: String? { operations.lazy.compactMap(\.reading.correlationID).first }

    /// The destinations that spans name, in the order in which they first appear.
    package var destinations: [String] { named(\.destination) }

    /// The types of messages that spans name, in the order in which they first appear.
    package var messageTypes: [String] { named(\.type) }

    /// The texts of a column, each made once.
    private func named(_ column: KeyPath<OperationRow, Name>) -> [String] {
        var seen: Set<Name> = []
        var texts: [String] = []
        for operation in operations {
            let name = operation.reading.row[keyPath: column]
            guard name.isPresent, seen.insert(name).inserted else { continue }
            if let text = operation.reading.table.names.text(name) { texts.append(text) }
        }
        return texts
    }

    /// The number of operations that failed; every attempt counts.
    public var errorCount: Int { operations.count(where: \.failed) }

    /// The number of messages that were given up or set aside, each consumer's by itself.
    public var deadLetterCount: Int { deadLetters.count }

    /// The number of operations that began and never ended.
    public var unfinishedCount: Int { operations.count(where: \.isUnfinished) }

    /// The number of deliveries that handled a message once more although its consumer had succeeded before.
    public var duplicateCount: Int { hops.reduce(0) { $0 + $1.duplicates.count } }

    /// The number of hops that ended well and that nothing says the settlement of.
    public var unsettledCount: Int { hops.count(where: \.isUnsettled) }

    /// True when every message that was set aside was delivered again.
    public var deadLettersReplayed: Bool { deadLetters.allSatisfy { !$0.replays.isEmpty } }

    /// What a person asks first, in one line: which flow, how many messages and services, how long, what went wrong.
    ///
    /// - Parameter title: what to call the flow; nil takes its ``name``.
    public func headline(title: String? = nil) -> String { headlineParts(title: title).joined(separator: " · ") }

    /// What the headline is made of: the name, the counts, and last what went wrong.
    func headlineParts(title: String?) -> [String] {
        var parts = [title ?? name, counted(messageCount, "message"), counted(services.count, "service")]
        parts.append(latencyText)
        if deadLetterCount > 0 {
            parts.append(counted(deadLetterCount, "dead letter") + replayed)
        } else if errorCount > 0 {
            parts.append(counted(errorCount, "error"))
        }
        if unfinishedCount > 0 { parts.append("\(unfinishedCount) unfinished") }
        return parts
    }

    /// Such as `143 ms`; at least that much where a limit kept some of the flow from being read.
    package var latencyText: String { (knowledge.isCut ? "≥ " : "") + DurationText.short(latency) }

    /// How many of the dead letters were replayed.
    private var replayed: String {
        let count = deadLetters.count { !$0.replays.isEmpty }
        return count == 0 ? "" : count == deadLetterCount ? ", replayed" : ", \(FoldingText.grouped(count)) replayed"
    }

    private func counted(_ count: Int, _ word: String) -> String {
        count == 1 ? "1 \(word)" : "\(FoldingText.grouped(count)) \(word)s"
    }
}

extension Sequence where Element: Hashable {
    /// The elements, each where it first stands.
    package func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
