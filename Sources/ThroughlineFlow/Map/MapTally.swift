import ThroughlineModel

/// Counts what became of messages, for the edges of a map.
struct MapTally: Sendable {
    /// Messages of one type that one service sends to one destination.
    struct EmissionKey: Hashable {
        var service: MapName
        var destination: MapName
        var type: MapName?
        var intent: MessageIntent?
        var isDeadLetter: Bool
        var isReplay: Bool
    }

    /// One consumer at one destination.
    struct DeliveryKey: Hashable {
        var destination: MapName
        var service: MapName
        var group: MapName?
        var isReplay: Bool
    }

    /// The broker moves messages on by itself.
    struct RouteKey: Hashable {
        var from: MapName
        var to: MapName
        var isDeadLetter: Bool
    }

    struct EmissionCount {
        var messages = 0
        var errors = 0
    }

    struct DeliveryCount {
        var deliveries = 0
        var attempts = 0
        var retries = 0
        var duplicates = 0
        var errors = 0
        var deadLetters = 0
        var unfinished = 0
        /// Deliveries after which nothing more is to come.
        var settled = 0
        var queueTime = PercentileSketch()
        var retryTime = PercentileSketch()
        var processingTime = PercentileSketch()
    }

    var emissionKeys = KeyNumbers<EmissionKey>()
    var deliveryKeys = KeyNumbers<DeliveryKey>()
    /// By the numbers of their keys.
    private(set) var emissions: [EmissionCount] = []
    private(set) var deliveries: [DeliveryCount] = []
    private(set) var routes: [RouteKey: Int] = [:]
    /// Messages that were sent to a destination for the first time.
    private(set) var published: [MapName: Int] = [:]

    /// Counts the messages of a story that is complete.
    ///
    /// - Parameter systems: the broker of each destination, as far as it is known.
    mutating func add(_ story: consuming MapStory, _ systems: [MapName: MapName]) {
        story.complete(deliveryKeys.keys)
        addSendings(story)
        let moves = addMoves(story, systems)
        let isShared = story.isShared
        var place = 0
        while place < story.attempts.count {
            let key = story.attempts[place].place
            var end = place + 1
            while !isShared, end < story.attempts.count, story.attempts[end].place == key { end += 1 }
            addDelivery(story.attempts[place..<end], story, moves)
            place = end
        }
    }

    /// Counts messages that have nothing by which they could be told apart.
    mutating func add(_ sending: MapStory.Sending) {
        addSendings(MapStory(sendings: [sending]))
    }

    /// Counts the handling of messages that have nothing by which they could be told apart.
    mutating func add(_ attempt: MapStory.Attempt, messages: Int) {
        let story = MapStory(attempts: [attempt])
        for _ in 0..<messages { addDelivery(story.attempts[...], story, []) }
    }

    private mutating func addSendings(_ story: MapStory) {
        var reached: Set<MapName> = []
        for sending in story.sendings where sending.messages > 0 {
            let place = Int(sending.place)
            while emissions.count <= place { emissions.append(EmissionCount()) }
            let key = emissionKeys.keys[place]
            emissions[place].messages += Int(sending.messages)
            if sending.failed {
                emissions[place].errors += Int(sending.messages)
            } else if !key.isReplay, sending.messages > 1 || reached.insert(key.destination).inserted {
                published[key.destination, default: 0] += Int(sending.messages)
            }
        }
    }

    private func destination(of sending: MapStory.Sending) -> MapName {
        emissionKeys.keys[Int(sending.place)].destination
    }

    private func key(of attempt: MapStory.Attempt) -> DeliveryKey { deliveryKeys.keys[Int(attempt.place)] }

