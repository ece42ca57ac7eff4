import ThroughlineModel

extension MessageJoin {
    /// A sender may name none of the messages of its batch, and hand one context on with all of them. Where as many ids
    /// arrived with that context as the batch has messages, these are what it sent.
    ///
    /// - Returns: the ids by sender, in the order in which they arrived.
    func namesOfBatches(_ flow: Range<Int>) -> [Int: [Name]] {
        guard flow.contains(where: sendsNamelessBatch) else { return [:] }
        var names: [Int: [Name]] = [:]
        var seen: Set<Arrival> = []
        func note(_ name: Name, _ sender: Int?) {
            guard name.isPresent, let sender, sendsNamelessBatch(sender) else { return }
            if seen.insert(Arrival(name: name, sender: sender)).inserted { names[sender, default: []].append(name) }
        }
        for position in flow where table.handles(position) {
            let members = table.rows[position].members.range
            if table.rows[position].messageID.isPresent {
                note(table.rows[position].messageID, sender(of: position))
            } else {
                for member in table.members[members] {
                    note(member.messageID, table.position(of: member.target, near: position))
                }
            }
        }
        return names.filter { sender, names in names.count == table.rows[sender].batchSize }
    }

    /// The messages of a batch of which a span tells the number and nothing else.
    func isUnnamedBatch(_ handling: Handling) -> Bool {
        handling.batchSize > 1 && handling.sender == nil && handling.member == nil
            && !table.rows[handling.operation].messageID.isPresent
    }

    /// The operations that pulled messages and tell nothing of them, which others handle inside them one by one: those of
    /// batches, and pulls into which no context arrived.
    func frames(_ flow: Range<Int>) -> Set<Int> {
        var frames: Set<Int> = []
        for position in flow where table.handles(position) {
            guard let parent = table.parent(of: position), table.handles(parent), parentSender(of: parent) == nil,
                !isListener(position)
            else { continue }
            let row = table.rows[parent]
            let isPull = row.operation == .receive && (row.parentSpan == nil || row.parent >= 0)
            if row.batchSize ?? 1 > 1 || isPull, !row.messageID.isPresent, row.members.isEmpty { frames.insert(parent) }
        }
        return frames
    }

    private struct Arrival: Hashable {
        var name: Name
        var sender: Int
    }

    private func sendsNamelessBatch(_ position: Int) -> Bool {
        table.rows[position].batchSize ?? 1 > 1 && table.publishes(position)
            && !table.rows[position].messageID.isPresent && table.rows[position].members.isEmpty
    }
}
