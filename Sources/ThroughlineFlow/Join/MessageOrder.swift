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
            guard let view = index[position].messaging else { continue }
            let time = index[position].record.start.nanosecondsSinceEpoch
            for message in join.published[position] {
                let member = view.members.isEmpty ? nil : view.member(described[message].id)
                describe(message, view, member, time)
            }
            for number in join.handled[position] {
                let handling = join.handlings[number]
                describe(handling.message, view, handling.member.map { view.members[$0] }, time)
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
        _ message: Int, _ view: MessageView, _ member: MessageView.Member?, _ time: UInt64
    ) {
        described[message].isRecorded = true
        times[message] = min(times[message], time)
        if described[message].intent == nil { described[message].intent = member?.intent ?? view.intent }
        if let type = member?.type ?? view.type {
            if let known = described[message].type {
                if known != type { report(.type, message, known, type) }
            } else {
                described[message].type = type
            }
        }
        if let correlation = member?.correlationID ?? view.correlationID {
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
