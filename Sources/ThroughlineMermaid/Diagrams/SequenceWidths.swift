/// How wide Mermaid will draw a sequence diagram, to break the notes that span it: Mermaid lets them run over their edges.
struct SequenceWidths {
    /// Pixels, of a wide font; with a narrower one there is more room than thought.
    private static let character = 8.3
    /// Between the centres of two participants at least.
    private static let leastGap = 200.0
    /// What Mermaid adds to the widest text between two participants.
    private static let padding = 70.0
    /// With one participant a note is as wide as its text.
    private static let alone = 80

    /// So many characters fit on a line of a note from the first participant to the last.
    let room: Int

    init(_ participants: [SequenceDiagram.Participant], _ lines: [SequenceDiagram.Line]) {
        guard participants.count > 1 else {
            room = Self.alone
            return
        }
        let places = Dictionary(participants.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var gaps = Array(repeating: Self.leastGap, count: participants.count - 1)
        func widen(_ gap: Int, to width: Double) {
            if gaps.indices.contains(gap) { gaps[gap] = max(gaps[gap], width + Self.padding) }
        }
        for line in lines {
            switch line {
            case .arrow(_, let from, let to, let text):
                guard let from = places[from], let to = places[to] else { continue }
                let width = Double(text.count) * Self.character
                if abs(from - to) == 1 { widen(min(from, to), to: width) }
                if from == to { widen(from, to: width / 2) }
            case .note(let id, let text):
                guard let place = places[id] else { continue }
                let half = Double(text.count) * Self.character / 2
                widen(place - 1, to: half)
                widen(place, to: half)
            default: continue
            }
        }
        // A note reaches 25 pixels beyond the outer participants, and keeps 10 free inside; as much again is for looks.
        room = Int((gaps.reduce(0, +) + 10) / Self.character)
    }
}
