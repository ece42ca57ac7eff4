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
        /// What follows, up to `otherwise` or `end`, became of some, and what follows `otherwise` of others.
        case alt(String)
        case otherwise(String)
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

    private func wrapped(_ text: String, _ room: Int) -> String {
        LineBreaks.lines(of: MermaidText.plain(text), room: room).map(MermaidText.line).joined(separator: "<br/>")
    }

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        let room = SequenceWidths(participants, lines).room
        var text = ["sequenceDiagram", "  autonumber"]
        for participant in participants {
            text.append("  participant \(participant.id) as \(MermaidText.line(participant.name))")
        }
        // Mermaid cuts off the titles of sequence diagrams that are narrower than they are; a note has its room.
        if let title, let span { text.append("  Note over \(span): \(wrapped(title, room))") }
        var depth = 1
        func add(_ line: String, at depth: Int) { text.append(String(repeating: "  ", count: depth) + line) }
        for line in lines {
            switch line {
            case .arrow(let arrow, let from, let to, let label):
                add("\(from)\(arrow.rawValue)\(to): \(MermaidText.line(label))", at: depth)
            case .activate(let id): add("activate \(id)", at: depth)
            case .deactivate(let id): add("deactivate \(id)", at: depth)
            case .note(let id, let label): add("Note over \(id): \(MermaidText.line(label))", at: depth)
            case .noteAcross(let label):
                if let span { add("Note over \(span): \(wrapped(label, room))", at: depth) }
            case .par(let label):
                add("par \(MermaidText.line(label))", at: depth)
                depth += 1
            case .alt(let label):
                add("alt \(MermaidText.line(label))", at: depth)
                depth += 1
            case .and: add("and", at: depth - 1)
            case .otherwise(let label): add("else \(MermaidText.line(label))", at: depth - 1)
            case .end:
                depth -= 1
                add("end", at: depth)
            }
        }
        return text.joined(separator: "\n") + "\n"
    }
}
