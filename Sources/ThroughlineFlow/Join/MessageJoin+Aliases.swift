extension MessageJoin {
    /// A broker may give a message an id that its sender never learnt. Where a sender's context arrived with such an
    /// id, it is another name of the message that the sender published; unless several such ids arrived with the
    /// context of one message: then the context has leaked from one message to the next, and proves nothing.
    mutating func findAliases(_ flow: Range<Int>) {
        var aliases: [Int: Set<Name>] = [:]
        for position in flow where table.handles(position) {
            let id = table.rows[position].messageID
            let members = table.rows[position].members
            if !id.isPresent, members.count > 1 {
                for member in table.members[members.range] {
                    note(member.messageID, table.position(of: member.target, near: position), &aliases)
                }
            } else {
                let named = id.isPresent || members.isEmpty ? id : table.members[Int(members.start)].messageID
                guard named.isPresent, messages.find(named) == nil else { continue }
                note(named, sender(of: position), &aliases)
            }
        }
        for message in aliases.keys.sorted() {
            if let ids = aliases[message], ids.count == 1, let id = ids.first { messages.alias(id, of: message) }
        }
    }

    private func note(_ id: Name, _ sender: Int?, _ aliases: inout [Int: Set<Name>]) {
        guard id.isPresent, let sender, table.publishes(sender), let message = published.only(of: sender),
            messages.find(id) == nil
        else { return }
        aliases[message, default: []].insert(id)
    }

    /// The sender whose context arrived: the parent, else the target of a link.
    func sender(of position: Int) -> Int? {
        if let parent = parentSender(of: position) { return parent }
        for member in table.rows[position].members.range {
            if let target = table.position(of: table.members[member].target, near: position), table.publishes(target) {
                return target
            }
        }
        return nil
    }
}
