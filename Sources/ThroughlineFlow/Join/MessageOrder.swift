import ThroughlineModel

/// The messages of a flow, in causal order, with what their spans say about them.
struct MessageOrder {
    private(set) var messages: [Message] = []
    /// By number of the join: the place here.
    private(set) var places: [Int] = []
    /// By place: the causes, in causal order.
    private(set) var causes = Lists()
    /// Messages about which their spans disagree.
    private(set) var conflicts: [Conflict] = []

    private var described: [Message]
    private var times: [UInt64]

    init(_ index: OperationIndex, _ join: MessageJoin, _ causation: CausationJoin) {
        described = causation.messages.ids.map { Message(id: $0, isRecorded: false) }
        times = Array(repeating: .max, count: described.count)
        for position in index.operations.indices {
            guard let view = index.messaging(position) else { continue }
            for message in join.published[position] { describe(message, view, view.place(of: described[message].id)) }
            for number in join.handled[position] {
                describe(join.handlings[number].message, view, join.handlings[number].member)
            }
        }
        for cause in causation.causes {
            if times[cause.cause] == .max { times[cause.cause] = times[cause.effect] }
        }
        let order = Self.order(times, causation)
        places = Array(repeating: 0, count: described.count)
        for (place, number) in order.enumerated() { places[number] = place }
        let causesOf = Lists(
            count: described.count, keys: causation.causes.map(\.effect), values: causation.causes.map(\.cause))
        messages.reserveCapacity(described.count)
        causes.reserveCapacity(described.count)
        for number in order {
            var message = described[number]
            var sorted = causesOf[number].map { places[$0] }
            if sorted.count > 1 { sorted.sort() }
            message.causes = sorted.map { described[order[$0]].id }
            for cause in sorted { causes.append(cause) }
            causes.close()
            messages.append(message)
        }
    }

    private static func order(_ times: [UInt64], _ causation: CausationJoin) -> [Int] {
        let pairs = causation.correlated.isEmpty ? causation.causes : causation.causes + causation.correlated
        let causes = Lists(count: times.count, keys: pairs.map(\.effect), values: pairs.map(\.cause))
        return CausalOrder.sorted(times: times, causes: causes)
    }

    /// The first span that says something counts; senders began before their handlers.
    private mutating func describe(
        _ message: Int, _ view: OperationReading, _ member: Int?
    ) {
        described[message].isRecorded = true
        times[message] = min(times[message], view.start.nanosecondsSinceEpoch)
        if described[message].intent == nil {
            described[message].intent = member.flatMap { view.members[$0].intent } ?? view.intent
        }
        if let type = member.flatMap({ view.members[$0].type }) ?? view.type {
            if let known = described[message].type {
                if known != type { report(.type, message, known, type) }
            } else {
                described[message].type = type
            }
        }
        if let correlation = member.flatMap({ view.members[$0].correlationID }) ?? view.correlationID {
            if let known = described[message].correlationID {
                if known != correlation { report(.correlationID, message, known, correlation) }
            } else {
                described[message].correlationID = correlation
            }
        }
    }

    private mutating func report(_ subject: Conflict.Subject, _ message: Int, _ kept: String, _ dismissed: String) {
        let evidence: Evidence = subject == .correlationID ? .correlationID : .messageID
        let conflict = Conflict(
            subject: subject, place: .message(described[message].id), kept: kept, keptEvidence: evidence,
            dismissed: dismissed, dismissedEvidence: evidence)
        if conflicts.last != conflict { conflicts.append(conflict) }
    }
}
