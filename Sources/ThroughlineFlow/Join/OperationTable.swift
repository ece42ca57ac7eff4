import ThroughlineModel

/// The operations of any number of flows as rows: flow after flow, each in time order.
///
/// Everything that is joined of them refers to a row by its position. A flow is a range of positions, and only what is
/// in that range exists for it.
final class OperationTable: Sendable {
    let records: [SpanRecord]
    let rows: [OperationRow]
    let links: [LinkRow]
    let members: [MemberRow]
    let causes: [Name]
    let names: NameTable
    /// By flow: where it begins; the last one is where all end.
    let starts: [Int]

    private let spans: HashTable
    /// By number in ``spans``: the position; empty where they are the same.
    private let places: [Int32]

    /// - Parameters:
    ///   - unique: the operations; its rows are taken out of it, so that they can be arranged where they lie.
    ///   - arrangement: where each of them goes.
    init(_ unique: inout UniqueRows, _ arrangement: Arrangement) {
        records = unique.records
        links = unique.columns.links
        members = unique.columns.members
        causes = unique.columns.causes
        names = unique.columns.names
        spans = unique.spans
        starts = arrangement.starts
        let isPlain = arrangement.isPlain
        places = isPlain ? [] : arrangement.places
        rows = Self.arrange(unique.takeRows(), arrangement, isPlain: isPlain)
    }

    private static func arrange(
        _ rows: [OperationRow], _ arrangement: Arrangement, isPlain: Bool
    ) -> [OperationRow] {
        if !isPlain {
            return SideBySide.array(rows.count) { position in
                var row = rows[Int(arrangement.order[position])]
                arrangement.place(&row, at: position)
                return row
            }
        }
        var rows = rows
        SideBySide.change(&rows) { arrangement.place(&$1, at: $0) }
        return rows
    }

    /// A table of one operation.
    convenience init(_ record: SpanRecord) {
        var unique = UniqueRows(CollectionOfOne(record))
        self.init(&unique, Arrangement(unique.rows, sets: [0]))
    }

    func publishes(_ position: Int) -> Bool { rows[position].publishes }

    func handles(_ position: Int) -> Bool { rows[position].handles }

    func parent(of position: Int) -> Int? {
        let parent = Int(rows[position].parent)
        return parent < 0 ? nil : parent
    }

    /// Where the span of that id is.
    func position(of id: Operation.ID, inFlow flow: Int32) -> Int? {
        let found = spans.find(Hash.of(id)) { rows[place($0)].id == id }.map(place)
        return found.flatMap { rows[$0].flow == flow ? $0 : nil }
    }

    private func place(_ number: Int) -> Int { places.isEmpty ? number : Int(places[number]) }

    func position(of id: Operation.ID, near position: Int) -> Int? {
        self.position(of: id, inFlow: rows[position].flow)
    }

    /// The parent, its parent and so on, nearest first; ends where the records contradict themselves in a circle.
    func ancestors(of position: Int) -> [Int] {
        var found: [Int] = []
        _ = nearestAncestor(of: position) { ancestor in
            found.append(ancestor)
            return false
        }
        return found
    }

    /// The nearest ancestor that meets the condition, the operation itself left out.
    func nearestAncestor(of position: Int, where condition: (Int) -> Bool) -> Int? {
        let flow = Int(rows[position].flow)
        let count = starts[flow + 1] - starts[flow]
        var current = Int(rows[position].parent)
        var steps = 0
        while current >= 0, current != position, steps < count {
            if condition(current) { return current }
            current = Int(rows[current].parent)
            steps += 1
        }
        return nil
    }

    /// The operation in whose handling of messages this one ran. A sender of another service ends the search: what
    /// lies beyond it happened on the other side of the broker.
    func handler(of position: Int) -> Int? {
        let service = rows[position].service
        let found = nearestAncestor(of: position) { ancestor in
            handles(ancestor) || publishes(ancestor) && rows[ancestor].service != service
        }
        return found.flatMap { handles($0) ? $0 : nil }
    }
}
