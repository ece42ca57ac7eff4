public import ThroughlineModel

/// Builds a map of spans, one at a time, without keeping them.
///
/// What became of a message shows only when all of its spans are there: its attempts make one delivery, and where it was
/// sent tells how long it waited. The builder therefore remembers what is needed of a bounded number of messages, and
/// counts those that it has to forget as they are then. A delivery that comes twice in that time counts once.
public struct MapBuilder: Sendable {
    private var names: [String] = []
    private var numbers: [String: MapName] = [:]
    private var services: Set<MapName> = []
    private var systems: [MapName: MapName] = [:]
    private var bodySizes: [MapName: PercentileSketch] = [:]
    private var calls: MapCalls
    private var stories: BoundedMemory<MapMessageKey, MapStory>
    /// The ids of messages by the spans that sent or created them.
    private var ids: BoundedMemory<MapMessageKey, MapMessageKey>
    /// What settled messages without naming them, by the span of their handler, below which it ran.
    private var settledBelow: BoundedMemory<SpanID, MapStory.Settling>
    /// Some story is known by its sender, because whoever handled the message did not know its id.
    private var areSendersAsked = false
    private var tally = MapTally()
    private var start: Timestamp?
    private var end: Timestamp?

    /// An empty builder.
    ///
    /// - Parameter rememberedMessages: how many messages are remembered until all of their spans have come.
    public init(rememberedMessages: Int = 50_000) {
        stories = BoundedMemory(capacity: rememberedMessages)
        ids = BoundedMemory(capacity: rememberedMessages)
        settledBelow = BoundedMemory(capacity: rememberedMessages)
        calls = MapCalls(remembered: rememberedMessages)
    }

    /// Adds a span. One that has not ended counts as unfinished work until it comes again with its end.
    public mutating func add(_ record: SpanRecord) {
        add(MapSample(record) { name($0) })
    }

    /// The number of a text, the same for the same text.
    package mutating func name(_ text: String) -> MapName {
        if let known = numbers[text] { return known }
        let name = MapName(number: Int32(names.count))
        names.append(text)
        numbers[text] = name
        return name
    }

    /// Adds what a span says.
    package mutating func add(_ sample: MapSample) {
        services.insert(sample.service)
        start = start.map { min($0, sample.start) } ?? sample.start
        if let ended = sample.end {
            end = end.map { max($0, ended) } ?? ended
            if let call = sample.call { calls.add(call, sample, ended) }
        }
        if sample.operation == .settle { settle(sample) }
        guard let destination = sample.destination else { return }
        if let system = sample.system { note(system, of: destination) }
        switch sample.operation {
        case .send: if let ended = sample.end { send(sample, destination, ended) }
        case .create: if let id = sample.messageID { note(id, of: sample.span) }
        case .process, .receive: deliver(sample, destination)
        case .settle, nil: break
        }
    }

    /// Where spans disagree, the same one wins whatever their order.
    private mutating func note(_ system: MapName, of destination: MapName) {
        guard let known = systems[destination] else {
            systems[destination] = system
            return
        }
        if known != system, text(known) < text(system) { systems[destination] = system }
    }

    private mutating func send(_ sample: MapSample, _ destination: MapName, _ ended: Timestamp) {
        let key = MapTally.EmissionKey(
            service: sample.service, destination: destination, type: sample.type, intent: sample.intent,
            isDeadLetter: sample.isDeadLetter, isReplay: sample.isReplay)
        if let size = sample.bodySize { bodySizes[destination, default: PercentileSketch()].add(size) }
        var sending = MapStory.Sending(
            span: sample.span, place: tally.emissionKeys.number(key), ended: ended, failed: sample.failed)
        if let id = sample.messageID {
            note(id, of: sample.span)
            return remember(id) { $0.sendings.append(sending) }
        }
        for member in sample.members {
            guard let message = message(member.id, sentBy: member.sender) else { continue }
            remember(message) { $0.sendings.append(sending) }
        }
        // Who handles one of them may know no more of it than this span.
        sending.messages = Int32(clamping: max(0, sample.messages - sample.members.count))
        remember(MapMessageKey(sender: sample.span)) { $0.sendings.append(sending) }
    }

