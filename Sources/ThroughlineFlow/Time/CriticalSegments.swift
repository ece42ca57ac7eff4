import ThroughlineModel

/// A chain of hops, and what went on after the last of them.
struct CriticalChain {
    var steps: [(publication: Int, hop: Int?)]
    /// See ``CriticalEnds/End``.
    var origin: Int?
    var rest: [Int]
}

/// Divides the time of a chain of hops into what it was spent on.
struct CriticalSegments {
    private let graph: FlowGraph
    private let clock: CausalClock

    init(_ graph: FlowGraph, _ clock: CausalClock) {
        self.graph = graph
        self.clock = clock
    }

    func segments(of chain: CriticalChain) -> [CriticalSegment] {
        var found: [Stretch] = []
        for (step, part) in chain.steps.enumerated() {
            let sender = senders(of: part.publication).last
            if step > 0, let before = chain.steps[step - 1].hop {
                addHandling(before, at: step - 1, until: part.publication, &found)
            } else if let sender {
                addBeginning(of: sender, &found)
            }
            if let sender { addSending(part.publication, sender, part.hop, at: step, &found) }
            guard let hop = part.hop else { continue }
            if let first = graph.operationsOfHop[hop].first, let taken = taken(hop) {
                found.add(.queue, step, nil, taken, until: clock.start(first))
            }
            if step == chain.steps.count - 1 { addHandling(hop, at: step, inside: chain.origin, &found) }
        }
        addRest(of: chain, &found)
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
    private func senders(of publication: Int) -> [Int] {
        guard case .routed(let origin) = graph.publicationRow(publication).reason else {
            return Array(graph.sendersOfPublication[publication])
        }
        let source = graph.publicationsOfMessage[graph.messageOfPublication[publication]].first {
            $0 != publication && graph.publicationRow($0).destination == origin
        }
        return source.map { Array(graph.sendersOfPublication[$0]) } ?? []
    }

    /// What ran before the first message was sent, from the operation that began it all.
    private func addBeginning(of sender: Int, _ found: inout [Stretch]) {
        let around: [Int] = graph.index.ancestors(of: sender).reversed()
        guard let root = around.first else { return }
        addWork(around, from: clock.start(root), until: sentFrom(sender), (0, 0), &found)
    }

    /// What operations, each inside the one before, did one after the other: what runs inside another one may go on when
    /// that has ended, or begin later still.
    ///
    /// - Parameter steps: the steps that working, and that what nobody recorded, belongs to.
    private func addWork(
        _ operations: [Int], from start: Timestamp, until end: Timestamp, _ steps: (work: Int, gap: Int),
        _ found: inout [Stretch]
    ) {
        var time = start
        for operation in operations {
            let start = clock.start(operation)
            let until = min(clock.latest(operation), end)
            guard until > time else { continue }
            found.add(.gap, steps.gap, steps.gap == steps.work ? operation : nil, time, until: min(start, end))
            time = max(time, start)
            found.add(.processing, steps.work, operation, time, until: until)
            time = until
        }
        found.add(.gap, steps.gap, nil, time, until: end)
    }

    /// What went on after the last step, or without any.
    private func addRest(of chain: CriticalChain, _ found: inout [Stretch]) {
        guard let first = chain.rest.first, let last = chain.rest.last else { return }
        let before = chain.origin.map(clock.latest) ?? chain.steps.last?.hop.map(end)
        let step = max(0, chain.steps.count - 1)
        let start = before ?? clock.start(first)
        addWork(chain.rest, from: start, until: clock.latest(last), (step, step), &found)
    }

    private func end(of hop: Int) -> Timestamp { Timestamp(nanosecondsSinceEpoch: clock.finish(hop)) }

    /// Sending began, or the message was written down to be sent later.
    private func sentFrom(_ sender: Int) -> Timestamp {
        let start = clock.start(sender)
        let appended = graph.publicationsOfSender[sender].first.flatMap { graph.publicationRow($0).appended }
        return appended.map { min(clock.moment($0, of: sender), start) } ?? start
    }

    /// When the broker had the message; nil when nothing says how long it waited.
    private func taken(_ hop: Int) -> Timestamp? {
        guard let first = graph.operationsOfHop[hop].first, let waited = clock.waited(hop) else { return nil }
        let start = clock.start(first).nanosecondsSinceEpoch
        return Timestamp(nanosecondsSinceEpoch: start - min(start, waited))
    }

    /// The outbox or the schedule, then handing over to the broker.
    private func addSending(_ number: Int, _ sender: Int, _ hop: Int?, at step: Int, _ found: inout [Stretch]) {
        let publication = graph.publicationRow(number)
        let began = clock.start(sender)
        if let appended = publication.appended.map({ clock.moment($0, of: sender) }), appended < began {
            let due = publication.due.map { min(max(clock.moment($0, of: sender), appended), began) } ?? appended
            found.add(.scheduled, step, sender, appended, until: due)
            found.add(.outbox, step, sender, due, until: began)
        }
        let first = hop.flatMap { graph.operationsOfHop[$0].first }
        let handed =
            hop.flatMap(taken) ?? first.map(clock.start) ?? publication.sent.map { clock.moment($0, of: sender) }
        found.add(.publishing, step, sender, began, until: handed)
    }

    /// What a consumer did with a message until it sent the next one on the path: the last attempt, or the one that sent
    /// it, and those before. A handler may leave something behind that sends after it has ended.
    private func addHandling(_ hop: Int, at step: Int, until next: Int, _ found: inout [Stretch]) {
        let senders = senders(of: next)
        let handlers = senders.compactMap(graph.index.handler)
        let inside = graph.operationsOfHop[hop].last(where: handlers.contains)
        let sent = senders.last.map(sentFrom)
        addHandling(hop, at: step, inside: inside, until: inside == nil ? nil : sent, &found)
        guard let sender = senders.last, let sent, let ended = attempt(of: hop, inside).end, ended < sent else {
            return
        }
        let around = inside.map { operations(around: sender, in: $0) } ?? []
        addWork(around, from: ended, until: sent, (step, step + 1), &found)
    }

    /// What lies between an operation and one that it ran in, the outermost first.
    private func operations(around operation: Int, in outer: Int) -> [Int] {
        var found: [Int] = []
        // Asked step by step: a chain of messages may be as deep as the flow.
        _ = graph.index.nearestAncestor(of: operation) { ancestor in
            if ancestor != outer { found.append(ancestor) }
            return ancestor == outer
        }
        return found.reversed()
    }

    /// What a consumer did with a message, up to the attempt that is named, else the last one.
    private func addHandling(
        _ hop: Int, at step: Int, inside: Int?, until sent: Timestamp? = nil, _ found: inout [Stretch]
    ) {
        let last = attempt(of: hop, inside).operation
        var ended: Timestamp?
        for (attempt, operation) in zip(graph.hops[hop].attempts, graph.operationsOfHop[hop]) {
            // What had been handled well waited for nothing when it came once more.
            let pause: CriticalSegment.Kind = attempt.isDuplicate ? .gap : .backoff
            let start = clock.start(operation)
            let end = attempt.end.map { clock.moment($0, of: operation) }
            if let ended { found.add(pause, step, operation, ended, until: start) }
            let isLast = attempt.operation == last
            found.add(.processing, step, operation, start, until: isLast ? [end, sent].compactMap(\.self).min() : end)
            if isLast { return }
            ended = end
        }
    }

    private func attempt(of hop: Int, _ operation: Int?) -> (operation: Operation.ID?, end: Timestamp?) {
        let attempts = graph.hops[hop].attempts
        let id = operation.map(graph.index.id)
        guard let place = attempts.lastIndex(where: { $0.operation == id }) ?? attempts.indices.last else {
            return (nil, nil)
        }
        let operations = Array(graph.operationsOfHop[hop])
        return (attempts[place].operation, attempts[place].end.map { clock.moment($0, of: operations[place]) })
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
