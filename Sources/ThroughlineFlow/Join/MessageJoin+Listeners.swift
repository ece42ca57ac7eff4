import ThroughlineModel

extension MessageJoin {
    /// The listener of a message that a receive operation pulled, and which says nothing about it itself.
    func isListener(_ position: Int) -> Bool {
        !table.rows[position].messageID.isPresent && table.rows[position].operation == .process
            && table.rows[position].members.isEmpty && pull(around: position) != nil
    }

    /// The receive operation that pulled what this one handles.
    private func pull(around position: Int) -> Int? {
        table.parent(of: position).flatMap { table.rows[$0].operation == .receive ? $0 : nil }
    }

    /// Gives listeners what was pulled for them.
    mutating func inherit(_ listeners: [Int], from firstOfFlow: Int) {
        let listenersOfPull = Dictionary(grouping: listeners) { pull(around: $0) ?? $0 }
        var batches: Set<Int> = []
        for position in listeners {
            guard let pull = pull(around: position), handled(pull).count == 1, let first = handled(pull).first else {
                handle(position)
                continue
            }
            var handling = handlings[first]
            handling.operation = position
            handling.member = nil
            if isUnknown(handling, pulledBy: pull), (listenersOfPull[pull]?.count ?? 0) > 1 {
                handling.batchSize = 1
                // The first keeps the number that the pulling had, so that no message is left without anything.
                if !batches.insert(pull).inserted { handling.message = messages.number(table.rows[position].id) }
            }
            handlings.append(handling)
        }
        if batches.isEmpty { return }
        let kept = handlings[firstOfFlow...].filter { !batches.contains($0.operation) }
        handlings.replaceSubrange(firstOfFlow..., with: kept)
    }

    /// Nothing arrived with what was pulled: several listeners of it then have a message each, not one message again
    /// and again.
    private func isUnknown(_ handling: Handling, pulledBy pull: Int) -> Bool {
        let row = table.rows[pull]
        return handling.sender == nil && !row.messageID.isPresent && row.members.isEmpty && row.parentSpan == nil
    }
}
