import ThroughlineModel

/// Joins what a consumer gave up with where it was set aside and with every time it was done once more.
struct DeadLetterReader {
    /// The parts of one dead letter by number.
    struct Parts {
        var hop: Int?
        var publication: Int?
        var replays: [Int]
    }

    private(set) var deadLetters: [DeadLetter] = []
    /// Of each dead letter.
    private(set) var parts: [Parts] = []

    private let graph: FlowGraph

    init(_ graph: FlowGraph) {
        self.graph = graph
        var told: Set<Int> = []
        for (number, publication) in graph.publications.enumerated() where publication.id.reason == .deadLettered {
            let hop = hop(gaveUp: number)
            if let hop { told.insert(hop) }
            add(graph.messageOfPublication[number], hop: hop, publication: number)
        }
        // What was given up and set aside where no span shows it.
        for (number, hop) in graph.hops.enumerated() where hop.isDeadLetter && !told.contains(number) {
            add(message(ofHop: number), hop: number, publication: nil)
        }
    }

    /// The hop that a link, the surrounding handler, or else the order in time says gave the message up.
    private func hop(gaveUp publication: Int) -> Int? {
        for sender in graph.sendersOfPublication[publication] {
            let linked = graph.index.links(of: sender).filter { $0.type == .deadLetterOf }
                .compactMap { graph.index.position(of: $0.target) }
            let around = graph.index.handler(of: sender).map { [$0] } ?? []
            for operation in linked + around {
                let message = graph.messageOfPublication[publication]
                let hop = graph.hopsOfOperation[operation].first { self.message(ofHop: $0) == message }
                if let hop { return hop }
            }
        }
        let began = graph.publications[publication].began ?? start(ofHopsOf: publication)
        let failed = graph.publicationsOfMessage[graph.messageOfPublication[publication]]
            .filter { $0 != publication }.flatMap { graph.hopsOfPublication[$0] }
            .filter { hop in graph.hops[hop].failed && (began.map { (graph.hops[hop].start ?? $0) <= $0 } ?? true) }
        return failed.max { (graph.hops[$0].end ?? .distantPast) < (graph.hops[$1].end ?? .distantPast) }
    }

    private func start(ofHopsOf publication: Int) -> Timestamp? {
        graph.hopsOfPublication[publication].compactMap { graph.hops[$0].start }.min()
    }

    private func message(ofHop hop: Int) -> Int { graph.messageOfPublication[graph.publicationOfHop[hop]] }

    private mutating func add(_ message: Int, hop: Int?, publication: Int?) {
        let replays = replays(of: message, hop: hop, publication: publication)
        var letter = DeadLetter(
            message: graph.messages[message].id, hop: hop.map { graph.hops[$0].id },
            publication: publication.map { graph.publications[$0].id }, reason: nil, exception: nil,
            replays: replays.map { graph.hops[$0].id }, outcome: outcome(message, replays))
        let tellers =
            (publication.map { Array(graph.sendersOfPublication[$0]) } ?? [])
            + (hop.map { Array(graph.operationsOfHop[$0].reversed()) } ?? [])
        for teller in tellers {
            let attributes = graph.index.reading(teller).attributes
            letter.reason = letter.reason ?? attributes[ThroughlineAttribute.deadLetterReason]?.stringValue
            letter.exception = letter.exception ?? attributes[ThroughlineAttribute.deadLetterException]?.stringValue
        }
        letter.exception = letter.exception ?? hop.flatMap { graph.hops[$0].attempts.last?.error }
        deadLetters.append(letter)
        parts.append(Parts(hop: hop, publication: publication, replays: replays))
    }

    /// Deliveries of the same message that are marked as replays, by the same consumer where any are.
    private func replays(of message: Int, hop: Int?, publication: Int?) -> [Int] {
        let since =
            hop.flatMap { graph.hops[$0].end ?? graph.hops[$0].start }
            ?? publication.flatMap { graph.publications[$0].sent }
        let all = graph.publicationsOfMessage[message].flatMap { graph.hopsOfPublication[$0] }
            .filter { candidate in
                candidate != hop && graph.hops[candidate].isReplay
                    && (since.map { since in (graph.hops[candidate].start ?? since) >= since } ?? true)
            }
            .sorted { (graph.hops[$0].start ?? .distantPast, $0) < (graph.hops[$1].start ?? .distantPast, $1) }
        guard let consumer = hop.map({ graph.hops[$0].consumer }) else { return all }
        let own = all.filter { graph.hops[$0].consumer == consumer }
        return own.isEmpty ? all : own
    }

    private func outcome(_ message: Int, _ replays: [Int]) -> DeadLetter.Outcome {
        if replays.contains(where: { graph.hops[$0].attempts.last?.succeeded == true }) { return .recovered }
        if let last = replays.last { return graph.hops[last].isUnfinished ? .replaying : .failedAgain }
        let sentAgain = graph.publicationsOfMessage[message]
            .contains { graph.publications[$0].id.reason == .replayed }
        return sentAgain ? .replaying : .waiting
    }
}

extension Timestamp {
    static let distantPast = Timestamp(nanosecondsSinceEpoch: 0)
}
