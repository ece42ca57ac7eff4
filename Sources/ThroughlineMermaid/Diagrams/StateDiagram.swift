/// A Mermaid state diagram before it is text.
struct StateDiagram {
    enum Style: String, CaseIterable {
        case failed, compensated

        fileprivate var definition: String {
            switch self {
            case .failed: "stroke:#da3633,stroke-width:2px"
            case .compensated: "stroke-dasharray:4 3"
            }
        }
    }

    struct State: Hashable {
        var id: String
        var text: String
        var style: Style?
    }

    struct Transition: Hashable {
        /// Nil for the beginning.
        var from: String?
        /// Nil for the end.
        var to: String?
        var text: String?
    }

    /// What stands beside a state.
    struct Note: Hashable {
        var state: String
        var text: String
    }

    /// One run of one machine.
    struct Machine: Hashable {
        var id: String
        var title: String
        var states: [State] = []
        var transitions: [Transition] = []
        var notes: [Note] = []
    }

    var title: String?
    /// One is drawn as it is; several stand in a box each.
    var machines: [Machine] = []

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        var lines: [String] = []
        if let title { lines += ["---", "title: \"\(MermaidText.title(title))\"", "---"] }
        lines.append("stateDiagram-v2")
        for machine in machines {
            guard machines.count > 1 else {
                lines += Self.lines(machine).map { "  \($0)" }
                continue
            }
            lines.append("  state \"\(MermaidText.state(machine.title))\" as \(machine.id) {")
            lines += Self.lines(machine).map { "    \($0)" }
            lines.append("  }")
        }
        for style in Style.allCases {
            let members = machines.flatMap(\.states).filter { $0.style == style }.map(\.id)
            if members.isEmpty { continue }
            lines.append("  classDef \(style.rawValue) \(style.definition)")
            lines.append("  class \(members.joined(separator: ",")) \(style.rawValue)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ machine: Machine) -> [String] {
        var lines = machine.states.map { "state \"\(MermaidText.state($0.text))\" as \($0.id)" }
        for transition in machine.transitions {
            let label = transition.text.map { ": \(MermaidText.state($0))" } ?? ""
            lines.append("\(transition.from ?? "[*]") --> \(transition.to ?? "[*]")\(label)")
        }
        for note in machine.notes {
            lines.append("note right of \(note.state): \(MermaidText.state(note.text))")
        }
        return lines
    }
}
