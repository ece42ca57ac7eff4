/// A flowchart in Graphviz's language, for tools that know no Mermaid: the same nodes and edges, with the same words.
struct Graphviz {
    private let chart: Flowchart

    init(_ chart: Flowchart) {
        self.chart = chart
    }

    /// The graph as `dot` reads it, ending in a newline.
    var text: String {
        var lines = ["digraph flow {"]
        if let title = chart.title { lines.append("  graph [label=\(Self.quoted(title)), labelloc=t]") }
        lines.append("  graph [rankdir=\(chart.direction.rawValue), fontname=\"sans-serif\"]")
        lines.append("  node [fontname=\"sans-serif\", fontsize=12]")
        lines.append("  edge [fontname=\"sans-serif\", fontsize=10]")
        for node in chart.nodes where node.group == nil { lines.append("  \(Self.text(node))") }
        for group in chart.groups {
            lines.append("  subgraph cluster_\(group.id) {")
            lines.append("    label=\(Self.quoted(group.title))")
            for node in chart.nodes where node.group == group.id { lines.append("    \(Self.text(node))") }
            lines.append("  }")
        }
        for edge in chart.edges {
            var attributes = edge.text.map { ["label=\(Self.quoted($0))"] } ?? []
            attributes += Self.attributes(edge.stroke)
            let list = attributes.isEmpty ? "" : " [\(attributes.joined(separator: ", "))]"
            lines.append("  \(edge.from) -> \(edge.to)\(list)")
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    private static func text(_ node: Flowchart.Node) -> String {
        // Escaped parts joined by the escape for a line end.
        let label = [node.label, node.detail].compactMap { $0.map(escaped) }.joined(separator: "\\n")
        var styles: [String] = []
        var attributes = ["label=\"\(label)\""]
        switch node.shape {
        case .stadium:
            attributes.append("shape=box")
            styles.append("rounded")
        case .rounded:
            attributes.append("shape=box")
            styles.append("rounded")
        case .subroutine: attributes += ["shape=box", "peripheries=2"]
        case .parallelogram: attributes.append("shape=parallelogram")
        case .hexagon: attributes.append("shape=hexagon")
        case .flag: attributes.append("shape=note")
        }
        if node.styles.contains(.failed) { attributes += ["color=\"#da3633\"", "penwidth=2"] }
        if node.styles.contains(.inferred) { styles.append("dashed") }
        if !styles.isEmpty { attributes.append("style=\"\(styles.joined(separator: ","))\"") }
        return "\(node.id) [\(attributes.joined(separator: ", "))]"
    }

    private static func attributes(_ stroke: Flowchart.Stroke) -> [String] {
        switch stroke {
        case .normal: []
        case .thick: ["penwidth=3"]
        case .dotted: ["style=dashed"]
        case .cross: ["arrowhead=\"nonetee\"", "color=\"#da3633\""]
        case .dottedLine: ["style=dotted", "arrowhead=none"]
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// In a quoted string a backslash starts an escape and an ampersand an HTML entity (graphviz.org, escString).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in MermaidText.plain(text).unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "&": result += "&amp;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
