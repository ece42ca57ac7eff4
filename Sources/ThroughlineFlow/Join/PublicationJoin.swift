import ThroughlineModel

/// Finds which message stood on which destination, and why.
struct PublicationJoin: Sendable {
    /// An operation sent a publication.
    struct Sending: Sendable {
        @Narrow var publication: Int
        @Narrow var operation: Int
        /// The next sending of the same publication, -1 for none.
        @Narrow var next = -1
    }

    /// By number, in the order in which they were found.
    var publications: [PublicationRow] = []
    private(set) var sendings: [Sending] = []

    let table: OperationTable
    /// By message the first and the last of its publications, and by publication the next one of its message; -1 for
    /// none.
    private(set) var first: [Int] = []
    private var last: [Int] = []
    private(set) var next: [Int] = []
    /// The same for the publications of a message on one destination, those of the flow that is being joined.
    private var firstOnDestination = HashTable()
    private var nextOnDestination: [Int] = []
    /// By operation, from the first of ``operations``: the first of its sendings, which stand together.
    private var sendingsOfOperation: [Int]
    private let operations: Range<Int>
    /// By message: the handlings of it that failed; a broker may have set it aside by itself after them.
    private(set) var failures: [Int: [Int]] = [:]
    /// By message: where it arrived, when its senders do not say where they sent it.
    private var arrivals: [Int: Name] = [:]

