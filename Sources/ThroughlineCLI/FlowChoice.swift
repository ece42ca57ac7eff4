import ThroughlineFlow
import ThroughlineModel

/// Flows to choose from, a line each: when it began, what it is, and the id that leads to it alone.
struct FlowChoice {
    let text: String

    private static let leastOfTitle = 12

    /// - Parameter limit: How many columns of characters the terminal has; nil for as many as it takes. The time and the
    ///   title are shortened for it, never the id.
    init(_ flows: [(flow: Flow, id: String)], columns limit: Int?) {
        let ids = flows.map { OneLine.of($0.id) }
        var starts = flows.map { $0.flow.start?.iso8601 ?? "" }
        // Without what the id says again.
        var titles = flows.map { OneLine.of($0.flow.headline(title: $0.flow.title)) }
        func width(_ texts: [String]) -> Int { texts.map(OneLine.columns).max() ?? 0 }
        if let limit {
            let others = "  ".count + 2 * Output.gap.count + width(ids)
            if others + width(starts) + width(titles) > limit {
                starts = starts.map { String($0.dropFirst(5).prefix(14)).replacing("T", with: " ") }
            }
            let room = max(Self.leastOfTitle, limit - others - width(starts))
            if width(titles) > room { titles = flows.map { OneLine.fitted(OneLine.of($0.flow.title), columns: room) } }
        }
        let rows = flows.indices.map { [starts[$0], titles[$0], ids[$0]] }
        text = Output.table(["STARTED", "FLOW", "ID"], rows).split(separator: "\n").map { "  " + $0 }
            .joined(separator: "\n")
    }
}
