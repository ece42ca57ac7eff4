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
    /// Mermaid: who worked when, and what waited meanwhile.
    case timeline
    /// Mermaid: the states that the flow's sagas went through, their steps, and what was undone.
    case saga
    /// Graphviz: the flowchart for tools that know no Mermaid.
    case dot
    /// For machines: everything, never folded.
    case json

    /// Draws a flow. The text ends in a newline and is the same for the same records, in whatever order they came.
    ///
    /// - Parameters:
    ///   - flow: what to show.
    ///   - title: what to call it; nil takes the flow's name.
    ///   - options: how much to show, and how.
    public func render(_ flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()) -> String {
        rendered(flow, title: title, options: options).text
    }

    /// Draws a flow, and says what of it is folded or left out.
    ///
    /// - Parameters:
    ///   - flow: what to show.
    ///   - title: what to call it; nil takes the flow's name.
    ///   - options: how much to show, and how.
    public func rendered(_ flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()) -> RenderedFlow {
        switch self {
        case .tree:
            let tree = FlowTree.rendered(flow, title: title, options: options)
            return RenderedFlow(text: tree.text, folding: tree.folding)
        case .flowchart:
            let (chart, folding) = FlowchartView.chart(of: flow, title: title, options: options)
            return RenderedFlow(text: chart.text, folding: folding)
        case .sequence:
            let (diagram, folding) = SequenceView.diagram(of: flow, title: title, options: options)
            return RenderedFlow(text: diagram.text, folding: folding)
        case .causation:
            let (chart, folding) = CausationView.chart(of: flow, title: title, options: options)
            return RenderedFlow(text: chart.text, folding: folding)
        case .timeline:
            let (chart, folding) = TimelineView.chart(of: flow, title: title, options: options)
            return RenderedFlow(text: chart.text, folding: folding)
        case .saga:
            let (diagram, folding) = SagaView.diagram(of: flow, title: title, options: options)
            return RenderedFlow(text: diagram.text, folding: folding)
        case .dot:
            let (chart, folding) = FlowchartView.chart(of: flow, title: title, options: options)
            return RenderedFlow(text: Graphviz(chart).text, folding: folding)
        case .json: return RenderedFlow(text: FlowJSON.text(of: flow, title: title))
        }
    }
}

/// A flow as text.
public struct RenderedFlow: Sendable {
    /// The picture, ending in a newline.
    public var text: String
    /// What of the flow is folded into others or left out, in words; nil when all of it is shown one by one.
    public var folding: String?
}
