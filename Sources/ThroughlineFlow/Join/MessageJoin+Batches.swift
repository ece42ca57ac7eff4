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

    private struct Arrival: Hashable {
        var name: Name
        var sender: Int
    }

    private func sendsNamelessBatch(_ position: Int) -> Bool {
        table.rows[position].batchSize ?? 1 > 1 && table.publishes(position)
            && !table.rows[position].messageID.isPresent && table.rows[position].members.isEmpty
    }
}
