import ThroughlineModel

/// Tells messages apart that have the same id: a message id is evidence only within what can be one message.
///
/// An id that is unique by its form, as a UUID is, means one message wherever it is named. Any other may be a number that
/// every sender counts by itself: it joins what some stronger evidence joins, and what ``NamesakeGroups`` says can be one
/// message. The others get names of their own, which are written the same.
package struct Namesakes {
    /// The names of messages that are written alike, and the rows that mention each.
    private var names: [Name: [Int]] = [:]
    /// Names that only causes mention.
    private var unrecorded: Set<Name> = []

    /// - Parameter parts: for each row what something stronger than a message id joins it to.
    init(_ unique: inout UniqueRows, parts: () -> [Int]) {
        let ids = Self.doubtful(unique)
        if ids.isEmpty { return }
        let parts = parts()
        let mentions = Self.mentions(of: ids, unique)
        for id in ids {
            var parties: [NamesakeParty] = []
            var places: [Int: Int] = [:]
            for mention in mentions[id] ?? [] {
                let place = places[parts[mention.row]] ?? parties.count
                if place == parties.count { parties.append(NamesakeParty()) }
                places[parts[mention.row]] = place
                parties[place].add(mention, unique)
            }
            rename(id, parties, &unique)
        }
    }

    /// The ids that are named with several brokers, or sent to several destinations.
    private static func doubtful(_ unique: UniqueRows) -> [Name] {
        var systems = Array(repeating: Name.absent, count: unique.columns.names.count)
        var destinations = systems
        var isFound = Array(repeating: false, count: systems.count)
        var found: [Name] = []
        func look(_ id: Name, _ row: OperationRow) {
            guard id.isPresent else { return }
            var differs = row.system.isPresent && systems[id.place].isPresent && row.system != systems[id.place]
            if row.system.isPresent { systems[id.place] = row.system }
            if row.publishes, row.destination.isPresent {
                let other = destinations[id.place]
                differs = differs || other.isPresent && other != row.destination
                destinations[id.place] = row.destination
            }
            if !differs || isFound[id.place] { return }
            isFound[id.place] = true
            if !isUnique(unique.columns.names[id]) { found.append(id) }
        }
        for row in unique.rows where row.isMessaging {
            look(row.messageID, row)
            for member in unique.columns.members[row.members.range] { look(member.messageID, row) }
        }
        return found
    }

    /// Thirty-two hexadecimal digits, as a UUID has, between whatever signs.
    package static func isUnique(_ id: String) -> Bool {
        var digits = 0
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                digits += 1
            case UInt8(ascii: "-"), UInt8(ascii: "{"), UInt8(ascii: "}"): continue
            default: return false
            }
        }
        return digits == 32
    }

    private static func mentions(of ids: [Name], _ unique: UniqueRows) -> [Name: [NamesakeParty.Mention]] {
        var mentions = Dictionary(ids.map { ($0, [NamesakeParty.Mention]()) }) { first, _ in first }
        let (causes, members) = (unique.columns.causes, unique.columns.members)
        for (number, row) in unique.rows.enumerated() where row.isMessaging {
            mentions[row.messageID]?.append(.own(row: number))
            for cause in row.causes.range { mentions[causes[cause]]?.append(.cause(cause, row: number)) }
            for member in row.members.range {
                mentions[members[member].messageID]?.append(.member(member, row: number))
                for cause in members[member].causes.range {
                    mentions[causes[cause]]?.append(.cause(cause, row: number))
                }
            }
        }
        return mentions
    }

    private mutating func rename(_ id: Name, _ parties: [NamesakeParty], _ unique: inout UniqueRows) {
        let sorted = NamesakeGroups(parties)
        guard Set(sorted.groups).count > 1 else { return }
        var nameOfGroup: [Int: Name] = [:]
        for (party, group) in sorted.groups.enumerated() {
            let name = nameOfGroup[group] ?? (nameOfGroup.isEmpty ? id : unique.columns.names.namesake(of: id))
            if nameOfGroup.updateValue(name, forKey: group) == nil { unrecorded.insert(name) }
            if parties[party].kind != .cause { unrecorded.remove(name) }
            if sorted.undecided.contains(party) { unique.columns.names.leaveOpen(name) }
            for mention in parties[party].mentions {
                names[name, default: []].append(mention.row)
                unique.rename(mention, name)
            }
        }
    }

    /// Numbers the messages of each flow that are written alike: what was recorded first, then in time order.
    func number(in unique: inout UniqueRows, _ arrangement: Arrangement) {
        if names.isEmpty { return }
        let found = names.map { name, rows in
            (
                name: name, flow: rows.first.map { arrangement.flows[$0] },
                place: rows.lazy.map { arrangement.places[$0] }.min() ?? 0
            )
        }
        struct Family: Hashable {
            var text: String
            var flow: Int32?
        }
        let families = Dictionary(grouping: found) { Family(text: unique.columns.names[$0.name], flow: $0.flow) }
        for family in families.values where family.count > 1 {
            let sorted = family.sorted { left, right in
                let (leftIs, rightIs) = (unrecorded.contains(left.name), unrecorded.contains(right.name))
                return leftIs == rightIs ? left.place < right.place : rightIs
            }
            for (place, member) in sorted.enumerated() { unique.columns.names.number(member.name, as: place + 1) }
        }
    }
}

extension UniqueRows {
    fileprivate mutating func rename(_ mention: NamesakeParty.Mention, _ name: Name) {
        switch mention {
        case .own(let row): rows[row].messageID = name
        case .member(let member, _): columns.members[member].messageID = name
        case .cause(let cause, _): columns.causes[cause] = name
        }
    }
}
