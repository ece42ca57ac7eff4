import Foundation

@testable import ThroughlineMermaid

/// A diagram and what it should say, as a file for the judge in the browser. What is expected comes from the diagram's
/// graph, whose agreement with the flow is asserted in Swift, and never from its text.
enum JudgedCase {
    /// Writes nothing unless THROUGHLINE_MERMAID_OUT names a folder.
    static func write(_ chart: Flowchart, as name: String) throws {
        let nodes = chart.nodes.map { node -> [String: Any] in
            var expected = ["id": node.id, "text": MermaidText.plain(node.label)]
            expected["detail"] = node.detail.map(MermaidText.plain)
            return expected
        }
        let edges = chart.edges.map { edge -> [String: Any] in
            var expected = ["from": edge.from, "to": edge.to, "stroke": "\(edge.stroke)"]
            expected["text"] = edge.text.map(MermaidText.plain)
            return expected
        }
        let groups = chart.groups.map { group -> [String: Any] in
            let members = chart.nodes.filter { $0.group == group.id }.map(\.id)
            return ["id": group.id, "title": MermaidText.plain(group.title), "nodes": members]
        }
        try write(name, "flowchart", chart.title, chart.text, ["nodes": nodes, "edges": edges, "groups": groups])
    }

    /// The same chart in Graphviz's language, for `dot` to read.
    static func write(graphviz chart: Flowchart, as name: String) throws {
        let nodes = chart.nodes.map {
            [
                "id": $0.id,
                "label": [$0.label, $0.detail].compactMap { $0.map(MermaidText.plain) }.joined(separator: "\n"),
            ]
        }
        let edges = chart.edges.map { ["from": $0.from, "to": $0.to, "label": $0.text.map(MermaidText.plain) ?? ""] }
        try write(name, "graphviz", chart.title, Graphviz(chart).text, ["nodes": nodes, "edges": edges])
    }

    static func write(_ diagram: SequenceDiagram, as name: String) throws {
        var arrows: [[String]] = []
        var notes: [[String]] = []
        if let title = diagram.title, let first = diagram.participants.first {
            notes.append([first.id, MermaidText.plain(title)])
        }
        var activations = 0
        var blocks: [[String]] = []
        for line in diagram.lines {
            switch line {
            case .arrow(let arrow, let from, let to, let text):
                arrows.append([arrow.rawValue, from, to, MermaidText.plain(text)])
            case .note(let id, let text): notes.append([id, MermaidText.plain(text)])
            case .noteAcross(let text):
                if let first = diagram.participants.first { notes.append([first.id, MermaidText.plain(text)]) }
            case .activate: activations += 1
            case .deactivate: break
            case .par(let text): blocks.append(["par", MermaidText.plain(text)])
            case .and: blocks.append(["and"])
            case .alt(let text): blocks.append(["alt", MermaidText.plain(text)])
            case .otherwise(let text): blocks.append(["else", MermaidText.plain(text)])
            case .end: blocks.append(["end"])
            }
        }
        let participants = diagram.participants.map { ["id": $0.id, "name": MermaidText.plain($0.name)] }
        try write(
            name, "sequence", diagram.title, diagram.text,
            [
                "participants": participants, "arrows": arrows, "notes": notes, "activations": activations,
                "blocks": blocks,
            ])
    }

    static func write(_ chart: GanttChart, as name: String) throws {
        let tasks = chart.sections.flatMap { section in
            section.tasks.map { task -> [Any] in
                [
                    task.id, MermaidText.plain(task.text), MermaidText.plain(section.title), task.mark.rawValue,
                    task.isCritical, task.start, task.end,
                ]
            }
        }
        let sections = chart.sections.map { MermaidText.plain($0.title) }
        try write(name, "gantt", chart.title, chart.text, ["sections": sections, "tasks": tasks])
    }

    static func write(_ diagram: StateDiagram, as name: String) throws {
        var states: [[Any]] = []
        var transitions: [[Any]] = []
        for machine in diagram.machines {
            let box: Any = diagram.machines.count > 1 ? machine.id : NSNull()
            if diagram.machines.count > 1 { states.append([machine.id, MermaidText.plain(machine.title), NSNull()]) }
            for state in machine.states { states.append([state.id, MermaidText.plain(state.text), box]) }
            for transition in machine.transitions {
                transitions.append([
                    transition.from ?? "[*]", transition.to ?? "[*]", MermaidText.plain(transition.text ?? ""),
                ])
            }
        }
        try write(name, "state", diagram.title, diagram.text, ["states": states, "transitions": transitions])
    }

    private static func write(
        _ name: String, _ kind: String, _ title: String?, _ text: String, _ expected: [String: Any]
    ) throws {
        guard let folder = ProcessInfo.processInfo.environment["THROUGHLINE_MERMAID_OUT"], !folder.isEmpty else {
            return
        }
        var file: [String: Any] = ["name": name, "kind": kind, "mermaid": text, "expected": expected]
        // A sequence diagram's title is a note.
        file["title"] = title.map { kind == "sequence" ? MermaidText.plain($0) : MermaidText.titled($0) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try JSONSerialization.data(withJSONObject: file, options: [.sortedKeys])
            .write(to: URL(fileURLWithPath: folder).appendingPathComponent("\(name).json"))
    }
}
