import ThroughlineModel

/// Divides the time of a chain of hops into what it was spent on.
struct CriticalSegments {
    private struct Stretch {
        var kind: CriticalSegment.Kind
        var step: Int
        var operation: Int?
        var start: Timestamp
        var length: UInt64
    }

    private let graph: FlowGraph

    init(_ graph: FlowGraph) {
        self.graph = graph
    }

    func segments(of chain: [(publication: Int, hop: Int?)]) -> [CriticalSegment] {
        var found: [Stretch] = []
        for (step, part) in chain.enumerated() {
            let sender = sender(of: part.publication)
            if step > 0, let before = chain[step - 1].hop {
                found += handling(before, at: step - 1, until: part.publication)
            } else if let sender {
                found += beginning(of: sender)
            }
            if let sender { found += sending(part.publication, sender, part.hop, at: step) }
            guard let hop = part.hop else { continue }
            if let first = graph.hops[hop].attempts.first, let waited = first.waited {
                found.append(stretch(.queue, step, nil, taken(first, waited), until: first.start))
            }
            if step == chain.count - 1 { found += handling(hop, at: step, until: nil) }
        }
        return shared(found.filter { $0.length > 0 })
    }

    private func shared(_ found: [Stretch]) -> [CriticalSegment] {
        let total = found.reduce(0.0) { $0 + Double($1.length) }
        return found.map { stretch in
            CriticalSegment(
                kind: stretch.kind, step: stretch.step, operation: stretch.operation.map { graph.index.reading($0).id },
                start: stretch.start, duration: stretch.length, share: Double(stretch.length) / total)
        }
    }

    private func stretch(
        _ kind: CriticalSegment.Kind, _ step: Int, _ operation: Int?, _ start: Timestamp, until end: Timestamp?
    ) -> Stretch {
        Stretch(
            kind: kind, step: step, operation: operation, start: start,
            length: end.map { start.nanoseconds(until: $0) } ?? 0)
    }

    /// The one that handed the message to the broker.
    private func sender(of publication: Int) -> Int? { senders(of: publication).last }

    /// Those that created and sent the message, at the destination that it was routed from.
    private func senders(of publication: Int) -> [Int] {
        guard case .routed(let origin) = graph.publications[publication].id.reason else {
            return Array(graph.sendersOfPublication[publication])
        }
        let source = graph.publicationsOfMessage[graph.messageOfPublication[publication]].first {
            $0 != publication && graph.publications[$0].id.destination == origin
        }
        return source.map { Array(graph.sendersOfPublication[$0]) } ?? []
    }

    /// What ran before the first message was sent, from the operation that began it all.
    private func beginning(of sender: Int) -> [Stretch] {
        guard let root = graph.index.ancestors(of: sender).last else { return [] }
        return [stretch(.processing, 0, root, graph.index.reading(root).start, until: sentFrom(sender))]
    }

    /// Sending began, or the message was written down to be sent later.
    private func sentFrom(_ sender: Int) -> Timestamp {
        let start = graph.index.reading(sender).start
        let appended = graph.publicationsOfSender[sender].first.flatMap { graph.publications[$0].appended }
        return appended.map { min($0, start) } ?? start
    }

    /// When the broker had the message.
    private func taken(_ attempt: Attempt, _ waited: UInt64) -> Timestamp {
        let start = attempt.start.nanosecondsSinceEpoch
        return Timestamp(nanosecondsSinceEpoch: start - min(start, waited))
    }

    /// The outbox or the schedule, then handing over to the broker.
    private func sending(_ number: Int, _ sender: Int, _ hop: Int?, at step: Int) -> [Stretch] {
        let publication = graph.publications[number]
        let began = graph.index.reading(sender).start
        var found: [Stretch] = []
        if let appended = publication.appended, appended < began {
            let due = publication.due.map { min(max($0, appended), began) } ?? appended
            found.append(stretch(.scheduled, step, sender, appended, until: due))
            found.append(stretch(.outbox, step, sender, due, until: began))
        }
        let first = hop.flatMap { graph.hops[$0].attempts.first }
        let handed = first.map { first in first.waited.map { taken(first, $0) } ?? first.start } ?? publication.sent
        found.append(stretch(.publishing, step, sender, began, until: handed))
        return found
    }

    /// What a consumer did with a message until it sent the next one on the path, or until it ended: the last attempt,
    /// or the one that sent it, and those before.
    private func handling(_ hop: Int, at step: Int, until next: Int?) -> [Stretch] {
        let attempts = graph.hops[hop].attempts
        let operations = Array(graph.operationsOfHop[hop])
        let senders = next.map(senders) ?? []
        let sender = senders.last
        let handlers = senders.compactMap(graph.index.handler)
        let inside = operations.lastIndex(where: handlers.contains)
        var found: [Stretch] = []
        for place in 0...(inside ?? attempts.count - 1) {
            let attempt = attempts[place]
            if place > 0, let ended = attempts[place - 1].end {
                found.append(stretch(.backoff, step, operations[place], ended, until: attempt.start))
            }
            let end = place == inside ? sender.map(sentFrom) : attempt.end
            found.append(stretch(.processing, step, operations[place], attempt.start, until: end))
        }
        if inside == nil, let sender, let ended = attempts.last?.end {
            found.append(stretch(.gap, step + 1, nil, ended, until: sentFrom(sender)))
        }
        return found
    }
}