    /// - Parameter operations: those of the flows that will be joined.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        self.operations = operations
        sendingsOfOperation = Array(repeating: -1, count: operations.count)
        publications.reserveCapacity(operations.count / 2)
        next.reserveCapacity(operations.count / 2)
        nextOnDestination.reserveCapacity(operations.count / 2)
        sendings.reserveCapacity(operations.count / 2)
    }

    /// Joins what was sent in one flow; they come in order.
    ///
    /// - Parameter handlings: those of the flow.
    mutating func join(_ flow: Range<Int>, _ join: MessageJoin, handlings: Range<Int>) {
        firstOnDestination.removeAll(makingRoomFor: join.messages.count - first.count)
        while first.count < join.messages.count {
            first.append(-1)
            last.append(-1)
        }
        for place in handlings where gaveUp(join.handlings[place].operation) {
            failures[join.handlings[place].message, default: []].append(join.handlings[place].operation)
        }
        arrivals = arrivals(flow, join, handlings)
        // `create` knows the message and often not where it goes; the `send` that follows does.
        var creators: [Int] = []
        for position in flow where !join.published.places(of: position).isEmpty {
            guard table.rows[position].operation == .send else {
                creators.append(position)
                continue
            }
            publish(position, .send, join)
        }
        for position in creators { publish(position, .create, join) }
    }

    func gaveUp(_ position: Int) -> Bool {
        switch table.rows[position].settlement {
        case .rejected, .deadLettered: true
        case .requeued, .deferred, .acknowledged, .skipped: false
        case nil: table.rows[position].failed
        }
    }

    private mutating func publish(_ position: Int, _ kind: MessagingOperation, _ join: MessageJoin) {
        sendingsOfOperation[position - operations.lowerBound] = sendings.count
        for place in join.published.places(of: position) {
            let message = join.published[at: place]
            let named = table.rows[position].destination
            let destination = named.isPresent ? named : arrivals[message] ?? named
            if kind == .create, let known = sent(message, by: table.rows[position].service, to: destination) {
                add(position, to: known, countsAsSent: false)
            } else {
                let (publication, isNew) = number(message, destination, reason(message, position, join))
                add(position, to: publication, countsAsSent: kind == .send || isNew)
            }
        }
    }

    func sent(_ message: Int, by service: Name, to destination: Name) -> Int? {
        var known = first[message]
        while known >= 0 {
            if !destination.isPresent || destination == publications[known].destination {
                var sending = publications[known].sendings.first
                while sending >= 0 {
                    if table.rows[sendings[sending].operation].service == service { return known }
                    sending = sendings[sending].next
                }
            }
            known = next[known]
        }
        return nil
    }

    func firstPublication(of message: Int, on destination: Name) -> Int {
        let hash = Hash.of(UInt64(message), UInt64(bitPattern: Int64(destination.number)))
        return firstOnDestination.find(hash) {
            publications[$0].message == message && publications[$0].destination == destination
        } ?? -1
    }

    private mutating func number(
        _ message: Int, _ destination: Name, _ reason: PublicationRow.Reason
    ) -> (number: Int, isNew: Bool) {
        var last = -1
        var current = firstPublication(of: message, on: destination)
        while current >= 0 {
            if publications[current].reason == reason { return (current, false) }
            last = current
            current = nextOnDestination[current]
        }
        let made = publications.count
        publications.append(PublicationRow(message: message, destination: destination, reason: reason))
        nextOnDestination.append(-1)
        next.append(-1)
        if last >= 0 {
            nextOnDestination[last] = made
        } else {
            firstOnDestination.insert(
                Hash.of(UInt64(message), UInt64(bitPattern: Int64(destination.number))), made)
        }
        chain(made, to: message)
        return (made, true)
    }

    private mutating func chain(_ made: Int, to message: Int) {
        guard first[message] >= 0 else {
            first[message] = made
            last[message] = made
            return
        }
        next[last[message]] = made
        last[message] = made
    }

    /// The publication that a delivery is of, made up where there is none.
    mutating func publication(of handling: MessageJoin.Handling) -> Int {
        let destination = table.rows[handling.operation].destination
        let all = first[handling.message]
        if all >= 0, next[all] < 0, !destination.isPresent || publications[all].destination == destination {
            return all
        }
        if let found = fitting(handling, destination) { return found }
        guard all >= 0 else { return sendingWithoutSpan(handling, destination) }
        let origin = handling.sender.flatMap { sender in self.first(from: all, next) { isSent($0, by: sender) } } ?? all
        if !publications[origin].destination.isPresent { return origin }
        let givenUp = givenUp(handling, from: origin)
        let reason: PublicationRow.Reason =
            givenUp == nil ? .routed(from: publications[origin].destination) : .deadLettered
        let moved = number(handling.message, destination, reason).number
        if !publications[moved].system.isPresent { publications[moved].system = table.rows[handling.operation].system }
        publications[moved].sent = publications[moved].sent ?? givenUp ?? publications[origin].sent
        return moved
    }

    /// Among the publications on the destination of the delivery, on any where its span names none.
    private func fitting(_ handling: MessageJoin.Handling, _ destination: Name) -> Int? {
        let next = destination.isPresent ? nextOnDestination : next
        let first =
            destination.isPresent
            ? firstPublication(of: handling.message, on: destination) : first[handling.message]
        guard first >= 0 else { return nil }
        if let sender = handling.sender, let found = self.first(from: first, next, where: { isSent($0, by: sender) }) {
            return found
        }
        if table.rows[handling.operation].isReplay,
            let found = self.first(from: first, next, where: { publications[$0].reason == .replayed })
        {
            return found
        }
        let start = table.rows[handling.operation].start
        var last: Int?
        var current = first
        while current >= 0 {
            if (publications[current].began ?? start) <= start { last = current }
            current = next[current]
        }
        return last ?? first
    }

    func first(from start: Int, _ next: [Int], where condition: (Int) -> Bool) -> Int? {
        var current = start
        while current >= 0 {
            if condition(current) { return current }
            current = next[current]
        }
        return nil
    }

    private func isSent(_ publication: Int, by operation: Int) -> Bool {
        var sending = sendingsOfOperation[operation - operations.lowerBound]
        while sending >= 0, sending < sendings.count, sendings[sending].operation == operation {
            if sendings[sending].publication == publication { return true }
            sending += 1
        }
        return false
    }

    /// The broker moved a message on by itself: from an exchange to a queue, or to where dead letters go after somebody
    /// had given it up.
    ///
    /// - Returns: when it was given up; nil when it was not.
    private func givenUp(_ handling: MessageJoin.Handling, from origin: Int) -> Timestamp? {
        let start = table.rows[handling.operation].start
        return (failures[handling.message] ?? [])
            .filter { failed in
                failed != handling.operation && table.rows[failed].latest <= start
                    && table.rows[failed].destination == publications[origin].destination
            }
            .map { table.rows[$0].latest }.max()
    }

    private mutating func sendingWithoutSpan(_ handling: MessageJoin.Handling, _ destination: Name) -> Int {
        let made = number(handling.message, destination, .sent).number
        publications[made].system = table.rows[handling.operation].system
        // Proven by its context; the message is one of several that the sender cannot tell apart.
        if let sender = handling.sender { add(sender, to: made, countsAsSent: true) }
        return made
    }

    /// The operations that sent a publication, in the order in which they were found.
    func senders(of publication: PublicationRow) -> [Int] {
        var found: [Int] = []
        var sending = publication.sendings.first
        while sending >= 0 {
            found.append(sendings[sending].operation)
            sending = sendings[sending].next
        }
        return found
    }

    /// When what began to be handled at a time had been sent. Of several who sent the same message, the last that began
    /// before counts: what somebody sends once more later is not what was being waited for.
    func sent(_ publication: Int, before time: Timestamp) -> Timestamp? {
        let row = publications[publication]
        guard row.sendings.first != row.sendings.last, let sent = row.sent, sent > time else { return row.sent }
        let before = senders(of: row).lazy.map { table.rows[$0] }.filter { $0.operation != .create && $0.start <= time }
        return before.max { ($0.start, $0.latest) < ($1.start, $1.latest) }?.latest ?? sent
    }

    /// Nanoseconds until the first attempt, by the broker's own time, the consumer's measurement, or the sender's time; a
    /// time that is later than the attempt measures nothing.
    ///
    /// What the broker set aside by itself keeps the times of where it stood first.
    func waited(_ handler: Int, _ publication: Int, since enqueued: Timestamp?) -> UInt64? {
        let start = table.rows[handler].start
        let sent = sent(publication, before: start)?.ifBefore(start)
        let told = enqueued.map { $0.ifBefore(start) } ?? table.rows[handler].queueTime
        let row = publications[publication]
        guard row.reason == .deadLettered, row.sendings.first < 0, let sent else { return told ?? sent }
        return min(told ?? sent, sent)
    }

    /// Notes one more operation that sent it.
    private mutating func add(_ operation: Int, to publication: Int, countsAsSent: Bool) {
        let sending = sendings.count
        sendings.append(Sending(publication: publication, operation: operation))
        let last = publications[publication].sendings.last
        publications[publication].sendings.last = sending
        if last < 0 { publications[publication].sendings.first = sending } else { sendings[last].next = sending }
        publications[publication].add(table.rows[operation], countsAsSent: countsAsSent)
        if !table.rows[operation].marks.isDisjoint(with: [.outbox, .due]) {
            publications[publication].addDelays(OperationReading(table: table, position: operation))
        }
    }
}
