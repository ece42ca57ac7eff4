import ThroughlineModel

/// Divides the time of a chain of hops into what it was spent on.
struct CriticalSegments {
    private let graph: FlowGraph

    init(_ graph: FlowGraph) {
        self.graph = graph
    }

    func segments(of chain: [(publication: Int, hop: Int?)]) -> [CriticalSegment] {
        var found: [Stretch] = []
        for (step, part) in chain.enumerated() {
            let sender = senders(of: part.publication).last
            if step > 0, let before = chain[step - 1].hop {
                addHandling(before, at: step - 1, until: part.publication, &found)
            } else if let sender {
                addBeginning(of: sender, &found)
            }
            if let sender { addSending(part.publication, sender, part.hop, at: step, &found) }
            guard let hop = part.hop else { continue }
            if let first = graph.hops[hop].attempts.first, let waited = first.waited {
                found.add(.queue, step, nil, taken(first, waited), until: first.start)
            }
            if step == chain.count - 1 { addHandling(hop, at: step, until: nil, &found) }
        }
        return shared(found)
    }

    private func shared(_ found: [Stretch]) -> [CriticalSegment] {
        let total = found.reduce(0.0) { $0 + Double($1.length) }
        return found.map { stretch in
            CriticalSegment(
                kind: stretch.kind, step: stretch.step, operation: stretch.operation.map(graph.index.id),
                start: stretch.start, duration: stretch.length, share: Double(stretch.length) / total)
        }
    }

    /// Those that created and sent the message, at the destination that it was routed from; the last one handed it to
    /// the broker.
    private func senders(of publication: Int) -> ArraySlice<Int> {
        guard case .routed(let origin) = graph.publicationRow(publication).reason else {
            return graph.sendersOfPublication[publication]
        }
        let source = graph.publicationsOfMessage[graph.messageOfPublication[publication]].first {
            $0 != publication && graph.publicationRow($0).destination == origin
        }
        return source.map { graph.sendersOfPublication[$0] } ?? []
    }

    /// What ran before the first message was sent, from the operation that began it all.
    private func addBeginning(of sender: Int, _ found: inout [Stretch]) {
        guard let root = graph.index.ancestors(of: sender).last else { return }
        found.add(.processing, 0, root, graph.index.row(root).start, until: sentFrom(sender))
    }

    /// Sending began, or the message was written down to be sent later.
    private func sentFrom(_ sender: Int) -> Timestamp {
        let start = graph.index.row(sender).start
        let appended = graph.publicationsOfSender[sender].first.flatMap { graph.publicationRow($0).appended }
        return appended.map { min($0, start) } ?? start
    }

    /// When the broker had the message.
    private func taken(_ attempt: Attempt, _ waited: UInt64) -> Timestamp {
        let start = attempt.start.nanosecondsSinceEpoch
        return Timestamp(nanosecondsSinceEpoch: start - min(start, waited))
    }

    /// The outbox or the schedule, then handing over to the broker.
    private func addSending(_ number: Int, _ sender: Int, _ hop: Int?, at step: Int, _ found: inout [Stretch]) {
        let publication = graph.publicationRow(number)
        let began = graph.index.row(sender).start
        if let appended = publication.appended, appended < began {
            let due = publication.due.map { min(max($0, appended), began) } ?? appended
            found.add(.scheduled, step, sender, appended, until: due)
            found.add(.outbox, step, sender, due, until: began)
        }
        let first = hop.flatMap { graph.hops[$0].attempts.first }
        let handed = first.map { first in first.waited.map { taken(first, $0) } ?? first.start } ?? publication.sent
        found.add(.publishing, step, sender, began, until: handed)
    }

    /// What a consumer did with a message until it sent the next one on the path, or until it ended: the last attempt,
    /// or the one that sent it, and those before.
    private func addHandling(_ hop: Int, at step: Int, until next: Int?, _ found: inout [Stretch]) {
        let attempts = graph.hops[hop].attempts
        let operations = graph.operationsOfHop[hop]
        let senders = next.map(senders) ?? []
        let sender = senders.last
        let handlers = senders.compactMap(graph.index.handler)
        let inside = operations.lastIndex(where: handlers.contains).map { $0 - operations.startIndex }
        for place in 0...(inside ?? attempts.count - 1) {
            let (attempt, operation) = (attempts[place], operations[operations.startIndex + place])
            if place > 0, let ended = attempts[place - 1].end {
                found.add(.backoff, step, operation, ended, until: attempt.start)
            }
            let sent = place == inside ? sender.map(sentFrom) : nil
            found.add(.processing, step, operation, attempt.start, until: [attempt.end, sent].compactMap(\.self).min())
        }
        // A handler may leave something behind that sends after it has ended.
        if let sender, let ended = attempts[inside ?? attempts.count - 1].end {
            found.add(.gap, step + 1, nil, ended, until: sentFrom(sender))
        }
    }
}

/// Time spent on one thing, in numbers.
private struct Stretch {
    var kind: CriticalSegment.Kind
    var step: Int
    var operation: Int?
    var start: Timestamp
    var length: UInt64
}

extension [Stretch] {
    /// Stretches of no length are left out.
    fileprivate mutating func add(
        _ kind: CriticalSegment.Kind, _ step: Int, _ operation: Int?, _ start: Timestamp, until end: Timestamp?
    ) {
        guard let length = end.map({ start.nanoseconds(until: $0) }), length > 0 else { return }
        append(Stretch(kind: kind, step: step, operation: operation, start: start, length: length))
    }
}
