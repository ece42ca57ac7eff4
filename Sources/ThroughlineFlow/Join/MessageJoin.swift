import ThroughlineModel

/// Finds which operation publishes which message, and which operation handles which.
struct MessageJoin: Sendable {
    /// One message that one operation handles.
    struct Handling: Sendable {
        @Narrow var operation: Int
        @Narrow var message: Int
        /// The operation whose context the message carried, when it is there and publishes the message.
        @Compact var sender: Int?
        var evidence: Evidence
        /// The link that describes the message, by its place in the table's column of members; nil for none.
        @Compact var member: Int?
        @Narrow var batchSize: Int
    }

    var messages: MessageTable
    /// By operation: the messages that it publishes.
    private(set) var published: Lists
    /// In the order of the operations that handle.
    var handlings: [Handling] = []
    private(set) var conflicts: [Conflict] = []

    /// By message: how many operations publish it, and the first of them in time.
    private var publishers: [(count: Int, first: Int)] = []
    /// By operation, from the first of ``operations``: the place of the first handling that it is.
    private var firstHandling: [Int] = [0]
    private let operations: Range<Int>
    private var besides = SendersBeside()
    let table: OperationTable

    /// - Parameter operations: those of the flows that will be joined.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        self.operations = operations
        messages = MessageTable(table, operations)
        published = Lists(firstKey: operations.lowerBound)
        let count = operations.count
        published.reserveCapacity(count)
        handlings.reserveCapacity(count)
        publishers.reserveCapacity(count / 2)
        firstHandling.reserveCapacity(count + 1)
    }

    /// Joins one flow; they come in order.
    mutating func join(_ flow: Range<Int>) {
        messages.beginFlow()
        besides = SendersBeside(table, flow)
        let batches = namesOfBatches(flow)
        for position in flow {
            if let names = batches[position] {
                for name in names { publish(messages.number(name), by: position) }
            } else if table.publishes(position) {
                publish(position)
            }
            published.close()
        }
        findAliases(flow)
        let first = handlings.count
        var listeners: [Int] = []
        let frames = frames(flow)
        for position in flow where table.handles(position) && !frames.contains(position) {
            if isListener(position) {
                listeners.append(position)
            } else {
                handle(position)
            }
        }
        index(flow, from: first)
        guard !listeners.isEmpty else { return }
        inherit(listeners, from: first)
        handlings[first...].sort { $0.operation < $1.operation }
        firstHandling.removeLast(flow.count)
        index(flow, from: first)
    }

    private mutating func index(_ flow: Range<Int>, from first: Int) {
        var place = first
        for position in flow {
            while place < handlings.count, handlings[place].operation == position { place += 1 }
            firstHandling.append(place)
        }
    }

    /// The places of the handlings that an operation is.
    func handled(_ position: Int) -> Range<Int> {
        let place = position - operations.lowerBound
        return firstHandling[place]..<firstHandling[place + 1]
    }

    /// The messages that any kind of operation is about.
    func messages(of position: Int) -> [Int] {
        let published = published[position]
        return published.isEmpty ? handled(position).map { handlings[$0].message } : Array(published)
    }

    /// The first operation that publishes a message.
    func firstPublisher(of message: Int) -> Int? {
        message < publishers.count && publishers[message].count > 0 ? publishers[message].first : nil
    }

    private func publishes(_ operation: Int, _ message: Int) -> Bool {
        guard let first = firstPublisher(of: message) else { return false }
        return first == operation || publishers[message].count > 1 && published[operation].contains(message)
    }

    private mutating func publish(_ position: Int) {
        if table.rows[position].messageID.isPresent {
            return publish(messages.number(table.rows[position].messageID), by: position)
        }
        var found: [Int] = []
        for member in table.rows[position].members.range {
            if table.members[member].messageID.isPresent {
                found.append(messages.number(table.members[member].messageID))
            } else if let created = table.position(of: table.members[member].target, near: position)
                .flatMap({ created(by: $0) })
            {
                found.append(created)
            }
        }
        if !found.isEmpty {
            for message in found.count == 1 ? found : found.uniqued() { publish(message, by: position) }
        } else if table.rows[position].operation == .send,
            let message = table.parent(of: position).flatMap({ created(by: $0) })
        {
            publish(message, by: position)
        } else {
            publish(messages.number(table.rows[position].id), by: position)
        }
    }

    private mutating func publish(_ message: Int, by position: Int) {
        published.append(message)
        while publishers.count <= message { publishers.append((0, -1)) }
        if publishers[message].count == 0 { publishers[message].first = position }
        publishers[message].count += 1
    }

    /// The message that a `create` operation made; nil for any other operation.
    private mutating func created(by position: Int) -> Int? {
        guard table.rows[position].operation == .create else { return nil }
        let id = table.rows[position].messageID
        return id.isPresent ? messages.number(id) : messages.number(table.rows[position].id)
    }

    /// The sender whose context arrived as the parent's, or stood beside it.
    func parentSender(of position: Int) -> Int? {
        if let parent = table.parent(of: position), table.publishes(parent) { return parent }
        return besides.sender(of: position)
    }

    mutating func handle(_ position: Int) {
        let id = table.rows[position].messageID
        let members = table.rows[position].members.range
        let batchSize = table.rows[position].batchSize
        guard !id.isPresent, members.count > 1 else {
            let named = id.isPresent || members.isEmpty ? id : table.members[members.lowerBound].messageID
            let handling = handling(position, id: named, members: members, size: batchSize ?? 1)
            handlings.append(handling)
            return
        }
        var seen: Set<Int> = []
        let size = max(members.count, batchSize ?? 0)
        for member in members {
            let id = table.members[member].messageID
            let handling = handling(position, id: id, members: member..<member + 1, size: size)
            if seen.insert(handling.message).inserted { handlings.append(handling) }
        }
    }

    private mutating func handling(_ position: Int, id: Name, members: Range<Int>, size: Int) -> Handling {
        let parent = parentSender(of: position)
        var linked: Int?
        var context: Int?
        for member in members where table.members[member].hasContext {
            context = context ?? member
            if linked == nil, let target = target(of: member, near: position, parent), table.publishes(target) {
                linked = target
            }
        }
        var result = Handling(
            operation: position, message: -1, evidence: .messageID, member: members.first, batchSize: max(1, size))
        let sender = parent ?? linked
        if let sender {
            result.evidence = sender == parent ? .parent : .link
            result.sender = sender
        }
        if let parent, let linked { report(parent, linked, position) }
        if id.isPresent {
            resolve(id, &result, parent, linked)
        } else if let sender, let message = published.only(of: sender) {
            result.message = message
        } else if let context {
            // Whoever else handles this lost message carries the same context.
            result.message = messages.number(table.members[context].target)
        } else if table.parent(of: position) == nil, let parentID = table.rows[position].parentID {
            result.message = messages.number(parentID)
        } else {
            result.message = messages.number(table.rows[position].id)
        }
        return result
    }

    /// The link of a single message mostly names the parent once more, which is known already.
    private func target(of member: Int, near position: Int, _ parent: Int?) -> Int? {
        let target = table.members[member].target
        if let parent, table.rows[parent].id == target { return parent }
        return table.position(of: target, near: position)
    }

    /// Settles which message is meant when the handler names one. The sender whose context arrived is the stronger
    /// evidence, unless it is known to have leaked.
    private mutating func resolve(_ id: Name, _ result: inout Handling, _ parent: Int?, _ linked: Int?) {
        let own = messages.number(id)
        result.message = own
        if let parent, publishes(parent, own) {
            (result.sender, result.evidence) = (parent, .parent)
            return
        }
        if let linked, publishes(linked, own) {
            (result.sender, result.evidence) = (linked, linked == parent ? .parent : .link)
            return
        }
        guard let sender = result.sender else { return }
        let isPublished = firstPublisher(of: own) != nil
        guard let sent = published.only(of: sender) else {
            // One of several that the sender cannot tell apart.
            if isPublished { withoutSender(&result) }
            return
        }
        if case .created = messages.keys[sent] {
            // A batch that was sent without ids.
            if isPublished { withoutSender(&result) }
        } else if isPublished {
            report(.message, result.operation, (sent, result.evidence), (own, .messageID))
            result.message = sent
        } else {
            // Its id is a name of its own although the context names another: the context has leaked.
            report(.message, result.operation, (own, .messageID), (sent, result.evidence))
            withoutSender(&result)
        }
    }

    private func withoutSender(_ result: inout Handling) {
        result.sender = nil
        result.evidence = .messageID
    }

    private mutating func report(_ parent: Int, _ linked: Int, _ position: Int) {
        guard parent != linked, Set(published[parent]).isDisjoint(with: published[linked]) else { return }
        conflicts.append(
            Conflict(
                subject: .sender, place: .operation(table.rows[position].id), kept: name(of: parent),
                keptEvidence: .parent, dismissed: name(of: linked), dismissedEvidence: .link))
    }

    private func name(of position: Int) -> String {
        let reading = OperationReading(table: table, position: position)
        return "\(reading.service) · \(reading.record.name)"
    }

    private mutating func report(
        _ subject: Conflict.Subject, _ position: Int, _ kept: (message: Int, evidence: Evidence),
        _ dismissed: (message: Int, evidence: Evidence)
    ) {
        conflicts.append(
            Conflict(
                subject: subject, place: .operation(table.rows[position].id),
                kept: table.id(messages.keys[kept.message]).description, keptEvidence: kept.evidence,
                dismissed: table.id(messages.keys[dismissed.message]).description,
                dismissedEvidence: dismissed.evidence))
    }
}

extension OperationTable {
    /// What a message is called outside.
    func id(_ key: MessageKey) -> Message.ID {
        switch key {
        case .named(let name):
            switch names.number(of: name) {
            case 1: .named(names[name])
            case let number: .namesake(names[name], number)
            }
        case .created(let operation): .created(operation)
        }
    }
}
