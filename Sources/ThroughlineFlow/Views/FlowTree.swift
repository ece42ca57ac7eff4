import ThroughlineModel

/// Draws a flow as text for a terminal: what was published, who handled it, and what that led to, indented.
///
/// A message that several messages caused stands under the first of them; the others name it.
public enum FlowTree {
    /// The tree, ending in a newline.
    ///
    /// - Parameters:
    ///   - flow: what to show.
    ///   - title: what to call it; nil takes the type of its first message and the end of its correlation id.
    ///   - colour: true to write ANSI colours. Nothing is said by colour alone.
    public static func text(of flow: Flow, title: String? = nil, colour: Bool = false) -> String {
        var lines = [Ink(isOn: colour).bold(OneLine.of(flow.headline(title: title)))]
        let roots = TreeBuilder(flow, ink: Ink(isOn: colour)).roots
        for (place, root) in TreeNode.folded(roots).enumerated() {
            root.write(to: &lines, prefix: "", isLast: place == roots.count - 1, isRoot: true)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// One line of the tree and what hangs below it.
struct TreeNode {
    var text: String
    /// What alike siblings share: the line without ids and times.
    var kind: String
    var children: [TreeNode] = []

    /// Alike siblings in a row from that many on are shown once.
    private static let foldFrom = 6
    /// Deeper than that, lines would leave the screen.
    private static let maximumDepth = 40

    func write(to lines: inout [String], prefix: String, isLast: Bool, isRoot: Bool = false) {
        lines.append(isRoot ? text : "\(prefix)\(isLast ? "└─ " : "├─ ")\(text)")
        let below = isRoot ? "" : prefix + (isLast ? "   " : "│  ")
        if below.count > Self.maximumDepth * 3, !children.isEmpty {
            lines.append("\(below)└─ … deeper than \(Self.maximumDepth) steps, not shown")
            return
        }
        let children = Self.folded(children)
        for (place, child) in children.enumerated() {
            child.write(to: &lines, prefix: below, isLast: place == children.count - 1)
        }
    }

    /// The whole shape below a line, so that only siblings that led to the same are folded.
    private var shape: String {
        children.isEmpty ? kind : "\(kind)(\(children.map(\.shape).joined(separator: ",")))"
    }

    static func folded(_ nodes: [TreeNode]) -> [TreeNode] {
        guard nodes.count >= foldFrom else { return nodes }
        var counts: [String: Int] = [:]
        let shapes = nodes.map(\.shape)
        for shape in shapes { counts[shape, default: 0] += 1 }
        var shown: Set<String> = []
        var result: [TreeNode] = []
        for (node, shape) in zip(nodes, shapes) {
            guard let count = counts[shape], count >= foldFrom else {
                result.append(node)
                continue
            }
            if shown.insert(shape).inserted {
                var folded = node
                folded.text += "  ×\(count), all alike"
                result.append(folded)
            }
        }
        return result
    }
}

/// ANSI colours, when they are wanted.
struct Ink {
    var isOn: Bool

    func bold(_ text: String) -> String { wrapped(text, "1") }
    func dim(_ text: String) -> String { wrapped(text, "2") }
    func red(_ text: String) -> String { wrapped(text, "31") }
    func green(_ text: String) -> String { wrapped(text, "32") }
    func yellow(_ text: String) -> String { wrapped(text, "33") }
    func cyan(_ text: String) -> String { wrapped(text, "36") }

    private func wrapped(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Names come from outside: no line ends, and no control characters that a terminal would obey.
enum OneLine {
    static func of(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: result.append(" ")
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