    private mutating func deliver(_ sample: MapSample, _ destination: MapName) {
        let key = MapTally.DeliveryKey(
            destination: destination, service: sample.service, group: sample.group, isReplay: sample.isReplay)
        var attempt = MapStory.Attempt(sample, place: tally.deliveryKeys.number(key))
        guard sample.messageID == nil, !sample.members.isEmpty else {
            if let message = message(sample.messageID, sentBy: sample.sender) {
                remember(message) { $0.attempts.append(attempt) }
            } else if sample.operation == .process {
                settle(&attempt)
                tally.add(attempt, messages: sample.messages)
            }
            return
        }
        var unknown = max(0, sample.messages - sample.members.count)
        for member in sample.members {
            guard let message = message(member.id, sentBy: member.sender) else {
                unknown += 1
                continue
            }
            let own = attempt.of(member, startingAt: sample.start)
            remember(message) { $0.attempts.append(own) }
        }
        guard sample.operation == .process, unknown > 0 else { return }
        settle(&attempt)
        tally.add(attempt, messages: unknown)
    }

    /// That a message was acknowledged says no more than that it was handled, and what failed has settled nothing.
    private mutating func settle(_ sample: MapSample) {
        guard !sample.failed, let settlement = sample.settlement, settlement != .acknowledged, settlement != .skipped
        else { return }
        let settling = MapStory.Settling(service: sample.service, start: sample.start, settlement: settlement)
        if let message = message(sample.messageID, sentBy: sample.sender) {
            remember(message) { $0.settlings.append(settling) }
        } else if let handler = sample.parent, settledBelow[handler].map({ settling.start < $0.start }) ?? true {
            settledBelow.set(handler, settling)
        }
    }

    /// What a message is known by: its id, else the span that sent it.
    private mutating func message(_ id: MapMessageKey?, sentBy sender: MapMessageKey?) -> MapMessageKey? {
        if let id { return id }
        guard let sender else { return nil }
        areSendersAsked = true
        return ids[sender] ?? sender
    }

    /// A sender's message has an id; what was known of it by its sender is known by that from now on.
    private mutating func note(_ id: MapMessageKey, of span: SpanID) {
        let sender = MapMessageKey(sender: span)
        ids.set(sender, id)
        guard areSendersAsked, let early = stories.remove(sender) else { return }
        remember(id) { $0.add(early) }
    }

    private mutating func remember(_ message: MapMessageKey, _ change: (inout MapStory) -> Void) {
        var complete: MapStory?
        let forgotten = stories.change(message, new: MapStory()) { story in
            change(&story)
            guard story.isTooLong else { return }
            complete = story
            story = MapStory()
        }
        if let complete { tally.add(settled(complete), systems) }
        if let forgotten { tally.add(settled(forgotten), systems) }
    }

    /// With what the spans below its handlers say.
    private func settled(_ story: consuming MapStory) -> MapStory {
        if settledBelow.isEmpty { return story }
        for place in story.attempts.indices { settle(&story.attempts[place]) }
        return story
    }

    private func settle(_ attempt: inout MapStory.Attempt) {
        attempt.settlement = attempt.settlement ?? settledBelow[attempt.span]?.settlement
    }

    private func text(_ name: MapName) -> String { names[Int(name.number)] }

    /// The map of what was added so far.
    public var map: ServiceMap {
        var tally = tally
        for story in stories.values.values { tally.add(settled(story), systems) }
        return ServiceMap(
            tally, services: services.map(text).sorted(), systems: systems.mapValues(text),
            bodySizes: bodySizes.compactMapValues(\.percentiles), calls: calls.calls(text), start: start, end: end,
            text)
    }
}

extension MapStory.Attempt {
    init(_ sample: MapSample, place: Int32) {
        self.init(
            span: sample.span, parent: sample.parent, place: place, number: Int32(clamping: sample.attempt ?? 0),
            start: sample.start, end: sample.end,
            waited: sample.enqueued.map { $0.ifBefore(sample.start) } ?? sample.queueTime,
            settlement: sample.settlement, failed: sample.failed, isReceipt: sample.operation == .receive,
            isGuess: sample.isSenderGuessed, isBatch: !sample.members.isEmpty)
    }

    /// The same for one message of a batch.
    fileprivate func of(_ member: MapSample.Member, startingAt start: Timestamp) -> MapStory.Attempt {
        var attempt = self
        if let number = member.attempt { attempt.number = Int32(clamping: number) }
        if let enqueued = member.enqueued { attempt.waited = enqueued.ifBefore(start) }
        return attempt
    }
}
