import ThroughlineModel

/// Finds which message stood on which destination, and why.
struct PublicationJoin: Sendable {
    /// By number, in the order in which they were found.
    private(set) var publications: [Publication] = []
    /// By publication: the number of its message.
    private(set) var messages: [Int] = []
    /// By publication: the operations that sent it.
    private(set) var senders: [[Int]] = []
    /// By message: its publications, in the order in which they were found.
    private(set) var ofMessage: [[Int]]

    private let index: OperationIndex
    private let join: MessageJoin
    /// By message: the handlings of it that failed; a broker may have set it aside by itself after them.
    private var failures: [Int: [Int]] = [:]

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        ofMessage = Array(repeating: [], count: join.messages.count)
        publications.reserveCapacity(join.messages.count)
        for handling in join.handlings where Self.gaveUp(index[handling.operation]) {
            failures[handling.message, default: []].append(handling.operation)
        }
        // `create` knows the message and often not where it goes; the `send` that follows does.
        var creators: [Int] = []
        for position in index.operations.indices where !join.published[position].isEmpty {
            guard index[position].messaging?.operation == .send else {
                creators.append(position)
                continue
            }
            for message in join.published[position] { publish(message, by: position, .send) }
        }
        for position in creators {
            for message in join.published[position] { publish(message, by: position, .create) }
        }
    }

    private static func gaveUp(_ operation: Operation) -> Bool {
        switch operation.messaging?.settlement {
        case .rejected, .deadLettered: true
        case .requeued, .deferred, .acknowledged, .skipped: false
        case nil: operation.failed
        }
    }

    private mutating func publish(_ message: Int, by position: Int, _ kind: MessagingOperation) {
        let operation = index[position]
        let destination = operation.messaging?.destination
        let publication: Int
        let isNew: Bool
        if kind == .create, let known = sent(message, by: operation.service, to: destination) {
            (publication, isNew) = (known, false)
        } else {
            (publication, isNew) = number(message, destination ?? "", reason(message, position))
        }
        let place = senders[publication].firstIndex { $0 > position } ?? senders[publication].count
        senders[publication].insert(position, at: place)
        publications[publication].add(operation, at: place, countsAsSent: kind == .send || isNew)
    }

    private func sent(_ message: Int, by service: String, to destination: String?) -> Int? {
        ofMessage[message].first { known in
            publications[known].services.contains(service)
                && (destination == nil || destination == publications[known].id.destination)
        }
    }

    private func find(_ message: Int, _ destination: String, _ reason: Publication.Reason) -> Int? {
        ofMessage[message].first {
            publications[$0].id.destination == destination && publications[$0].id.reason == reason
        }
    }

    private mutating func number(
        _ message: Int, _ destination: String, _ reason: Publication.Reason
    ) -> (number: Int, isNew: Bool) {
        if let known = find(message, destination, reason) { return (known, false) }
        let id = Publication.ID(message: join.messages.ids[message], destination: destination, reason: reason)
        publications.append(Publication(id: id))
        messages.append(message)
        senders.append([])
        ofMessage[message].append(publications.count - 1)
        return (publications.count - 1, true)
    }

    /// A message that is sent on by its own handler, when handling failed, is a dead letter even without a link.
    private func reason(_ message: Int, _ position: Int) -> Publication.Reason {
        let operation = index[position]
        if operation.isDeadLettering { return .deadLettered }
        if operation.isReplay { return .replayed }
        guard let failed = failures[message], let handler = index.handler(of: position), failed.contains(handler),
            index[handler].messaging?.destination != operation.messaging?.destination
        else { return .sent }
        return .deadLettered
    }

    /// The publication that a delivery is of, made up where there is none.
    mutating func publication(of handling: MessageJoin.Handling) -> Int {
        let operation = index[handling.operation]
        let destination = operation.messaging?.destination
        let known = ofMessage[handling.message]
        func fits(_ publication: Int) -> Bool {
            destination == nil || publications[publication].id.destination == destination
        }
        if known.count == 1, let only = known.first, fits(only) { return only }
        let ofSender = handling.sender.map { sender in known.filter { senders[$0].contains(sender) } } ?? []
        if let found = ofSender.first(where: fits) { return found }
        let fitting = known.filter(fits)
        if operation.isReplay, let found = fitting.first(where: { publications[$0].id.reason == .replayed }) {
            return found
        }
        let start = operation.record.start
        if let found = fitting.last(where: { (publications[$0].began ?? start) <= start }) ?? fitting.first {
            return found
        }
        guard let origin = ofSender.first ?? known.first else { return sendingWithoutSpan(handling, destination) }
        if publications[origin].id.destination.isEmpty { return origin }
        let moved = number(handling.message, destination ?? "", move(handling, from: origin)).number
        publications[moved].system = publications[moved].system ?? operation.messaging?.system
        publications[moved].sent = publications[moved].sent ?? publications[origin].sent
        return moved
    }

    /// The broker moved a message on by itself: from an exchange to a queue, or to where dead letters go after somebody
    /// had given it up.
    private func move(_ handling: MessageJoin.Handling, from origin: Int) -> Publication.Reason {
        let start = index[handling.operation].record.start
        let gaveUp = (failures[handling.message] ?? []).contains { failed in
            failed != handling.operation && index[failed].latest <= start
                && index[failed].messaging?.destination == publications[origin].id.destination
        }
        return gaveUp ? .deadLettered : .routed(from: publications[origin].id.destination)
    }

    private mutating func sendingWithoutSpan(_ handling: MessageJoin.Handling, _ destination: String?) -> Int {
        let made = number(handling.message, destination ?? "", .sent).number
        publications[made].system = index[handling.operation].messaging?.system
        // Proven by its context; the message is one of several that the sender cannot tell apart.
        if let sender = handling.sender {
            senders[made].insert(sender, at: 0)
            publications[made].add(index[sender], at: 0, countsAsSent: true)
        }
        return made
    }
}

extension Publication {
    /// Takes in one more operation that sent it.
    fileprivate mutating func add(_ operation: Operation, at place: Int, countsAsSent: Bool) {
        system = system ?? operation.messaging?.system
        senders.insert(operation.id, at: place)
        if !services.contains(operation.service) { services.append(operation.service) }
        let record = operation.record
        began = began.map { min($0, record.start) } ?? record.start
        if countsAsSent { sent = sent.map { max($0, operation.latest) } ?? operation.latest }
        guard operation.marks.contains(.outbox) || operation.marks.contains(.due) else { return }
        appended = appended ?? Self.time(record.attributes[ThroughlineAttribute.appendedTime])
        due = due ?? Self.time(record.attributes[ThroughlineAttribute.dueTime])
        let dwelt = record.attributes[ThroughlineAttribute.dwellTime].flatMap(AttributeScan.integer)
        dwellTime =
            dwellTime ?? dwelt.flatMap(UInt64.init(exactly:)) ?? appended.map { $0.nanoseconds(until: record.start) }
    }

    private static func time(_ value: AttributeValue?) -> Timestamp? {
        value.flatMap(AttributeScan.integer).flatMap(UInt64.init(exactly:)).map(Timestamp.init(nanosecondsSinceEpoch:))
    }
}
