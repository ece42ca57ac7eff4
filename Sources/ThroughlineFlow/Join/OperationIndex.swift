import ThroughlineModel

/// The operations of one flow by position, from 0 and in time order: its part of the table.
struct OperationIndex: Sendable {
    let table: OperationTable
    private let flow: Int32
    private let base: Int
    let count: Int

    init(_ table: OperationTable, _ flow: Assembly.Extent) {
        self.table = table
        self.flow = Int32(truncatingIfNeeded: flow.number)
        base = flow.operations.lowerBound
        count = flow.operations.count
    }

    var indices: Range<Int> { 0..<count }

    subscript(position: Int) -> Operation { Operation(reading(position)) }

    func row(_ position: Int) -> OperationRow { table.rows[base + position] }

    func reading(_ position: Int) -> OperationReading { OperationReading(table: table, position: base + position) }

    /// Nil when the operation is not about messages.
    func messaging(_ position: Int) -> OperationReading? {
        table.rows[base + position].isMessaging ? reading(position) : nil
    }

    func links(of position: Int) -> ArraySlice<LinkRow> { table.links[row(position).links.range] }

    func publishes(_ position: Int) -> Bool { table.publishes(base + position) }

    func handles(_ position: Int) -> Bool { table.handles(base + position) }

    func id(_ position: Int) -> Operation.ID { table.rows[base + position].id }

    func position(of id: Operation.ID) -> Int? { table.position(of: id, inFlow: flow).map { $0 - base } }

    func position(of context: SpanContext) -> Int? { position(of: Operation.ID(context)) }

    func parent(of position: Int) -> Int? { table.parent(of: base + position).map { $0 - base } }

    /// The parent, its parent and so on, nearest first.
    func ancestors(of position: Int) -> [Int] { table.ancestors(of: base + position).map { $0 - base } }

    /// The nearest ancestor that meets the condition, the operation itself left out.
    func nearestAncestor(of position: Int, where condition: (Int) -> Bool) -> Int? {
        table.nearestAncestor(of: base + position) { condition($0 - base) }.map { $0 - base }
    }

    /// The operation in whose handling of messages this one ran; see ``OperationTable/handler(of:)``.
    func handler(of position: Int) -> Int? { table.handler(of: base + position).map { $0 - base } }

    /// The children of every operation, in time order.
    var children: Lists {
        var keys: [Int] = []
        var values: [Int] = []
        for position in indices {
            guard let parent = parent(of: position), parent != position else { continue }
            keys.append(parent)
            values.append(position)
        }
        return Lists(count: count, keys: keys, values: values)
    }
}
