public import ThroughlineFlow

/// The ways to show a flow.
public enum FlowView: String, Hashable, Sendable, CaseIterable {
    /// Text for a terminal.
    case tree
    /// Mermaid: who talks to whom, services and destinations in causal order.
    case flowchart
    /// Mermaid: who did what when.
    case sequence
    /// Mermaid: message by message, which caused which.
    case causation
    /// For machines.
    case json

    /// Draws a flow. The text ends in a newline and is the same for the same records, in whatever order they came.
    ///
    /// - Parameters:
    ///   - flow: what to show.
    ///   - title: what to call it; nil takes the type of its first message and the end of its correlation id.
    ///   - colour: true to write ANSI colours; only the tree has any.
    public func render(_ flow: Flow, title: String? = nil, colour: Bool = false) -> String {
        switch self {
        case .tree: FlowTree.text(of: flow, title: title, colour: colour)
        case .flowchart: FlowchartView.chart(of: flow, title: title).text
        case .sequence: SequenceView.diagram(of: flow, title: title).text
        case .causation: CausationView.chart(of: flow, title: title).text
        case .json: FlowJSON.text(of: flow)
        }
    }
}
