import ThroughlineModel

/// Records as a flow wants them: each span once and read.
struct UniqueRows: Sendable {
    private var unique: UniqueRecords
    /// In the order in which the records came.
    var rows: [OperationRow]
    var columns: OperationColumns

    var records: [SpanRecord] { unique.records }
    /// The positions of the rows, by the ids of their spans.
    var spans: HashTable { unique.spans }

    init(_ records: some Sequence<SpanRecord>) {
        unique = UniqueRecords(records)
        (rows, columns) = OperationColumns.read(unique.records, unique.places)
        findParents()
        findVainPulls()
    }

    private mutating func findParents() {
        let parents = recordedParents()
        SideBySide.change(&rows) { $1.parent = parents[$0] }
        for position in rows.indices where rows[position].parentSpan != nil {
            if rows[position].parent < 0, let other = otherParent(of: position) {
                rows[position].parent = Int32(truncatingIfNeeded: other)
            }
            if rows[position].parent >= 0 { findDestination(of: position, pulledBy: Int(rows[position].parent)) }
        }
    }

    /// By row: its parent, -1 where there is none.
    private func recordedParents() -> [Int32] {
        SideBySide.array(rows.count) { [rows, spans] position in
            guard let parent = rows[position].parentID else { return -1 }
            return Int32(truncatingIfNeeded: spans.find(Hash.of(parent)) { rows[$0].id == parent } ?? -1)
        }
    }

    /// A pull handles a message where it says so itself, where the context that it runs in arrived with the message, or
    /// where a message is handled, sent or settled inside it. Any other one asked the broker and, for all that was
    /// recorded, was given nothing.
    private mutating func findVainPulls() {
        var vain = Set(rows.indices.filter { rows[$0].operation == .receive && !tellsOfMessage($0) })
        if vain.isEmpty { return }
        for row in rows where row.parent >= 0 && row.operation != nil {
            if row.operation != .receive || row.tellsOfMessage { vain.remove(Int(row.parent)) }
        }
        for position in vain { rows[position].handles = false }
    }

    private func tellsOfMessage(_ position: Int) -> Bool {
        let row = rows[position]
        if row.tellsOfMessage { return true }
        if row.batchSize == 0 || row.parentSpan == nil { return false }
        guard row.parent >= 0 else {
            // Conventions have CLIENT for what merely asks, below whatever asked.
            return row.kind == .consumer || records[Int(row.record)].parentIsRemote
        }
        let parent = rows[Int(row.parent)]
        if parent.publishes || parent.service == row.service { return parent.publishes }
        // Datadog's agents call what a client does inside `shop` by the name of `shop-rabbitmq`.
        let (own, other) = (columns.names[row.service], columns.names[parent.service])
        return !own.hasPrefix("\(other)-")
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

    /// The positions of the rows, in time order.
    func timeOrder() -> [Int] { rows.indices.sorted { rows[$0].isBefore(rows[$1]) } }
}

extension OperationRow {
    /// It says something that nobody can know who has no message.
    fileprivate var tellsOfMessage: Bool {
        messageID.isPresent || !members.isEmpty || batchSize ?? 0 > 0 || correlationID.isPresent
            || ownCorrelationID.isPresent || !causes.isEmpty || type.isPresent || attempt != nil || enqueuedTime != nil
            || queueTime != nil || settlement != nil || marks.contains(.content)
    }
}
