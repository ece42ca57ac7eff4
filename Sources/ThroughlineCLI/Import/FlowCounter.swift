import ThroughlineFlow
import ThroughlineModel

/// Counts flows by the hashes of what joins spans: traces, links, correlation ids, and message ids that are unique by
/// their form.
struct FlowCounter {
    private static let maximum = 2_000_000

    /// By hash: the hash of something that it is joined with; its own for the one that stands for all of them.
    private var joined: [Int: Int] = [:]
    private var merged = 0

    /// Nil when there were too many to remember.
    var count: Int? { joined.count >= Self.maximum ? nil : joined.count - merged }

    mutating func add(_ span: SpanRecord) {
        guard joined.count < Self.maximum else { return }
        let trace = span.traceID.hashValue
        _ = root(of: trace)
        for link in span.links where link.context.isValid { join(trace, link.context.traceID.hashValue) }
        if let id = text(AttributeNames.correlationID, span) { join(trace, id.hashValue) }
        if let id = text(AttributeNames.messageID, span), Namesakes.isUnique(id) { join(trace, id.hashValue) }
    }

    private func text(_ names: [String], _ span: SpanRecord) -> String? {
        names.lazy.compactMap { span.attributes[$0]?.stringValue }.first
    }

    private mutating func join(_ one: Int, _ other: Int) {
        let (one, other) = (root(of: one), root(of: other))
        guard one != other else { return }
        joined[one] = other
        merged += 1
    }

    private mutating func root(of hash: Int) -> Int {
        guard var next = joined[hash] else {
            joined[hash] = hash
            return hash
        }
        var place = hash
        while next != place {
            let further = joined[next] ?? next
            joined[place] = further
            (place, next) = (further, joined[further] ?? further)
        }
        return place
    }
}
