import ThroughlineModel

/// Finds which operation publishes which message, and which operation handles which.
struct MessageJoin {
    /// One message that one operation handles.
    struct Handling {
        var operation: Int
        var message: Message.ID
        /// The operation whose context the message carried, when it is there and publishes the message.
        var sender: Int?
        var evidence: Evidence
        /// The context that the message carried, there or not.
        var context: SpanContext?
        var enqueuedTime: Timestamp?
        var attempt: Int?
        var batchSize: Int
    }

    /// By operation; empty for operations that publish nothing.
    private(set) var published: [[Message.ID]]
    /// By operation; empty for operations that handle nothing.
    private(set) var handled: [[Handling]]
    /// The operations that publish a message, in time order.
    private(set) var publishers: [Message.ID: [Int]] = [:]

    private let index: OperationIndex

    init(_ index: OperationIndex) {
        self.index = index
        published = Array(repeating: [], count: index.operations.count)
        handled = Array(repeating: [], count: index.operations.count)
        for position in index.operations.indices where index[position].publishes {
            published[position] = messagesPublished(by: position)
            for message in published[position] { publishers[message, default: []].append(position) }
        }
        for position in index.operations.indices where index[position].handles {
            handled[position] = messagesHandled(by: position)
        }
    }

    /// The messages that any kind of operation is about.
    func messages(of position: Int) -> [Message.ID] {
        published[position].isEmpty ? handled[position].map(\.message) : published[position]
    }

    private func messagesPublished(by position: Int) -> [Message.ID] {
        guard let view = index[position].messaging else { return [] }
        if let id = view.messageID { return [.named(id)] }
        let members = view.members.compactMap { member -> Message.ID? in
            if let id = member.messageID { return .named(id) }
            return index.position(of: member.context).flatMap(created)
        }
        if !members.isEmpty { return members.uniqued() }
        if view.operation == .send, let parent = index.parent(of: position), let message = created(by: parent) {
            return [message]
        }
        return [.created(index[position].id)]
    }

    /// The message that a `create` operation made; nil for any other operation.
    private func created(by position: Int) -> Message.ID? {
        guard let view = index[position].messaging, view.operation == .create else { return nil }
        return view.messageID.map(Message.ID.named) ?? .created(index[position].id)
    }

    private func messagesHandled(by position: Int) -> [Handling] {
        guard let view = index[position].messaging else { return [] }
        let members = view.members
        if view.messageID == nil, members.count > 1 {
            var seen: Set<Message.ID> = []
            let size = max(members.count, view.batchSize ?? 0)
            return members.map { handling(position, id: $0.messageID, contexts: [$0.context], member: $0, size: size) }
                .filter { seen.insert($0.message).inserted }
        }
        let single = handling(
            position, id: view.messageID ?? members.first?.messageID, contexts: members.map(\.context),
            member: members.first, size: view.batchSize ?? 1)
        return [single]
    }

    private func handling(
        _ position: Int, id: String?, contexts: [SpanContext], member: MessageView.Member?, size: Int
    ) -> Handling {
        let operation = index[position]
        let contexts = contexts.filter(\.isValid)
        let parent = index.parent(of: position).flatMap { index[$0].publishes ? $0 : nil }
        let linked = contexts.compactMap { index.position(of: $0) }.first { index[$0].publishes }
        var result = Handling(
            operation: position, message: .created(operation.id), evidence: .messageID, context: contexts.first,
            enqueuedTime: member?.enqueuedTime ?? operation.messaging?.enqueuedTime,
            attempt: operation.messaging?.attempt ?? member?.attempt, batchSize: max(1, size))
        if let id, publishers[.named(id)] != nil {
            result.message = .named(id)
            result.sender = [parent, linked].compactMap(\.self).first { published[$0].contains(.named(id)) }
        } else if let sender = parent ?? linked {
            // The broker gave the message an id that its sender never learnt, or it has none at all.
            result.sender = sender
            if published[sender].count == 1 {
                result.message = published[sender][0]
            } else if let id {
                result.message = .named(id)
            }
        } else if let id {
            result.message = .named(id)
        } else if let context = contexts.first {
            // Whoever else handles this lost message carries the same context.
            result.message = .created(Operation.ID(context))
        } else if index.parent(of: position) == nil, let parentID = operation.parentID {
            result.message = .created(parentID)
        }
        if let sender = result.sender { result.evidence = sender == parent ? .parent : .link }
        return result
    }
}
