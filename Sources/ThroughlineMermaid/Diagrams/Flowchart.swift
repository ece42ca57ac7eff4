import ThroughlineFlow

/// A Mermaid flowchart before it is text.
struct Flowchart {
    enum Direction: String {
        case leftToRight = "LR"
        case topToBottom = "TB"
    }

    enum Shape {
        case stadium, subroutine, parallelogram, hexagon, rounded, flag

        fileprivate var brackets: (String, String) {
            switch self {
            case .stadium: ("([", "])")
            case .subroutine: ("[[", "]]")
            case .parallelogram: ("[/", "/]")
            case .hexagon: ("{{", "}}")
            case .rounded: ("(", ")")
            case .flag: (">", "]")
            }
        }
    }

    /// A colour; what it means always stands in words or a sign as well. All can be seen on white and on black.
    enum Style: String, CaseIterable {
        case destination, failed, inferred

        fileprivate var definition: String {
            switch self {
            case .destination: "fill:#8b949e33,stroke:#8b949e"
            case .failed: "stroke:#da3633,stroke-width:2px"
            case .inferred: "stroke-dasharray:4 3"
            }
        }
    }

    struct Node: Hashable {
        var id: String
        var text: String
        /// How many things it stands for.
        var count = 1
        /// A second, smaller line.
        var detail: String?
        var shape: Shape
        var styles: [Style] = []
        /// The subgraph that it stands in.
        var group: String?

        /// The text with the count.
        var label: String { text + FoldingText.times(count) }
    }

    enum Stroke: Int {
        case normal, thick, dotted, cross, dottedLine

        fileprivate var arrow: String {
            switch self {
            case .normal: "-->"
            case .thick: "==>"
            case .dotted: "-.->"
            case .cross: "--x"
            case .dottedLine: "-.-"
            }
        }
    }

    struct Edge: Hashable {
        var from: String
        var to: String
        var text: String?
        var stroke: Stroke
        /// How many messages took it.
        var count = 1

        /// What is left out last weighs most: the critical path, dead letters and replays, failures.
        var weight: Int { stroke != .normal ? 2 : text?.contains("✗") == true ? 1 : 0 }
    }

    struct Group: Hashable {
        var id: String
        var title: String
    }

    var title: String?
    var direction: Direction = .leftToRight
    var groups: [Group] = []
    var nodes: [Node] = []
    var edges: [Edge] = []

    init(title: String? = nil, direction: Direction = .leftToRight) {
        self.title = title
        self.direction = direction
    }

    /// From top to bottom, as a story is told, unless the nodes of one level would stand in too wide a row.
    var readableDirection: Direction {
        var levels: [String: Int] = [:]
        let effects = Dictionary(grouping: edges, by: \.from)
        let targets = Set(edges.filter { $0.from != $0.to }.map(\.to))
        var queue = nodes.map(\.id).filter { !targets.contains($0) }
        for id in queue { levels[id] = 0 }
        var place = 0
        while place < queue.count {
            let id = queue[place]
            place += 1
            for edge in effects[id] ?? [] where levels[edge.to] == nil {
                levels[edge.to] = levels[id, default: 0] + 1
                queue.append(edge.to)
            }
        }
        var widths: [Int: Int] = [:]
        for level in levels.values { widths[level, default: 0] += 1 }
        let widest = widths.values.max() ?? 0
        return widest > Self.widestRow && widest > widths.count ? .leftToRight : .topToBottom
    }

    private static let widestRow = 8

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        var lines: [String] = []
        lines += header
        lines.append("flowchart \(direction.rawValue)")
        for node in nodes where node.group == nil { lines.append("  \(Self.text(node))") }
        for group in groups {
            lines.append("  subgraph \(group.id)[\"\(MermaidText.label(group.title))\"]")
            for node in nodes where node.group == group.id { lines.append("    \(Self.text(node))") }
            lines.append("  end")
        }
        for edge in edges {
            let label = edge.text.map { "|\"\(MermaidText.label($0))\"|" } ?? ""
            lines.append("  \(edge.from) \(edge.stroke.arrow)\(label) \(edge.to)")
        }
        for style in Style.allCases {
            let members = nodes.filter { $0.styles.contains(style) }.map(\.id)
            if members.isEmpty { continue }
            lines.append("  classDef \(style.rawValue) \(style.definition)")
            lines.append("  class \(members.joined(separator: ",")) \(style.rawValue)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Mermaid breaks the text of nodes at 200 pixels, which makes towers of sentences.
    private static let usualText = 24
    private static let wideNode = 330

    private var header: [String] {
        var lines: [String] = []
        if let title { lines.append("title: \"\(MermaidText.title(title))\"") }
        if nodes.contains(where: { max($0.label.count, $0.detail?.count ?? 0) > Self.usualText }) {
            lines += ["config:", "  flowchart:", "    wrappingWidth: \(Self.wideNode)"]
        }
        return lines.isEmpty ? [] : ["---"] + lines + ["---"]
    }

    private static func text(_ node: Node) -> String {
        let (open, close) = node.shape.brackets
        let detail = node.detail.map { "<br/><small>\(MermaidText.label($0))</small>" } ?? ""
        return "\(node.id)\(open)\"\(MermaidText.label(node.label))\(detail)\"\(close)"
    }
}
