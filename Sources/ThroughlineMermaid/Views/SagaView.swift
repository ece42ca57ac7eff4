import ThroughlineFlow
import ThroughlineModel

/// Draws the sagas of a flow: the states that each went through, the steps between them, and what was undone.
///
/// A step that failed leads to a state of its own, because the saga is then somewhere it was not meant to be.
struct SagaView {
    private(set) var diagram: StateDiagram

    /// The diagram as it is drawn: inside Mermaid's limits.
    static func diagram(
        of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()
    ) -> (diagram: StateDiagram, folding: String?) {
        let stories = stories(of: flow, isWhole: options.unfolding == .everything)
        var room = options.unfolding == .everything ? Int.max : usualSteps
        while true {
            let view = SagaView(flow, stories, title: title, room: room)
            if MermaidLimit.allows(view.diagram.text) || room == 0 { return (view.diagram, view.folding) }
            room = room == .max ? 1_000 : room * 3 / 4
        }
    }

    private static let usualSteps = 60

    /// Sagas that went the same way.
    private struct Story {
        var sagas: [Saga]
    }

    private struct Way: Hashable {
        var type: String?
        var steps: [Part]

        struct Part: Hashable {
            var name: String?
            var state: String?
            var failed: Bool
            var compensation: Bool
            var isUnfinished: Bool
        }
    }

    private static func stories(of flow: Flow, isWhole: Bool) -> [Story] {
        if isWhole { return flow.sagas.map { Story(sagas: [$0]) } }
        var places: [Way: Int] = [:]
        var stories: [Story] = []
        for saga in flow.sagas {
            let parts = saga.steps.map {
                Way.Part(
                    name: $0.name, state: $0.state, failed: $0.failed, compensation: $0.compensation,
                    isUnfinished: $0.end == nil)
            }
            let way = Way(type: saga.id.type, steps: parts)
            if let place = places[way] {
                stories[place].sagas.append(saga)
            } else {
                places[way] = stories.count
                stories.append(Story(sagas: [saga]))
            }
        }
        return stories
    }

    private let flow: Flow
    private var folding: String?
    private var slugs = SlugAllocator()
    private var machine = StateDiagram.Machine(id: "", title: "")

    private init(_ flow: Flow, _ stories: [Story], title: String?, room: Int) {
        self.flow = flow
        let headline = flow.headline(title: title)
        diagram = StateDiagram(title: headline)
        if stories.count == 1 {
            let parts = [title, Self.title(of: stories[0]), flow.latencyText].compactMap(\.self)
            diagram.title = parts.joined(separator: " · ")
        }
        var left = room
        var hidden = 0
        for (place, story) in stories.enumerated() {
            if left <= 0 {
                hidden += story.sagas.count
                continue
            }
            add(story, at: place, steps: left)
            left -= story.sagas[0].steps.count
        }
        var words: [String] = []
        let folded = stories.reduce(0) { $0 + $1.sagas.count - 1 }
        if folded > 0 {
            words.append("\(FoldingText.counted(folded, "saga")) that went the same way folded, marked ×N")
        }
        if hidden > 0 { words.append("\(FoldingText.counted(hidden, "saga")) left out") }
        if left < 0 { words.append("\(FoldingText.counted(-left, "step")) left out") }
        folding = words.isEmpty ? nil : words.joined(separator: "; ")
        if stories.isEmpty || hidden > 0 || left < 0 {
            let text = stories.isEmpty ? "no saga in this flow" : words.joined(separator: "; ")
            var note = StateDiagram.Machine(id: "n_note", title: "note")
            note.states = [StateDiagram.State(id: "n_text", text: text)]
            diagram.machines.append(note)
        }
    }

    private static func title(of story: Story) -> String {
        let name = MermaidText.shortened(FlowNotes.title(of: story.sagas[0]), to: 48)
        let type = story.sagas[0].id.type.map { MermaidText.shortened($0, to: 40) } ?? "saga"
        let what = story.sagas.count > 1 ? type + FoldingText.times(story.sagas.count) : name
        return "\(what) · \(FlowNotes.outcome(of: story.sagas[0]))"
    }

    private mutating func add(_ story: Story, at place: Int, steps: Int) {
        machine = StateDiagram.Machine(
            id: slugs.id("g", "saga \(place + 1)"), title: Self.title(of: story))
        let saga = story.sagas[0]
        var current: String?
        for (number, step) in saga.steps.prefix(steps).enumerated() {
            let state = state(after: step, place, number)
            machine.transitions.append(
                StateDiagram.Transition(from: current, to: state, text: label(story, number)))
            current = state
        }
        if let current, let last = machine.states.firstIndex(where: { $0.id == current }), steps >= saga.steps.count {
            machine.states[last].text += " ◀ last"
        }
        diagram.machines.append(machine)
    }

    /// The state that a step led to: what was recorded, else one that is named for the step.
    private mutating func state(after step: Saga.Step, _ place: Int, _ number: Int) -> String {
        let name = MermaidText.shortened(step.name ?? "step", to: 40)
        let text: String
        var style: StateDiagram.Style?
        if step.failed {
            (text, style) = ("✗ \(name) failed", .failed)
        } else if step.end == nil {
            (text, style) = ("… \(name) never ended", .compensated)
        } else {
            text =
                step.state.map { MermaidText.shortened($0, to: 40) }
                ?? (step.compensation ? "\(name) undone" : "\(name) done")
            if step.compensation { style = .compensated }
        }
        let id = slugs.id("st", text, key: "\(place) \(step.failed) \(text)")
        if !machine.states.contains(where: { $0.id == id }) {
            machine.states.append(StateDiagram.State(id: id, text: text, style: style))
        }
        return id
    }

    /// Such as `charge card · billing · 60 ms`, `↩ undo charge card · billing · 12 ms, after 1.2 s`.
    private func label(_ story: Story, _ number: Int) -> String {
        let steps = story.sagas.map { $0.steps[number] }
        let step = steps[0]
        var parts = [(step.compensation ? "↩ undo " : "") + MermaidText.shortened(step.name ?? "step", to: 36)]
        if let service = flow.operation(step.operation)?.service {
            parts.append(MermaidText.shortened(service, to: 28))
        }
        let took = steps.compactMap { step in step.end.map { step.start.nanoseconds(until: $0) } }
        if let spread = DurationText.spread(took) { parts.append(spread) }
        if step.failed, let error = flow.operation(step.operation)?.error {
            parts.append("✗ \(MermaidText.shortened(TypeName.short(error), to: 28))")
        }
        return parts.joined(separator: " · ")
    }
}
