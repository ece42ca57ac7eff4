import ThroughlineModel

/// Finds the messages that answer others.
struct ReplyReader {
    /// Two messages of the graph.
    struct Parts {
        var request: Int
        var reply: Int
        var evidence: Evidence
    }

    private(set) var replies: [Reply] = []
    /// Of each reply.
    private(set) var parts: [Parts] = []

    private let graph: FlowGraph
    /// By message: the places of its causes in the graph's causation.
    private let causes: Lists

    init(_ graph: FlowGraph) {
        self.graph = graph
        causes = Lists(
            count: graph.messages.count, keys: graph.causation.map(\.effect), values: Array(graph.causation.indices))
        for message in graph.messages.indices { add(message) }
    }

    /// A reply says what it is, or names the question as NServiceBus does: by a correlation id that is its message id.
    private mutating func add(_ answer: Int) {
        let named = question(namedBy: answer)
        guard named != nil || graph.messageRow(answer).intent == .reply else { return }
        let senders = services(sending: answer)
        let question =
            named ?? graph.causes[answer].first { cause in
                !Set(services(handling: cause)).isDisjoint(with: senders)
            } ?? graph.causes[answer].first
        guard let question, question != answer, let requester = services(sending: question).first,
            let responder = senders.first ?? services(handling: question).first
        else { return }
        let evidence = evidence(question, answer)
        replies.append(
            Reply(
                request: graph.messages[question].id, reply: graph.messages[answer].id, requester: requester,
                responder: responder, evidence: evidence, latency: latency(question, answer, requester)))
        parts.append(Parts(request: question, reply: answer, evidence: evidence))
    }

    private func question(namedBy answer: Int) -> Int? {
        for publication in graph.publicationsOfMessage[answer] {
            for sender in graph.sendersOfPublication[publication] {
                guard let name = graph.index.reading(sender).ownCorrelationID,
                    let question = graph.message(named: name)
                else { continue }
                if question != answer, graph.causes[answer].contains(question) { return question }
            }
        }
        return nil
    }

    private func services(sending message: Int) -> [String] {
        graph.publicationsOfMessage[message].flatMap { graph.publications[$0].services }
    }

    private func services(handling message: Int) -> [String] {
        graph.publicationsOfMessage[message].flatMap { graph.hopsOfPublication[$0] }
            .map { graph.hops[$0].consumer.service }
    }

    private func evidence(_ question: Int, _ answer: Int) -> Evidence {
        let place = causes[answer].first { graph.causation[$0].cause == question }
        return place.map { graph.causation[$0].evidence } ?? .correlationID
    }

    private func latency(_ question: Int, _ answer: Int, _ requester: String) -> UInt64? {
        let began = graph.publicationsOfMessage[question].compactMap { graph.publications[$0].began }.min()
        let arrived = graph.publicationsOfMessage[answer].flatMap { graph.hopsOfPublication[$0] }
            .filter { graph.hops[$0].consumer.service == requester }.compactMap { graph.hops[$0].start }.min()
        guard let began, let arrived else { return nil }
        return began.ifBefore(arrived)
    }
}
