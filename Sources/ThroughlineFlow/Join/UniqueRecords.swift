import ThroughlineModel

/// Records as a flow wants them: each span once, in an order that does not depend on how they came.
enum UniqueRecords {
    /// Delivery is at least once, and a span may come as started and again as ended.
    static func of(_ records: some Sequence<SpanRecord>) -> [SpanRecord] {
        var best: [Operation.ID: SpanRecord] = [:]
        for record in records {
            let id = Operation.ID(traceID: record.traceID, spanID: record.spanID)
            guard let known = best[id] else {
                best[id] = record
                continue
            }
            if known != record, isBetter(record, than: known) { best[id] = record }
        }
        return best.values.sorted { left, right in
            if left.start != right.start { return left.start < right.start }
            return left.traceID == right.traceID ? left.spanID < right.spanID : left.traceID < right.traceID
        }
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