    /// How the message came from where it was sent to where it was handled, when nobody sent it there. No broker moves a
    /// message to another one: there it is a namesake.
    private mutating func addMoves(_ story: MapStory, _ systems: [MapName: MapName]) -> [RouteKey] {
        guard !story.sendings.isEmpty else { return [] }
        let moved = story.attempts.filter { attempt in
            let to = key(of: attempt).destination
            return !story.sendings.contains { destination(of: $0) == to }
        }
        guard !moved.isEmpty else { return [] }
        var moves: [RouteKey] = []
        for attempt in moved.sorted(by: { ($0.start, $0.span) < ($1.start, $1.span) }) {
            let to = key(of: attempt).destination
            if moves.contains(where: { $0.to == to }) { continue }
            let sendings = story.sendings.filter { sending in
                guard let from = systems[destination(of: sending)], let to = systems[to] else { return true }
                return from == to
            }
            guard let first = sendings.first else { continue }
            let from = destination(of: sendings.last { $0.ended <= attempt.start && !$0.failed } ?? first)
            let gaveUp = story.attempts.contains { other in
                other.isGivenUp && key(of: other).destination == from && (other.end ?? other.start) <= attempt.start
            }
            moves.append(RouteKey(from: from, to: to, isDeadLetter: gaveUp))
        }
        for move in moves { routes[move, default: 0] += 1 }
        return moves
    }

    /// Counts the attempts of one delivery, one after the other.
    private mutating func addDelivery(
        _ attempts: ArraySlice<MapStory.Attempt>, _ story: MapStory, _ moves: [RouteKey]
    ) {
        guard let first = attempts.first, let last = attempts.last else { return }
        let place = Int(first.place)
        let key = deliveryKeys.keys[place]
        while deliveries.count <= place { deliveries.append(DeliveryCount()) }
        let isBegun = first.number <= 1 || key.isReplay
        let waited = isBegun ? first.waited ?? waited(first, key, story, moves) : nil
        let isDeadLetter = last.settlement == .deadLettered || (last.isGivenUp && isSetAside(key, story, moves))
        // Changed in place: taking the counts out and putting them back would copy the sketches.
        func count(_ counts: inout DeliveryCount) {
            counts.deliveries += 1
            counts.attempts += attempts.count
            counts.retries += attempts.count - (isBegun ? 1 : 0)
            if let waited { counts.queueTime.add(waited) }
            var previous: MapStory.Attempt?
            var isDone = false
            for attempt in attempts {
                if let end = attempt.end { counts.processingTime.add(attempt.start.nanoseconds(until: end)) }
                if isDone, attempt.succeeded {
                    counts.duplicates += 1
                    counts.retries -= 1
                } else if let previous, let waited = (previous.end ?? previous.start).ifBefore(attempt.start) {
                    counts.retryTime.add(waited)
                }
                isDone = isDone || attempt.succeeded
                previous = attempt
            }
            if last.end == nil {
                counts.unfinished += 1
            } else {
                if last.isGivenUp { counts.errors += 1 }
                if isDeadLetter { counts.deadLetters += 1 }
                if !last.isGivenBack { counts.settled += 1 }
            }
        }
        count(&deliveries[place])
    }

    /// The consumer did not measure it: since the last sending before, on the same destination where there is one; a dead
    /// letter that the broker set aside, since it was given up.
    private func waited(
        _ attempt: MapStory.Attempt, _ key: DeliveryKey, _ story: MapStory, _ moves: [RouteKey]
    ) -> UInt64? {
        let move = moves.first { $0.to == key.destination }
        let origin = move?.from ?? key.destination
        if move?.isDeadLetter == true {
            let givenUp = story.attempts.filter { $0.isGivenUp && self.key(of: $0).destination == origin }
            let ends = givenUp.map { $0.end ?? $0.start }.filter { $0 <= attempt.start }
            if let last = ends.max() { return last.nanoseconds(until: attempt.start) }
        }
        // Where all of them come later by the clocks, nobody measured how long it waited.
        let sent = story.sendings.last { destination(of: $0) == origin && $0.ended <= attempt.start }
        return sent?.ended.nanoseconds(until: attempt.start)
    }

    /// The consumer itself sent the message to where dead letters go, or the broker moved it there.
    private func isSetAside(_ key: DeliveryKey, _ story: MapStory, _ moves: [RouteKey]) -> Bool {
        moves.contains { $0.isDeadLetter && $0.from == key.destination }
            || story.sendings.contains { sending in
                let emission = emissionKeys.keys[Int(sending.place)]
                return emission.isDeadLetter && emission.service == key.service
                    && emission.destination != key.destination
            }
    }
}
