internal import ThroughlineFlow
internal import ThroughlineModel

/// The ids of one span that stand under names of other conventions than the columns have. They are found by the column
/// all the same, and stay under their names in the JSON, so that a span is read as it was written.
struct ForeignIDs {
    private var found: [(name: Name, id: String)] = []

    var isEmpty: Bool { found.isEmpty }

    /// Notes an attribute if it is such an id; of several for one column the name that is to be believed first.
    mutating func note(_ element: Attributes.Element) {
        guard let name = Name(element), case .string(let id) = element.value else { return }
        guard let known = found.firstIndex(where: { $0.name.column == name.column }) else {
            return found.append((name, id))
        }
        if name.rank < found[known].name.rank { found[known] = (name, id) }
    }

    func id(for column: PromotedAttribute) -> String? { found.first { $0.name.column == column }?.id }

    /// Which column an id of that name goes into.
    struct Name {
        var column: PromotedAttribute
        var rank: Int

        /// Nil for anything else, and for a text that says nothing.
        init?(_ element: Attributes.Element) {
            let length = element.key.utf8.count
            guard length < Self.byLength.count,
                let found = Self.byLength[length].first(where: { $0.key == element.key }),
                case .string(let id) = element.value, !id.isEmpty
            else { return nil }
            self = found.name
        }

        private init(column: PromotedAttribute, rank: Int) {
            self.column = column
            self.rank = rank
        }

        private static let byLength: [[(key: String, name: Name)]] = {
            var table: [[(key: String, name: Name)]] = []
            let names = [
                (PromotedAttribute.messageID, IDNames.message), (.correlation, IDNames.correlation),
                (.causationID, IDNames.causation),
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
