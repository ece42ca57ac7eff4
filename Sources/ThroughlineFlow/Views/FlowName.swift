import ThroughlineModel

/// What to call a flow or a message: a type and the end of an id.
public enum FlowName {
    /// Such as `OrderPlaced …39f86f7f`.
    public static func of(_ title: String, _ id: String?) -> String {
        let title = OneLine.shortened(title, to: 48)
        return id.map { "\(title) \(OneLine.of(short($0)))" } ?? title
    }

    /// The name in so many columns of a terminal, as far as that is possible: the id stays as it is, and six columns of
    /// what it is an id of.
    package static func of(_ title: String, _ id: String, columns limit: Int) -> String {
        let end = " " + OneLine.of(short(id))
        return OneLine.fitted(OneLine.of(title), columns: min(48, max(6, limit - OneLine.columns(end)))) + end
    }

    /// What is shown of an id: all of a short one, the end of a long one. `throughline flow` takes either.
    public static func short(_ id: String) -> String { id.count <= 20 ? id : "…\(id.suffix(8))" }
}

extension Flow {
    /// What to call the flow: the type of its first message and the end of its id.
    public var name: String { FlowName.of(title, correlationID ?? traceIDs.first?.hex) }

    /// The type of its first message that has one, else the name of its first span.
    package var title: String {
        messages.first { $0.type != nil }?.title ?? causalOperations.first?.record.name ?? "flow"
    }

    /// What to call the flow for somebody who asked for one of its ids: what has that id, and the flow's first message
    /// where that is another one.
    ///
    /// - Parameters:
    ///   - id: a message, correlation, trace or span id, or anything else that led to the flow.
    ///   - asked: the operations that it led to.
    public func name(askedFor id: String, on asked: [Operation.ID] = []) -> String {
        if correlationIDs.contains(id) { return name(ofCorrelation: id) }
        let asked = asked.compactMap(operation)
        let only = asked.count == 1 ? asked[0].messaging?.messageID : nil
        if let message = messages.first(where: { $0.id.description == id || $0.id.description == only }) {
            let id = message.id.description
            let name = message.correlationID.map(name(ofCorrelation:)) ?? name
            let isFirst = messages.first { $0.correlationID == message.correlationID }?.id == message.id
            return isFirst ? name : "\(FlowName.of(message.title, id)) of \(name)"
        }
        let traces = Set(asked.map(\.id.traceID))
        let own = asked.compactMap { $0.messaging?.correlationID }.uniqued()
        let near = operations(in: traces).compactMap { $0.messaging?.correlationID }.uniqued()
        for correlations in [own, near] where correlations.count == 1 { return name(ofCorrelation: correlations[0]) }
        return own.isEmpty && near.isEmpty && traces.count == 1
            ? name(of: operations(in: traces), traces.first?.hex) : name
    }

    private func operations(in traces: Set<TraceID>) -> [Operation] {
        causalOperations.filter { traces.contains($0.id.traceID) }
    }

    private func name(ofCorrelation id: String) -> String {
        name(of: causalOperations.lazy.filter { $0.messaging?.correlationID == id }, id)
    }

    private func name(of operations: some Sequence<Operation>, _ id: String?) -> String {
        var first: String?
        for operation in operations {
            if let type = operation.messaging?.type { return FlowName.of(type, id) }
            first = first ?? operation.record.name
        }
        return FlowName.of(first ?? "flow", id)
    }
}
