import ThroughlineModel

/// Records as a flow wants them: each span once and read, in an order that does not depend on how they came.
struct UniqueRows {
    private var unique: UniqueRecords
    /// In the order in which the records came.
    var rows: [OperationRow]
    /// The positions of the rows, in time order.
    private(set) var order: [Int] = []
    var columns: OperationColumns

    var records: [SpanRecord] { unique.records }
    /// The positions of the rows, by the ids of their spans.
    var spans: HashTable { unique.spans }

    init(_ records: some Sequence<SpanRecord>) {
        unique = UniqueRecords(records)
        (rows, columns) = OperationColumns.read(unique.records, unique.places)
        findParents()
        sort()
    }

    private mutating func findParents() {
        for position in rows.indices {
            guard let parent = rows[position].parentID else { continue }
            let found = row(of: parent) ?? otherParent(of: position)
            rows[position].parent = Int32(truncatingIfNeeded: found ?? -1)
            if let found { findDestination(of: position, pulledBy: found) }
        }
    }

    /// A span that had the id of its caller's side hangs from that side, and from what it named as its parent where that
    /// side was never recorded.
    private mutating func otherParent(of position: Int) -> Int? {
        let record = Int(rows[position].record)
        guard let text = records[record].attributes[SharedSpan.parentAttribute]?.stringValue,
            let parent = SpanID(hex: text),
            let found = row(of: Operation.ID(traceID: rows[position].id.traceID, spanID: parent))
        else { return nil }
        unique.records[record].parentID = parent
        rows[position].parentSpan = parent
        return found
    }

    /// A listener may leave it to the span that pulled to say where from.
    private mutating func findDestination(of position: Int, pulledBy parent: Int) {
        guard rows[position].operation == .process, !rows[position].destination.isPresent,
            rows[parent].operation == .receive
        else { return }
        rows[position].destination = rows[parent].destination
    }

    /// The conflicts, by the flow of their span.
    ///
    /// - Parameter flows: for each row its flow.
    func conflicts(byFlow flows: [Int32]) -> [Int: [Conflict]] {
        var found: [Int: [Conflict]] = [:]
        for conflict in unique.conflicts {
            guard case .operation(let id) = conflict.place, let row = row(of: id) else { continue }
            found[Int(flows[row]), default: []].append(conflict)
        }
        return found
    }

    /// Hands the rows over without copying them; afterwards there are none here.
    mutating func takeRows() -> [OperationRow] {
        var taken: [OperationRow] = []
        swap(&taken, &rows)
        return taken
    }

    /// The position of the row of a span.
    func row(of id: Operation.ID) -> Int? { unique.spans.find(Hash.of(id)) { rows[$0].id == id } }

    /// Spans that come out of one recorder or store are in time order already.
    private mutating func sort() {
        order = Array(rows.indices)
        guard !zip(order, order.dropFirst()).allSatisfy(isBefore) else { return }
        order.sort(by: isBefore)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (leftStart, rightStart) = (rows[left].start, rows[right].start)
        return leftStart == rightStart ? rows[left].id < rows[right].id : leftStart < rightStart
    }
}
