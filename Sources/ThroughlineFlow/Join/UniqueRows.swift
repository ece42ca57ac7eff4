import ThroughlineModel

/// Records as a flow wants them: each span once and read, in an order that does not depend on how they came.
struct UniqueRows {
    private(set) var records: [SpanRecord]
    /// In the order in which the records came.
    var rows: [OperationRow] = []
    /// The positions of the rows, in time order.
    private(set) var order: [Int] = []
    var reader: OperationReader
    /// The positions of the rows, by the ids of their spans.
    private(set) var spans: HashTable
    /// Spans of which two ended versions arrived that say different things.
    private(set) var conflicts: [Conflict] = []
    /// Two sides of a call came under one id.
    private var hasSides = false

    /// Delivery is at least once, and a span may come as started and again as ended.
    init(_ records: some Sequence<SpanRecord>) {
        var rows = UniqueRows(all: Array(records))
        if rows.hasSides {
            // Both sides of a call under one id, as Zipkin's tracers may send them, each by itself.
            var separate = rows.records
            SharedSpan.separate(SharedSpan.calledSides(of: separate), in: &separate)
            rows = UniqueRows(all: separate)
        }
        self = rows
    }

    private init(all records: [SpanRecord]) {
        self.records = records
        reader = OperationReader(count: self.records.count)
        spans = HashTable(capacity: self.records.count)
        rows.reserveCapacity(self.records.count)
        self.records.withUnsafeBufferPointer { records in
            guard let first = records.baseAddress else { return }
            for place in records.indices { add(first + place, at: place) }
        }
        if conflicts.count > 1 { conflicts = conflicts.uniqued().sorted { "\($0.place)" < "\($1.place)" } }
        findParents()
        sort()
    }

    private mutating func add(_ record: UnsafePointer<SpanRecord>, at place: Int) {
        let id = Operation.ID(record)
        let hash = Hash.of(id)
        guard let known = spans.find(hash, where: { rows[$0].id == id }) else {
            spans.insert(hash, rows.count)
            rows.append(reader.read(record, at: place))
            return
        }
        let (old, new) = (records[Int(rows[known].record)], record.pointee)
        guard old != new else { return }
        if SharedSpan.areSides(old, new) {
            hasSides = true
            return
        }
        if old.end != nil, new.end != nil { conflicts.append(Self.conflict(id)) }
        if Self.isBetter(new, than: old) { rows[known] = reader.read(record, at: place) }
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
        records[record].parentID = parent
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
        for conflict in conflicts {
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
    func row(of id: Operation.ID) -> Int? { spans.find(Hash.of(id)) { rows[$0].id == id } }

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

    private static func conflict(_ id: Operation.ID) -> Conflict {
        Conflict(
            subject: .span, place: .operation(id), kept: "the version that says more", keptEvidence: .parent,
            dismissed: "another ended version of the same span", dismissedEvidence: .parent)
    }

    /// Ended before unfinished, then the one that says more; two versions that say equally much are told apart by
    /// their text, so that the choice is the same whichever came first.
    private static func isBetter(_ new: SpanRecord, than old: SpanRecord) -> Bool {
        if (new.end != nil) != (old.end != nil) { return new.end != nil }
        let (newSize, oldSize) = (size(new), size(old))
        if newSize != oldSize { return newSize > oldSize }
        if let newEnd = new.end, let oldEnd = old.end, newEnd != oldEnd { return newEnd > oldEnd }
        return text(new) > text(old)
    }

    private static func size(_ record: SpanRecord) -> Int {
        record.attributes.count + record.links.count + record.events.count + record.resource.attributes.count
    }

    private static func text(_ record: SpanRecord) -> String {
        var canonical = record
        canonical.attributes = Attributes(uniqueElements: record.attributes.sortedByKey)
        canonical.resource.attributes = Attributes(uniqueElements: record.resource.attributes.sortedByKey)
        return "\(canonical)"
    }
}
