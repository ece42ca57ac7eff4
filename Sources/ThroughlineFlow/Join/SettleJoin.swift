import ThroughlineModel

/// Finds how a delivery was settled where a span of its own says so.
struct SettleJoin {
    private struct Settling {
        var settlement: Settlement
        var start: Timestamp
        var service: String
        /// The handler that the settle span ran in.
        var handler: Int?
    }

    private var settlings: [Int: [Settling]] = [:]
    private let index: OperationIndex

    init(_ index: OperationIndex, _ join: MessageJoin) {
        self.index = index
        for position in index.operations.indices where index.reading(position).operation == .settle {
            guard let view = index.messaging(position), let settlement = view.settlement else { continue }
            let handler = index.nearestAncestor(of: position, where: index.handles)
            let settling = Settling(
                settlement: settlement, start: index.reading(position).start, service: index.reading(position).service,
                handler: handler)
            var messages = view.messageID.flatMap(join.messages.find).map { [$0] } ?? []
            for member in view.members {
                if let message = member.messageID.flatMap(join.messages.find) { messages.append(message) }
                if let target = index.position(of: member.context) { messages += join.messages(of: target) }
            }
            if messages.isEmpty, let handler { messages = join.messages(of: handler) }
            for message in messages.uniqued() { settlings[message, default: []].append(settling) }
        }
    }

    /// The settlement inside the handler itself, else the first one of its service after it began.
    func settlement(of message: Int, by handler: Int) -> Settlement? {
        guard !settlings.isEmpty, let candidates = settlings[message] else { return nil }
        if let own = candidates.first(where: { $0.handler == handler }) { return own.settlement }
        let operation = index.reading(handler)
        return candidates.first {
            $0.handler == nil && $0.service == operation.service && $0.start >= operation.start
        }?.settlement
    }
}
