import ThroughlineModel

/// Records as a flow wants them: each span once, in an order that does not depend on how they came.
struct UniqueRecords {
    /// In time order.
    let operations: [Operation]
    /// Spans of which two ended versions arrived that say different things.
    let conflicts: [Conflict]

    /// Delivery is at least once, and a span may come as started and again as ended.
    init(_ records: some Sequence<SpanRecord>) {
        let records = Array(records)
        var table = HashTable(capacity: records.count)
        var chosen: [(start: UInt64, record: Int)] = []
        chosen.reserveCapacity(records.count)
        var conflicts: [Conflict] = []
        for position in records.indices {
            let id = Self.id(records[position])
            let hash = Hash.of(id)
            guard let place = table.find(hash, where: { Self.id(records[chosen[$0].record]) == id }) else {
                table.insert(hash, chosen.count)
                chosen.append((records[position].start.nanosecondsSinceEpoch, position))
                continue
            }
            let (known, new) = (records[chosen[place].record], records[position])
            guard known != new else { continue }
            let isBetter = Self.isBetter(new, than: known)
            if known.end != nil, new.end != nil { conflicts.append(Self.conflict(id)) }
            if isBetter { chosen[place] = (new.start.nanosecondsSinceEpoch, position) }
        }
        chosen.sort { left, right in
            if left.start != right.start { return left.start < right.start }
            return Self.id(records[left.record]) < Self.id(records[right.record])
        }
        operations = chosen.map { Operation(records[$0.record]) }
        self.conflicts = conflicts.uniqued().sorted { "\($0.place)" < "\($1.place)" }
    }

    private static func id(_ record: SpanRecord) -> Operation.ID {
        Operation.ID(traceID: record.traceID, spanID: record.spanID)
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
