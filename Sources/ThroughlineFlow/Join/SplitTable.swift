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
        let splitter = FlowSplitter(&unique, guarding: guarding)
        splitter.namesakes.number(in: &unique, splitter.arrangement)
        conflicts = unique.conflicts(byFlow: splitter.arrangement.flows)
        operations = OperationTable(&unique, splitter.arrangement)
        parts = splitter.arrangement.order.map { splitter.parts[Int($0)] }
        hubTraces = guarding == nil ? [] : splitter.hubTraces
        hubs = guarding == nil ? [:] : splitter.hubs
    }

    /// The flows in groups that are worth a core each, in order.
    var groups: [Range<Int>] { SideBySide.ranges(of: operations.starts) }
}
