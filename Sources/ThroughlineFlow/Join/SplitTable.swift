import ThroughlineModel

/// Which operations belong to which flow, and what shows before anything is joined within one.
struct SplitTable: Sendable {
    let operations: OperationTable
    /// By operation: the part that it belongs to by anything stronger than a correlation id; the numbers mean nothing.
    let parts: [Int]
    /// The traces that were not followed as a whole.
    let hubTraces: Set<TraceID>
    /// By flow: the ids that were not followed out of it.
    let hubs: [Int: [Hub]]
    /// By flow: the spans that came in several versions.
    let conflicts: [Int: [Conflict]]

    /// - Parameters:
    ///   - unique: the operations; its rows are taken out of it.
    ///   - guarding: how much one id may join; nil makes one flow of everything.
    init(_ unique: inout UniqueRows, guarding: HubGuard?) {
        let splitter = FlowSplitter(
            &unique, guarding: guarding ?? HubGuard(maximumParts: .max, maximumDeliveries: .max))
        let flows = guarding == nil ? Array(repeating: 0, count: unique.rows.count) : splitter.flows
        splitter.namesakes.number(in: &unique, flows: flows)
        conflicts = unique.conflicts(byFlow: flows)
        operations = OperationTable(&unique, flows: flows)
        parts = operations.arranged(splitter.parts)
        hubTraces = guarding == nil ? [] : splitter.hubTraces
        hubs = guarding == nil ? [:] : splitter.hubs
    }

    /// The flows in groups that are worth a core each, in order.
    var groups: [Range<Int>] {
        let starts = operations.starts
        var groups: [Range<Int>] = []
        for range in SideBySide.ranges(operations.rows.count) {
            let first = groups.last?.upperBound ?? 0
            let end = starts[first...].firstIndex { $0 >= range.upperBound } ?? first
            if end > first { groups.append(first..<end) }
        }
        return groups
    }
}
