import ThroughlineModel

/// Draws a flow as text for a terminal: what was published, who handled it, and what that led to, indented.
///
/// A message that several messages caused stands under the first of them; the others name it. Alike siblings are one
/// line, marked ×N with the spread of their times.
public enum FlowTree {
    /// The tree, ending in a newline.
    ///
    /// - Parameters:
    ///   - flow: what to show.
    ///   - title: what to call it; nil takes the type of its first message and the end of its correlation id.
    ///   - options: how much to show, and how.
    public static func text(of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()) -> String {
        rendered(flow, title: title, options: options).text
    }

    /// The tree, and what of it is folded.
    package static func rendered(
        _ flow: Flow, title: String?, options: ViewOptions
    ) -> (text: String, folding: String?) {
        let folded = FoldedOutline(Outline(flow), unfolding: options.unfolding)
        let lines = options.unfolding == .everything ? Int.max : options.lines ?? usualLines
        let columns = options.columns ?? usualColumns
        let depth = options.unfolding == .everything ? Int.max : max(4, (columns - 40) / 3)
        var room = lines
        while true {
            let selection = OutlineSelection(folded, room: room, depth: depth, focus: options.focus) { node in
                folded.nodes[node].parent.flatMap(folded.onlyDelivery) != node
            }
            var writer = TreeWriter(selection, options)
            writer.write(title: title)
            if writer.lines.count <= lines || room <= 8 || options.unfolding != .nothing {
                return (writer.lines.joined(separator: "\n") + "\n", FoldingText.of(selection))
            }
            // Lines that say what is left out take room themselves.
            room -= max(1, (writer.lines.count - lines) / 2)
        }
    }

    private static let usualLines = 200
    private static let usualColumns = 160
}

/// Writes what was selected, line by line.
private struct TreeWriter {
    private(set) var lines: [String] = []

    private let selection: OutlineSelection
    private let flow: Flow
    private let options: ViewOptions
    private let texts: TreeText

    private struct Step {
        var node: Int?
        var rest: OutlineSelection.Rest?
        var prefix: String
        var isLast: Bool
        var isRoot: Bool
    }

    init(_ selection: OutlineSelection, _ options: ViewOptions) {
        self.selection = selection
        self.options = options
        flow = selection.folded.flow
        texts = TreeText(selection.folded, focus: options.focus)
    }

    mutating func write(title: String?) {
        append(flow.headlineParts(title: title), " · ", .bold)
        defer {
            for note in FlowNotes(flow).lines { append(Self.words(note), " ", .dim) }
        }
        var stack = steps(below: nil, children: selection.folded.roots, prefix: "", isRoot: true)
        while let step = stack.popLast() {
            let before = step.isRoot ? "" : step.prefix + (step.isLast ? "└─ " : "├─ ")
            let below = step.isRoot ? "" : step.prefix + (step.isLast ? "   " : "│  ")
            guard let node = step.node else {
                var line = TextLine()
                line.add(FoldingText.more(step.rest ?? OutlineSelection.Rest()), .dim)
                append(line, before)
                continue
            }
            var line = texts.line(for: node)
            var end = node
            if let next = selection.folded.onlyDelivery(of: node), selection.isShown[next] {
                line.add(" ▸ ", .dim)
                line.add(texts.line(for: next))
                end = next
            }
            if texts.isAskedFor(node) || texts.isAskedFor(end) { line.add("  ◀ asked for", .cyan) }
            append(line, before)
            stack += steps(below: end, children: selection.folded.nodes[end].children, prefix: below, isRoot: false)
        }
    }

    /// What stands by itself may end with what matters most, so what does not fit begins a new line.
    private mutating func append(_ parts: [String], _ separator: String, _ colour: TextLine.Colour) {
        let limit = options.columns ?? .max
        var texts: [String] = []
        for part in parts {
            if let last = texts.last, OneLine.columns(last + separator + part) <= limit {
                texts[texts.count - 1] = last + separator + part
            } else {
                texts.append(OneLine.fitted(texts.isEmpty ? part : "  " + part, columns: limit))
            }
        }
        for text in texts {
            var line = TextLine()
            line.add(text, colour)
            lines.append(line.text(columns: nil, isColoured: options.isColoured))
        }
    }

    /// The words of a text, each number with what it counts.
    private static func words(_ text: String) -> [String] {
        text.split(separator: " ").reduce(into: []) { words, word in
            if let last = words.last, last.last?.isNumber == true {
                words[words.count - 1] = "\(last) \(word)"
            } else {
                words.append(String(word))
            }
        }
    }

    private mutating func append(_ line: TextLine, _ before: String) {
        let room = options.columns.map { max(12, $0 - before.count) }
        lines.append(before + line.text(columns: room, isColoured: options.isColoured))
    }

    /// Steps to put on a stack: last first.
    private func steps(below node: Int?, children: [Int], prefix: String, isRoot: Bool) -> [Step] {
        let shown = children.filter { selection.isShown[$0] }
        let rest = selection.rest(below: node)
        var steps = shown.map { Step(node: $0, rest: nil, prefix: prefix, isLast: false, isRoot: isRoot) }
        if rest.siblings > 0 { steps.append(Step(node: nil, rest: rest, prefix: prefix, isLast: true, isRoot: isRoot)) }
        if !steps.isEmpty { steps[steps.count - 1].isLast = true }
        return steps.reversed()
    }
}
