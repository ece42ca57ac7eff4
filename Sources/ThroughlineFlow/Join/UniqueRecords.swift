import ThroughlineModel

/// Of all that was recorded of each span the one record that counts.
struct UniqueRecords: Sendable {
    var records: [SpanRecord]
    /// By span, in the order in which they came: the place of its record.
    private(set) var places: [Int] = []
    /// The numbers of the spans, by their ids.
    private(set) var spans: HashTable
    /// Spans of which two ended versions arrived that say different things.
    private(set) var conflicts: [Conflict] = []
    /// Two sides of a call came under one id.
    private var hasSides = false

    /// Delivery is at least once, and a span may come as started and again as ended.
    init(_ records: some Sequence<SpanRecord>) {
        var unique = UniqueRecords(all: Array(records))
        if unique.hasSides {
            // Both sides of a call under one id, as Zipkin's tracers may send them, each by itself.
            var separate = unique.records
            SharedSpan.separate(SharedSpan.calledSides(of: separate), in: &separate)
            unique = UniqueRecords(all: separate)
        }
        self = unique
    }

    private init(all records: [SpanRecord]) {
        self.records = records
        spans = HashTable(capacity: records.count)
        places.reserveCapacity(records.count)
        let hashes = Self.hashes(records)
        for place in records.indices { add(place, hashes[place]) }
        if conflicts.count > 1 { conflicts = conflicts.uniqued().sorted { "\($0.place)" < "\($1.place)" } }
    }

    /// Beforehand, so that what is done for one span after the other hardly ever waits for the spans themselves.
    private static func hashes(_ records: [SpanRecord]) -> [UInt32] {
        SideBySide.array(records.count) { Hash.of(id(records, $0)) }
    }

    private mutating func add(_ place: Int, _ hash: UInt32) {
        guard let known = spans.find(hash, where: { Self.id(records, places[$0]) == Self.id(records, place) }) else {
            spans.insert(hash, places.count)
            places.append(place)
            return
        }
        let (old, new) = (records[places[known]], records[place])
        guard old != new else { return }
        if SharedSpan.areSides(old, new) {
            hasSides = true
            return
        }
        if old.end != nil, new.end != nil { conflicts.append(Self.conflict(Self.id(records, place))) }
        if Self.isBetter(new, than: old) { places[known] = place }
    }

    /// The id of a span, looked at where its record lies.
    private static func id(_ records: [SpanRecord], _ place: Int) -> Operation.ID {
        records.withUnsafeBufferPointer { Operation.ID($0.baseAddress.unsafelyUnwrapped + place) }
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
