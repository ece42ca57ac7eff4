/// A Mermaid sequence diagram before it is text.
struct SequenceDiagram {
    struct Participant: Hashable {
        var id: String
        var name: String
    }

    enum Arrow: String {
        /// A message that nobody waits for.
        case message = "-)"
        /// The same, once more.
        case replay = "--)"
        /// A request whose sender waits.
        case call = "->>"
        /// A message of whose delivery nothing is recorded.
        case lost = "-x"
    }

    enum Line: Hashable {
        case arrow(Arrow, from: String, to: String, text: String)
        case activate(String)
        case deactivate(String)
        case note(over: String, text: String)
        /// From the first participant to the last.
        case noteAcross(String)
        /// What follows, up to `and` or `end`, goes on at the same time as the other parts.
        case par(String)
        case and
        case end
    }

    var title: String?
    var participants: [Participant] = []
    var lines: [Line] = []

    init(title: String? = nil) {
        self.title = title
    }

    /// Everybody, as a note takes it.
    private var span: String? {
        guard let first = participants.first?.id, let last = participants.last?.id else { return nil }
        return first == last ? first : "\(first),\(last)"
    }

    /// Words; a number stays with what it counts, and a separator with what it follows.
    private static func unbreakable(_ text: String) -> [String] {
        var parts: [String] = []
        var isOpen = false
        for word in text.split(separator: " ") {
            if isOpen || word == "·" || word.hasPrefix("%"), let last = parts.popLast() {
                parts.append("\(last) \(word)")
            } else {
                parts.append(String(word))
            }
            isOpen = word.last.map { ("0"..."9").contains($0) } ?? false
        }
        return parts
    }

    /// Mermaid makes a note across participants no wider than they are.
    private func wrapped(_ text: String) -> String {
        let room = participants.count == 1 ? 80 : max(40, participants.count * 22)
        var lines: [String] = []
        for part in Self.unbreakable(MermaidText.plain(text)) {
            if let last = lines.last, last.count + 1 + part.count <= room {
                lines[lines.count - 1] = "\(last) \(part)"
            } else {
                lines.append(part)
            }
        }
        return lines.map(MermaidText.line).joined(separator: "<br/>")
    }

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        var text: [String] = []
        text += ["sequenceDiagram", "  autonumber"]
        for participant in participants {
            text.append("  participant \(participant.id) as \(MermaidText.line(participant.name))")
        }
        // Mermaid cuts off the titles of sequence diagrams that are narrower than they are; a note has its room.
        if let title, let span { text.append("  Note over \(span): \(wrapped(title))") }
        var isInside = false
        for line in lines {
            let indent = isInside ? "    " : "  "
            switch line {
            case .arrow(let arrow, let from, let to, let label):
                text.append("\(indent)\(from)\(arrow.rawValue)\(to): \(MermaidText.line(label))")
            case .activate(let id): text.append("\(indent)activate \(id)")
            case .deactivate(let id): text.append("\(indent)deactivate \(id)")
            case .note(let id, let label): text.append("\(indent)Note over \(id): \(MermaidText.line(label))")
            case .noteAcross(let label):
                if let span { text.append("  Note over \(span): \(wrapped(label))") }
            case .par(let label):
                text.append("  par \(MermaidText.line(label))")
                isInside = true
            case .and: text.append("  and")
            case .end:
                text.append("  end")
                isInside = false
            }
        }
        return text.joined(separator: "\n") + "\n"
    }
}
