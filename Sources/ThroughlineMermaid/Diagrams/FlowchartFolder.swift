/// Keeps a flowchart inside what Mermaid draws by default: 500 edges and 50,000 characters (`maxEdges` and
/// `maxTextSize`). First alike nodes become one that says how many it stands for; if that is not enough, the rest of
/// the edges is left out. Either is said in the diagram.
struct FlowchartFolder {
    static let maximumEdges = 500
    static let maximumCharacters = 50_000

    /// Folding changes what is alike, so it is done again and again; what that many passes did not bring inside the
    /// limits is cut.
    private static let maximumPasses = 12

    /// The chart as it is when it fits, else folded.
    static func fitted(_ chart: Flowchart) -> Flowchart {
        if fits(chart) { return chart }
        var folded = chart
        for _ in 0..<maximumPasses {
            guard let smaller = withAlikeNodesFolded(folded) else { break }
            folded = smaller
            let noted = note("Repeated parts are folded into one, marked ×N.", on: folded)
            if fits(noted) { return noted }
        }
        var kept = min(folded.edges.count, maximumEdges - 1)
        while kept > 0 {
            let cut = cutting(folded, to: kept)
            if fits(cut) { return cut }
            kept = kept * 3 / 4
        }
        return cutting(folded, to: 0)
    }

    /// The limit is on JavaScript's string length.
    static func fits(_ chart: Flowchart) -> Bool {
        chart.edges.count <= maximumEdges && chart.text.utf16.count <= maximumCharacters
    }

    private struct Likeness: Hashable {
        var shape: Flowchart.Shape
        var styles: [Flowchart.Style]
        var group: String?
        /// Each neighbour's place, the direction and the stroke, in one number.
        var neighbours: [Int]
    }

    /// Nodes are alike when they look alike and have the same neighbours. Only nodes of one shape are folded at a
    /// time, because folding them changes what their neighbours look like.
    private static func withAlikeNodesFolded(_ chart: Flowchart) -> Flowchart? {
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
            var replacement: [String: String] = [:]
            for (place, node) in chart.nodes.enumerated() {
                let likeness = Likeness(
                    shape: node.shape, styles: node.styles, group: node.group,
                    neighbours: node.shape == shape ? Set(neighbours[place]).sorted() : [])
                if node.shape == shape, let first = firsts[likeness] {
                    counts[first] += 1
                    replacement[node.id] = result.nodes[first].id
                } else {
                    if node.shape == shape { firsts[likeness] = result.nodes.count }
                    result.nodes.append(node)
                    counts.append(1)
                }
            }
            guard !replacement.isEmpty else { continue }
            for (place, count) in counts.enumerated() where count > 1 {
                result.nodes[place].text = "\(MermaidText.shortened(result.nodes[place].text, to: 24)) ×\(count)"
            }
            result.edges = merged(chart.edges, replacing: replacement)
            return result
        }
        return nil
    }

    /// Edges that fell together say how many they stand for.
    private static func merged(_ edges: [Flowchart.Edge], replacing replacement: [String: String]) -> [Flowchart.Edge] {
        struct Key: Hashable {
            var from: String
            var to: String
            var stroke: Flowchart.Stroke
        }
        var places: [Key: Int] = [:]
        var counts: [Int] = []
        var result: [Flowchart.Edge] = []
        for edge in edges {
            var edge = edge
            edge.from = replacement[edge.from] ?? edge.from
            edge.to = replacement[edge.to] ?? edge.to
            let key = Key(from: edge.from, to: edge.to, stroke: edge.stroke)
            if let place = places[key] {
                counts[place] += 1
            } else {
                places[key] = result.count
                result.append(edge)
                counts.append(1)
            }
        }
        for (place, count) in counts.enumerated() where count > 1 {
            let verb = result[place].text?.split(separator: " ").first.map(String.init)
            result[place].text = verb.map { "\($0) ×\(count)" } ?? "×\(count)"
        }
        return result
    }

    private static func cutting(_ chart: Flowchart, to count: Int) -> Flowchart {
        var cut = chart
        cut.edges = Array(chart.edges.prefix(count))
        let shown = Set(cut.edges.flatMap { [$0.from, $0.to] })
        cut.nodes = chart.nodes.filter { shown.contains($0.id) }
        cut.groups = chart.groups.filter { group in cut.nodes.contains { $0.group == group.id } }
        let (edges, nodes) = (chart.edges.count - count, chart.nodes.count - cut.nodes.count)
        return note("Too large to draw: \(edges) edges and \(nodes) nodes are not shown.", on: cut)
    }

    private static func note(_ text: String, on chart: Flowchart) -> Flowchart {
        var noted = chart
        noted.nodes.insert(Flowchart.Node(id: "n_folded", text: text, shape: .flag, styles: [.inferred]), at: 0)
        return noted
    }
}
