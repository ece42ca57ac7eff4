import ThroughlineModel

/// Finds which operation publishes which message, and which operation handles which.
struct MessageJoin: Sendable {
    /// One message that one operation handles.
    struct Handling: Sendable {
        var operation: Int
        var message: Int
        /// The operation whose context the message carried, when it is there and publishes the message.
        var sender: Int?
        var evidence: Evidence
        /// The link that describes the message, by its place among the members; nil for none.
        var member: Int?
        var batchSize: Int
    }

    private(set) var messages: MessageTable
    /// By operation: the messages that it publishes.
    private(set) var published = Lists()
    /// In the order of the operations that handle.
    private(set) var handlings: [Handling] = []
    /// By operation: the handlings that it is.
    private(set) var handled: Lists
    /// By message: the operations that publish it, in time order.
    private(set) var publishers: Lists
    private(set) var conflicts: [Conflict] = []

    private let index: OperationIndex

    init(_ index: OperationIndex) {
        self.index = index
        messages = MessageTable(capacity: index.count / 2)
        publishers = Lists(count: 0, keys: [], values: [])
        handled = publishers
        publish()
        findAliases()
        var receivers: [Int] = []
        for position in index.operations.indices where index.handles(position) {
            if isListener(position) {
                receivers.append(position)
            } else {
                handle(position)
            }
        }
        handled = Lists(
            count: index.count, keys: handlings.map(\.operation), values: Array(handlings.indices))
        if !receivers.isEmpty { inherit(receivers) }
    }

    /// The messages that any kind of operation is about.
    func messages(of position: Int) -> [Int] {
        let published = published[position]
        return published.isEmpty ? handled[position].map { handlings[$0].message } : Array(published)
    }

    private mutating func publish() {
        var keys: [Int] = []
        var values: [Int] = []
        keys.reserveCapacity(index.count / 2)
        values.reserveCapacity(index.count / 2)
        published.reserveCapacity(index.count)
        handlings.reserveCapacity(index.count)
        for position in index.operations.indices {
            if index.publishes(position) {
                for message in messagesPublished(by: position) {
                    published.append(message)
                    keys.append(message)
                    values.append(position)
                }
            }
            published.close()
        }
        publishers = Lists(count: messages.count, keys: keys, values: values)
    }

    private mutating func messagesPublished(by position: Int) -> [Int] {
        guard let view = index.messaging(position) else { return [] }
        if let id = view.messageID { return [messages.number(id)] }
        if !view.members.isEmpty {
            var found: [Int] = []
            for member in view.members {
                if let id = member.messageID {
                    found.append(messages.number(id))
                } else if let created = index.position(of: member.context).flatMap({ created(by: $0) }) {
                    found.append(created)
                }
            }
            if !found.isEmpty { return found.count == 1 ? found : found.uniqued() }
        }
        if view.operation == .send, let parent = index.parent(of: position), let message = created(by: parent) {
            return [message]
        }
        return [messages.number(index.reading(position).id)]
    }

    /// The message that a `create` operation made; nil for any other operation.
    private mutating func created(by position: Int) -> Int? {
        guard let view = index.messaging(position), view.operation == .create else { return nil }
        return view.messageID.map { messages.number($0) } ?? messages.number(index.reading(position).id)
    }

    private func isPublished(_ message: Int) -> Bool { message < publishers.count && !publishers[message].isEmpty }

    /// A broker may give a message an id that its sender never learnt. Where a sender's context arrived with such an
    /// id, it is another name of the message that the sender published; unless several such ids arrived with the
    /// context of one message: then the context has leaked from one message to the next, and proves nothing.
    private mutating func findAliases() {
        var aliases: [Int: Set<String>] = [:]
        for position in index.operations.indices where index.handles(position) {
            guard let view = index.messaging(position) else { continue }
            if view.messageID == nil, view.members.count > 1 {
                for member in view.members {
                    note(member.messageID, index.position(of: member.context), &aliases)
                }
            } else {
                note(view.messageID ?? view.members.first?.messageID, sender(of: position), &aliases)
            }
        }
        for (message, ids) in aliases where ids.count == 1 {
            if let id = ids.first { messages.alias(id, of: message) }
        }
    }

    private func note(_ id: String?, _ sender: Int?, _ aliases: inout [Int: Set<String>]) {
        guard let id, let sender, index.publishes(sender), published[sender].count == 1,
            let message = published[sender].first, messages.find(id) == nil
        else { return }
        aliases[message, default: []].insert(id)
    }

