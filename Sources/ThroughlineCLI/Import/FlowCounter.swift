import ThroughlineFlow
import ThroughlineModel

/// Counts flows by the hashes of what joins spans: traces, links, correlation ids, and message ids that are unique by
/// their form.
struct FlowCounter {
    private static let maximum = 2_000_000

    /// By hash: its place in ``sets``.
    private var places: [Int: Int] = [:]
    private var sets = DisjointSets(count: 0)
    private var merged = 0

    /// Nil when there were too many to remember.
    var count: Int? { places.count >= Self.maximum ? nil : places.count - merged }

    mutating func add(_ span: SpanRecord) {
        guard places.count < Self.maximum else { return }
        let trace = span.traceID.hashValue
        _ = place(of: trace)
        for link in span.links where link.context.isValid { join(trace, link.context.traceID.hashValue) }
        if let id = text(AttributeNames.correlationID, span) { join(trace, id.hashValue) }
        if let id = text(AttributeNames.messageID, span), Namesakes.isUnique(id) { join(trace, id.hashValue) }
    }

    private func text(_ names: [String], _ span: SpanRecord) -> String? {
        names.lazy.compactMap { span.attributes[$0]?.stringValue }.first
    }

    private mutating func join(_ one: Int, _ other: Int) {
        if sets.join(place(of: one), place(of: other)) { merged += 1 }
    }

    private mutating func place(of hash: Int) -> Int {
        if let known = places[hash] { return known }
        let place = sets.add()
        places[hash] = place
        return place
    }
}
