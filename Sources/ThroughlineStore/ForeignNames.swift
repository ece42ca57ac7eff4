internal import ThroughlineFlow
internal import ThroughlineModel

/// What one span tells under names of other conventions than the columns have. It is found by the columns all the same,
/// and stays under its names in the JSON, so that a span is read as it was written.
struct ForeignNames {
    private var found: [(name: Name, text: String)] = []
    /// True when some attribute may say that a message was given up.
    private(set) var mayGiveUp = false

    /// Notes an attribute if it has such a name; of several for one column the one that is to be believed first.
    mutating func note(_ element: Attributes.Element) {
        guard let name = Name(element.key), case .string(let text) = element.value, !text.isEmpty else { return }
        if name.column == .settlement {
            mayGiveUp = mayGiveUp || Trouble.mayTell(text)
            return
        }
        guard let known = found.firstIndex(where: { $0.name.column == name.column }) else {
            return found.append((name, text))
        }
        if name.rank < found[known].name.rank { found[known] = (name, text) }
    }

    /// The texts for columns that nothing in the span has by its own name.
    func texts(besides attributes: Attributes) -> [(column: PromotedAttribute, text: String)] {
        found.compactMap { name, text in
            if case .string = attributes[name.column.key] { nil } else { (name.column, text) }
        }
    }

    /// Which column a text of that name goes into.
    private struct Name {
        var column: PromotedAttribute
        var rank: Int

        /// Nil for a name that is none of these.
        init?(_ key: String) {
            let length = key.utf8.count
            guard length < Self.byLength.count, let found = Self.byLength[length].first(where: { $0.key == key }) else {
                return nil
            }
            self = found.name
        }

        private init(column: PromotedAttribute, rank: Int) {
            self.column = column
            self.rank = rank
        }

        private static let byLength: [[(key: String, name: Name)]] = {
            var table: [[(key: String, name: Name)]] = []
            let names = [
                (PromotedAttribute.messageID, AttributeNames.messageID),
                (.correlation, AttributeNames.correlationID), (.causationID, AttributeNames.causationID),
                (.destination, AttributeNames.destination), (.settlement, AttributeNames.settlement),
            ]
            for (column, names) in names {
                for (rank, key) in names.enumerated() where key != column.key {
                    while table.count <= key.utf8.count { table.append([]) }
                    table[key.utf8.count].append((key, Name(column: column, rank: rank)))
                }
            }
            return table
        }()
    }
}
