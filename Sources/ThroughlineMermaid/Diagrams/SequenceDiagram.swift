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
    }

    enum Line: Hashable {
        case arrow(Arrow, from: String, to: String, text: String)
        case activate(String)
        case deactivate(String)
        case note(over: String, text: String)
    }

    var title: String?
    var participants: [Participant] = []
    var lines: [Line] = []

    init(title: String? = nil) {
        self.title = title
    }

    private var titleSpan: String? {
        guard let first = participants.first?.id, let last = participants.last?.id else { return nil }
        return first == last ? first : "\(first),\(last)"
    }

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        var text: [String] = []
        text += ["sequenceDiagram", "  autonumber"]
        for participant in participants {
            text.append("  participant \(participant.id) as \(MermaidText.line(participant.name))")
        }
        // Mermaid cuts off the titles of sequence diagrams that are narrower than they are; a note has its room.
        if let title, let over = titleSpan { text.append("  Note over \(over): \(MermaidText.line(title))") }
        for line in lines {
            switch line {
            case .arrow(let arrow, let from, let to, let label):
                text.append("  \(from)\(arrow.rawValue)\(to): \(MermaidText.line(label))")
            case .activate(let id): text.append("  activate \(id)")
            case .deactivate(let id): text.append("  deactivate \(id)")
            case .note(let id, let label): text.append("  Note over \(id): \(MermaidText.line(label))")
            }
        }
        return text.joined(separator: "\n") + "\n"
    }
}
