import ThroughlineModel

/// Reads the runs of sagas from the operations that carried out their steps.
struct SagaReader {
    private(set) var sagas: [Saga] = []

    private let graph: FlowGraph

    init(_ graph: FlowGraph) {
        self.graph = graph
        var places: [String: Int] = [:]
        var operations: [[Int]] = []
        for position in graph.index.indices where graph.index.row(position).marks.contains(.saga) {
            let attributes = graph.index.reading(position).attributes
            guard let run = Self.text(attributes, AttributeField.saga.names),
                let step = step(graph.index[position], position)
            else { continue }
            let type = Self.text(attributes, [ThroughlineAttribute.sagaType, "saga.type"])
            // One run may be told by a framework that names its type and by one that does not.
            let place: Int
            if let known = places[run] {
                place = known
            } else {
                place = sagas.count
                places[run] = place
                sagas.append(Saga(id: Saga.ID(type: type, run: run), steps: []))
                operations.append([])
            }
            if sagas[place].id.type == nil, type != nil {
                sagas[place] = Saga(id: Saga.ID(type: type, run: run), steps: sagas[place].steps)
            }
            sagas[place].steps.append(step)
            operations[place].append(position)
        }
        for place in sagas.indices { sort(place, operations[place]) }
    }

    /// Nil for an operation that merely belongs to the saga, as what it sends does.
    private func step(_ operation: Operation, _ position: Int) -> Saga.Step? {
        let attributes = operation.record.attributes
        let name = Self.text(attributes, [ThroughlineAttribute.sagaStep])
        let state = Self.text(attributes, [ThroughlineAttribute.sagaState, "messaging.masstransit.end_state"])
        guard !operation.publishes, name != nil || state != nil else { return nil }
        func flag(_ name: String) -> Bool { attributes[name]?.boolValue ?? (attributes[name]?.stringValue == "true") }
        return Saga.Step(
            operation: operation.id, name: name, state: state,
            failed: flag(ThroughlineAttribute.sagaStepFailed) || operation.failed,
            compensation: flag(ThroughlineAttribute.sagaCompensation), start: operation.record.start,
            end: operation.record.end, message: message(position).map { graph.messages[$0].id })
    }

    private static func text(_ attributes: Attributes, _ names: [String]) -> String? {
        for name in names {
            if let text = attributes[name]?.stringValue, !text.isEmpty { return text }
        }
        return nil
    }

    /// The message that the operation handles, or that is handled around it.
    private func message(_ position: Int) -> Int? {
        let handler = graph.index.handles(position) ? position : graph.index.handler(of: position)
        return handler.flatMap(graph.messageHandled)
    }

    /// A step comes after those whose messages led to its own. When they ended decides between the others, because that
    /// is when the saga was in the state that they tell; what never ended comes last.
    private mutating func sort(_ place: Int, _ operations: [Int]) {
        guard operations.count > 1 else { return }
        var stepsOfMessage: [Int: [Int]] = [:]
        for (step, position) in operations.enumerated() {
            if let message = message(position) { stepsOfMessage[message, default: []].append(step) }
        }
        let causes = operations.map { position in
            message(position).map { earlierSteps(before: $0, stepsOfMessage) } ?? []
        }
        let times = operations.map { graph.index.row($0).end?.nanosecondsSinceEpoch ?? .max }
        let steps = sagas[place].steps
        sagas[place].steps = CausalOrder.sorted(times: times, causes: causes).map { steps[$0] }
    }

    /// Up from cause to cause, as far as the nearest messages that were steps too.
    private func earlierSteps(before message: Int, _ stepsOfMessage: [Int: [Int]]) -> [Int] {
        var found: [Int] = []
        var pending = Array(graph.causes[message])
        var visited: Set<Int> = [message]
        while let cause = pending.popLast(), visited.count < 10_000 {
            guard visited.insert(cause).inserted else { continue }
            if let steps = stepsOfMessage[cause] {
                found += steps
            } else {
                pending += graph.causes[cause]
            }
        }
        return found
    }
}
