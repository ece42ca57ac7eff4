import ThroughlineFlow

/// Keeps a flowchart inside what a person can read, and in any case inside what Mermaid draws by default. First alike
/// nodes become one that says how many it stands for, then nodes whose names differ in numbers only; if that is not
/// enough, edges are left out, the critical path and what went wrong last of all. All of it is said in the diagram.
struct FlowchartFolder {
    /// How many edges a chart may have.
    enum Limit {
        /// What a person can follow; beyond that it is folded.
        case readable
        /// Whatever Mermaid draws.
        case mermaid

        fileprivate var edges: Int { self == .readable ? 120 : MermaidLimit.edges }

        /// With more edges than that, nodes whose names differ in numbers only are folded; others stay up to the limit.
        fileprivate var comfortable: Int { self == .readable ? 40 : MermaidLimit.edges }
    }

    /// Folding changes what is alike, so it is done again and again; what that many passes did not bring inside the
    /// limits is cut.
    private static let maximumPasses = 12

    /// The chart as it is when it fits, else folded, and what was folded in words.
    ///
    /// - Parameter names: what is never folded.
    static func fitted(
        _ chart: Flowchart, to limit: Limit = .mermaid, keeping names: Set<String> = []
    ) -> (chart: Flowchart, folding: String?) {
        if fits(chart, limit), chart.edges.count <= limit.comfortable { return (chart, nil) }
        var folded = chart
        let isNamed = fits(chart, limit)
        var best: (chart: Flowchart, folding: String?)? = isNamed ? (chart, nil) : nil
        for isRough in [false, true] {
            for _ in 0..<maximumPasses {
                guard
                    let smaller = withAlikeNodesFolded(
                        folded, isRough: isRough, isNamed: isNamed, keeping: names)
                else { break }
                folded = smaller
                let text =
                    "\(FoldingText.counted(chart.nodes.count - folded.nodes.count, "participant")) folded into others"
                let noted = note("\(text), marked ×N", on: folded)
                guard fits(noted, limit) else { continue }
                if noted.edges.count <= limit.comfortable { return (noted, text) }
                best = (noted, text)
            }
        }
        if let best { return best }
        var kept = min(folded.edges.count, limit.edges - 1)
        while true {
            let (cut, text) = cutting(folded, to: kept)
            if fits(cut, limit) || kept == 0 { return (cut, text) }
            kept = kept * 3 / 4
        }
    }

    static func fits(_ chart: Flowchart) -> Bool { fits(chart, .mermaid) }

    private static func fits(_ chart: Flowchart, _ limit: Limit) -> Bool {
        chart.edges.count <= limit.edges && MermaidLimit.allows(chart.text)
    }

    private struct Likeness: Hashable {
        /// For nodes that are alike by their names.
        var name: String?
        var shape: Flowchart.Shape
        var styles: [Flowchart.Style]
        var group: String?
        /// Each neighbour's place, the direction and the stroke, in one number.
        var neighbours: [Int]
    }

    /// Nodes are alike when they look alike and have the same neighbours. Only nodes of one shape are folded at a
    /// time, because folding them changes what their neighbours look like.
    ///
    /// - Parameters:
    ///   - isRough: true to fold those instead whose names differ in numbers only, whatever their neighbours.
    ///   - isNamed: true to fold only those whose names differ in nothing else.
    private static func withAlikeNodesFolded(
        _ chart: Flowchart, isRough: Bool, isNamed: Bool, keeping kept: Set<String>
    ) -> Flowchart? {
        for shape in [Flowchart.Shape.subroutine, .stadium, .hexagon, .rounded, .parallelogram] {
            let places = Dictionary(chart.nodes.indices.map { (chart.nodes[$0].id, $0) }) { first, _ in first }
            var neighbours: [[Int]] = Array(repeating: [], count: chart.nodes.count)
            for edge in chart.edges {
                guard let from = places[edge.from], let to = places[edge.to] else { continue }
                neighbours[from].append(to * 16 + edge.stroke.rawValue * 2)
                neighbours[to].append(from * 16 + edge.stroke.rawValue * 2 + 1)
            }
            var firsts: [Likeness: Int] = [:]
            var result = chart
            result.nodes = []
            var counts: [Int] = []
            var names: [[String]] = []
            var replacement: [String: String] = [:]
            for (place, node) in chart.nodes.enumerated() {
                let isFolded = node.shape == shape && !kept.contains(node.text)
                let likeness = Likeness(
                    name: isRough || isNamed ? NamePattern.of(node.text) : nil, shape: node.shape, styles: node.styles,
                    group: node.group, neighbours: isFolded && !isRough ? Set(neighbours[place]).sorted() : [])
                if isFolded, let first = firsts[likeness] {
                    counts[first] += node.count
                    names[first].append(node.text)
                    replacement[node.id] = result.nodes[first].id
                } else {
                    if isFolded { firsts[likeness] = result.nodes.count }
                    result.nodes.append(node)
                    counts.append(node.count)
                    names.append([node.text])
                }
            }
            guard !replacement.isEmpty else { continue }
            for (place, count) in counts.enumerated() where count > result.nodes[place].count {
                let common = NamePattern.common(names[place]) ?? result.nodes[place].text
                result.nodes[place].text = MermaidText.shortened(common, to: 24)
                result.nodes[place].count = count
            }
            result.edges = merged(chart.edges, replacing: replacement)
            return result
        }
        return nil
    }

    /// Edges that fell together say how many messages took them.
    private static func merged(_ edges: [Flowchart.Edge], replacing replacement: [String: String]) -> [Flowchart.Edge] {
        struct Key: Hashable {
            var from: String
            var to: String
            var stroke: Flowchart.Stroke
        }
        var places: [Key: Int] = [:]
        var result: [Flowchart.Edge] = []
        for edge in edges {
            var edge = edge
            edge.from = replacement[edge.from] ?? edge.from
            edge.to = replacement[edge.to] ?? edge.to
            let key = Key(from: edge.from, to: edge.to, stroke: edge.stroke)
            guard let place = places[key] else {
                places[key] = result.count
                result.append(edge)
                continue
            }
            result[place].count += edge.count
            let verb = result[place].text?.split(separator: " ").first.map { "\($0) " } ?? ""
            let sign = [result[place].text, edge.text].contains { $0?.contains("✗") == true } ? " ✗" : ""
            result[place].text = "\(verb)×\(FoldingText.grouped(result[place].count))\(sign)"
        }
        return result
    }

    private static func cutting(_ chart: Flowchart, to count: Int) -> (Flowchart, String) {
        var cut = chart
        let kept = chart.edges.indices.sorted { (-chart.edges[$0].weight, $0) < (-chart.edges[$1].weight, $1) }
            .prefix(count).sorted()
        cut.edges = kept.map { chart.edges[$0] }
        let shown = Set(cut.edges.flatMap { [$0.from, $0.to] })
        cut.nodes = chart.nodes.filter { shown.contains($0.id) }
        cut.groups = chart.groups.filter { group in cut.nodes.contains { $0.group == group.id } }
        let (edges, nodes) = (chart.edges.count - count, chart.nodes.count - cut.nodes.count)
        let text = "\(FoldingText.counted(edges, "edge")) and \(FoldingText.counted(nodes, "node")) left out"
        return (note(text, on: cut), text)
    }

    private static func note(_ text: String, on chart: Flowchart) -> Flowchart {
        var noted = chart
        noted.nodes.insert(Flowchart.Node(id: "n_folded", text: text, shape: .flag, styles: [.inferred]), at: 0)
        return noted
    }
}