    /// The sender whose context arrived: the parent, else the target of a link.
    private func sender(of position: Int) -> Int? {
        if let parent = index.parent(of: position), index.publishes(parent) { return parent }
        for member in index.reading(position).members {
            if let target = index.position(of: member.context), index.publishes(target) { return target }
        }
        return nil
    }

    /// The listener of a message that a receive operation pulled, and which says nothing about it itself.
    private func isListener(_ position: Int) -> Bool {
        guard let view = index.messaging(position), view.operation == .process, view.messageID == nil,
            view.members.isEmpty, let parent = index.parent(of: position)
        else { return false }
        return index.reading(parent).operation == .receive
    }

    private mutating func inherit(_ listeners: [Int]) {
        for position in listeners {
            let pulled = index.parent(of: position).map { handled[$0] } ?? []
            if pulled.count == 1, let first = pulled.first {
                var handling = handlings[first]
                handling.operation = position
                handling.member = nil
                handlings.append(handling)
            } else {
                handle(position)
            }
        }
        handlings.sort { $0.operation < $1.operation }
        handled = Lists(count: index.count, keys: handlings.map(\.operation), values: Array(handlings.indices))
    }

    private mutating func handle(_ position: Int) {
        guard let view = index.messaging(position) else { return }
        let members = view.members
        guard view.messageID == nil, members.count > 1 else {
            handlings.append(
                handling(
                    position, id: view.messageID ?? members.first?.messageID, members: members.indices,
                    size: view.batchSize ?? 1))
            return
        }
        var seen: Set<Int> = []
        let size = max(members.count, view.batchSize ?? 0)
        for (place, member) in members.enumerated() {
            let handling = handling(position, id: member.messageID, members: place..<place + 1, size: size)
            if seen.insert(handling.message).inserted { handlings.append(handling) }
        }
    }

    private mutating func handling(_ position: Int, id: String?, members: Range<Int>, size: Int) -> Handling {
        let operation = index.reading(position)
        let described = operation.members
        let parent = index.parent(of: position).flatMap { index.publishes($0) ? $0 : nil }
        var linked: Int?
        var context: Int?
        for member in members where described[member].context.isValid {
            context = context ?? member
            if linked == nil, let target = index.position(of: described[member].context), index.publishes(target) {
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
        if let id {
            resolve(id, &result, parent, linked)
        } else if let sender, published[sender].count == 1, let message = published[sender].first {
            result.message = message
        } else if let context {
            // Whoever else handles this lost message carries the same context.
            result.message = messages.number(Operation.ID(described[context].context))
        } else if index.parent(of: position) == nil, let parentID = index[position].parentID {
            result.message = messages.number(parentID)
        } else {
            result.message = messages.number(operation.id)
        }
        return result
    }

    /// Settles which message is meant when the handler names one. The sender whose context arrived is the stronger
    /// evidence, unless it is known to have leaked.
    private mutating func resolve(_ id: String, _ result: inout Handling, _ parent: Int?, _ linked: Int?) {
        let own = messages.number(id)
        result.message = own
        for sender in [parent, linked].compactMap(\.self) where published[sender].contains(own) {
            result.sender = sender
            result.evidence = sender == parent ? .parent : .link
            return
        }
        guard let sender = result.sender else { return }
        guard published[sender].count == 1, let sent = published[sender].first else {
            // One of several that the sender cannot tell apart.
            if isPublished(own) { withoutSender(&result) }
            return
        }
        if case .created = messages.ids[sent] {
            // A batch that was sent without ids.
            if isPublished(own) { withoutSender(&result) }
        } else if isPublished(own) {
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
        guard parent != linked, !published[parent].contains(where: published[linked].contains) else { return }
        conflicts.append(
            Conflict(
                subject: .sender, place: .operation(index.reading(position).id),
                kept: "\(index.reading(parent).service) · \(index.reading(parent).record.name)", keptEvidence: .parent,
                dismissed: "\(index.reading(linked).service) · \(index.reading(linked).record.name)",
                dismissedEvidence: .link))
    }

    private mutating func report(
        _ subject: Conflict.Subject, _ position: Int, _ kept: (message: Int, evidence: Evidence),
        _ dismissed: (message: Int, evidence: Evidence)
    ) {
        conflicts.append(
            Conflict(
                subject: subject, place: .operation(index.reading(position).id),
                kept: messages.ids[kept.message].description, keptEvidence: kept.evidence,
                dismissed: messages.ids[dismissed.message].description, dismissedEvidence: dismissed.evidence))
    }
}
