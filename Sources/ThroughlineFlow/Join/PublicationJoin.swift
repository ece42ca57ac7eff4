import ThroughlineModel

/// Finds which message stood on which destination, and why.
struct PublicationJoin: Sendable {
    /// By number, in the order in which they were found.
    private(set) var publications: [Publication] = []
    /// By publication: the number of its message.
    private(set) var messages: [Int] = []
    /// The operations that sent a publication, as pairs of the two.
    private(set) var sendings: (publications: [Int], operations: [Int]) = ([], [])

    private let index: OperationIndex
    private let join: MessageJoin
    /// By message the first of its publications, and by publication the next one of its message; -1 for none.
    private var first: [Int]
    private var next: [Int] = []
    /// By message: the handlings of it that failed; a broker may have set it aside by itself after them.
    private var failures: [Int: [Int]] = [:]

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        self.join = join
        first = Array(repeating: -1, count: join.messages.count)
        publications.reserveCapacity(join.messages.count)
        messages.reserveCapacity(join.messages.count)
        next.reserveCapacity(join.messages.count)
        sendings.publications.reserveCapacity(join.messages.count)
        sendings.operations.reserveCapacity(join.messages.count)
        for handling in join.handlings where Self.gaveUp(index.reading(handling.operation)) {
            failures[handling.message, default: []].append(handling.operation)
        }
        // `create` knows the message and often not where it goes; the `send` that follows does.
        var creators: [Int] = []
        for position in index.operations.indices where !join.published[position].isEmpty {
            guard index.reading(position).operation == .send else {
                creators.append(position)
                continue
            }
            for message in join.published[position] { publish(message, by: position, .send) }
        }
        for position in creators {
            for message in join.published[position] { publish(message, by: position, .create) }
        }
        if !creators.isEmpty {
            let order = sendings.operations.indices.sorted { sendings.operations[$0] < sendings.operations[$1] }
            sendings = (order.map { sendings.publications[$0] }, order.map { sendings.operations[$0] })
            for made in publications.indices where publications[made].senders.count > 1 {
                publications[made].senders.sort { (index.position(of: $0) ?? 0) < (index.position(of: $1) ?? 0) }
            }
        }
    }

    /// The publications of a message, in the order in which they were found.
    private func publications(of message: Int) -> [Int] {
        var found: [Int] = []
        var current = first[message]
        while current >= 0 {
            found.append(current)
            current = next[current]
        }
        return found
    }

    private static func gaveUp(_ operation: OperationReading) -> Bool {
        switch operation.settlement {
        case .rejected, .deadLettered: true
        case .requeued, .deferred, .acknowledged, .skipped: false
        case nil: operation.failed
        }
    }

    private mutating func publish(_ message: Int, by position: Int, _ kind: MessagingOperation) {
        let operation = index.reading(position)
        let destination = operation.destination
        let publication: Int
        let isNew: Bool
        if kind == .create, let known = sent(message, by: operation.service, to: destination) {
            (publication, isNew) = (known, false)
        } else {
            (publication, isNew) = number(message, destination ?? "", reason(message, position))
        }
        sendings.publications.append(publication)
        sendings.operations.append(position)
        publications[publication].add(operation, countsAsSent: kind == .send || isNew)
    }

    private func sent(_ message: Int, by service: String, to destination: String?) -> Int? {
        publications(of: message).first { known in
            publications[known].services.contains(service)
                && (destination == nil || destination == publications[known].id.destination)
        }
    }

    private mutating func number(
        _ message: Int, _ destination: String, _ reason: Publication.Reason
    ) -> (number: Int, isNew: Bool) {
        var last = -1
        var current = first[message]
        while current >= 0 {
            if publications[current].id.reason == reason, publications[current].id.destination == destination {
                return (current, false)
            }
            last = current
            current = next[current]
        }
        let id = Publication.ID(message: join.messages.ids[message], destination: destination, reason: reason)
        let made = publications.count
        publications.append(Publication(id: id))
        messages.append(message)
        next.append(-1)
        if last < 0 { first[message] = made } else { next[last] = made }
        return (made, true)
    }

    /// A message that is sent on by its own handler, when handling failed, is a dead letter even without a link.
    private func reason(_ message: Int, _ position: Int) -> Publication.Reason {
        let operation = index.reading(position)
        if operation.isDeadLettering { return .deadLettered }
        if operation.isReplay { return .replayed }
        guard let failed = failures[message], let handler = index.handler(of: position), failed.contains(handler),
            index.reading(handler).destination != operation.destination
        else { return .sent }
        return .deadLettered
    }

    /// The publication that a delivery is of, made up where there is none.
    mutating func publication(of handling: MessageJoin.Handling) -> Int {
        let operation = index.reading(handling.operation)
        let destination = operation.destination
        func fits(_ publication: Int) -> Bool {
            destination == nil || publications[publication].id.destination == destination
        }
        let only = first[handling.message]
        if only >= 0, next[only] < 0, fits(only) { return only }
        let known = publications(of: handling.message)
        let sender = handling.sender.map { index.reading($0).id }
        let ofSender = sender.map { sender in known.filter { publications[$0].senders.contains(sender) } } ?? []
        if let found = ofSender.first(where: fits) { return found }
        let fitting = known.filter(fits)
        if operation.isReplay, let found = fitting.first(where: { publications[$0].id.reason == .replayed }) {
            return found
        }
        let start = operation.start
        if let found = fitting.last(where: { (publications[$0].began ?? start) <= start }) ?? fitting.first {
            return found
        }
        guard let origin = ofSender.first ?? known.first else { return sendingWithoutSpan(handling, destination) }
        if publications[origin].id.destination.isEmpty { return origin }
        let moved = number(handling.message, destination ?? "", move(handling, from: origin)).number
        publications[moved].system = publications[moved].system ?? operation.system
        publications[moved].sent = publications[moved].sent ?? publications[origin].sent
        return moved
    }

    /// The broker moved a message on by itself: from an exchange to a queue, or to where dead letters go after somebody
    /// had given it up.
    private func move(_ handling: MessageJoin.Handling, from origin: Int) -> Publication.Reason {
        let start = index.reading(handling.operation).start
        let gaveUp = (failures[handling.message] ?? []).contains { failed in
            failed != handling.operation && index.reading(failed).latest <= start
                && index.reading(failed).destination == publications[origin].id.destination
        }
        return gaveUp ? .deadLettered : .routed(from: publications[origin].id.destination)
    }

    private mutating func sendingWithoutSpan(_ handling: MessageJoin.Handling, _ destination: String?) -> Int {
        let made = number(handling.message, destination ?? "", .sent).number
        publications[made].system = index.reading(handling.operation).system
        // Proven by its context; the message is one of several that the sender cannot tell apart.
        if let sender = handling.sender {
            sendings.publications.append(made)
            sendings.operations.append(sender)
            publications[made].add(index.reading(sender), countsAsSent: true)
        }
        return made
    }
}

extension Publication {
    /// Takes in one more operation that sent it.
    fileprivate mutating func add(_ operation: OperationReading, countsAsSent: Bool) {
        system = system ?? operation.system
        senders.append(operation.id)
        if !services.contains(operation.service) { services.append(operation.service) }
        began = began.map { min($0, operation.start) } ?? operation.start
        if countsAsSent { sent = sent.map { max($0, operation.latest) } ?? operation.latest }
        guard operation.marks.contains(.outbox) || operation.marks.contains(.due) else { return }
        let attributes = operation.record.attributes
        appended = appended ?? Self.time(attributes[ThroughlineAttribute.appendedTime])
        due = due ?? Self.time(attributes[ThroughlineAttribute.dueTime])
        let dwelt = attributes[ThroughlineAttribute.dwellTime].flatMap(AttributeScan.integer)
        dwellTime =
            dwellTime ?? dwelt.flatMap(UInt64.init(exactly:)) ?? appended.map { $0.nanoseconds(until: operation.start) }
    }

    private static func time(_ value: AttributeValue?) -> Timestamp? {
        value.flatMap(AttributeScan.integer).flatMap(UInt64.init(exactly:)).map(Timestamp.init(nanosecondsSinceEpoch:))
    }
}
