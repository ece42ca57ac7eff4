import ThroughlineFlow
import ThroughlineModel

/// What a sequence diagram has no arrow for: operations that neither send nor handle a message and are no request that is
/// drawn. What began by itself, what failed and what asked for messages in vain are notes, and the rest is counted.
struct SequenceWork {
    struct Note {
        var service: String
        var text: String
        var time: Timestamp
    }

    private(set) var notes: [Note] = []
    private var counts: [String: Int] = [:]
    private var names: [String] = []

    private static let maximumNotes = 12
    private static let maximumNames = 3

    init(_ selection: OutlineSelection) {
        let (folded, flow) = (selection.folded, selection.folded.flow)
        let calls = flow.topology.edges.filter { $0.kind == .calls }.flatMap(\.calls)
        let drawn = Set(calls + calls.compactMap { flow.operation($0)?.parentID })
        for node in folded.nodes.indices {
            let operations = folded.nodes[node].members.compactMap { member -> Operation? in
                guard case .operation(let place) = folded.outline.nodes[member].subject else { return nil }
                let operation = flow.operations[place]
                return operation.handles || operation.publishes || drawn.contains(operation.id) ? nil : operation
            }
            guard let first = operations.first else { continue }
            let isRoot = folded.nodes[node].parent == nil
            let isNoted = isRoot || first.failed || first.isUnfinished || first.emptiness != nil
            if isNoted, selection.isShown[node], notes.count < Self.maximumNotes {
                let time = flow.moment(first.record.start, of: first.id)
                notes.append(Note(service: first.service, text: Self.text(operations), time: time))
            } else {
                count(operations)
            }
        }
    }

    private mutating func count(_ operations: [Operation]) {
        for operation in operations {
            let name = MermaidText.shortened(operation.record.name, to: 36)
            if counts[name] == nil { names.append(name) }
            counts[name, default: 0] += 1
        }
    }

    /// Such as `POST /orders · 12 ms`, `INSERT payments ×3 · 4–9 ms ✗ Timeout`, `receive orders · pulled nothing`.
    private static func text(_ operations: [Operation]) -> String {
        let first = operations[0]
        var parts = [MermaidText.shortened(first.record.name, to: 40) + FoldingText.times(operations.count)]
        if let emptiness = first.emptiness {
            let place = first.messaging?.destination ?? ""
            if !place.isEmpty, !first.record.name.contains(place) { parts.append(MermaidText.shortened(place, to: 36)) }
            parts.append(emptiness)
        } else {
            parts.append(DurationText.spread(operations.compactMap(\.record.duration)) ?? "never ended …")
        }
        let error = first.error.map { " ✗ \(MermaidText.shortened(TypeName.short($0), to: 40))" } ?? ""
        return parts.joined(separator: " · ") + error
    }

    /// Such as `not drawn: 4 operations without a message (SELECT stock ×3, INSERT payments)`; nil when all is drawn.
    var rest: String? {
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return nil }
        let most = names.enumerated().sorted { left, right in
            (-counts[left.element, default: 0], left.offset) < (-counts[right.element, default: 0], right.offset)
        }
        let told = most.prefix(Self.maximumNames).map { $0.element + FoldingText.times(counts[$0.element, default: 1]) }
        let more = names.count > told.count ? ", …" : ""
        let operations = FoldingText.counted(total, "operation")
        return "not drawn: \(operations) without a message (\(told.joined(separator: ", "))\(more))"
    }
}
