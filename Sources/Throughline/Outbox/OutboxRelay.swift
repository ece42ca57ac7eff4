/// Sends what an outbox holds, in order, each message with the context that was captured when it was appended.
///
/// At least once: a relay that dies between sending and marking sends again, with the same message id, so that
/// consumers can tell. Several relays may run at once; the outbox sees to it that they do not get the same entries, and
/// a relay whose lease is over sends nothing more of what it has taken. Order is kept within what one relay takes at once.
public struct OutboxRelay<Box: Outbox, Producer: MessageProducer>: Sendable where Box.Message == Producer.Message {
    /// Settings of a relay.
    public struct Configuration: Sendable {
        /// How many entries are taken at once.
        public var batchSize = 100
        /// How long a relay may hold what it has taken.
        public var lease: Duration = .seconds(30)
        /// How long to wait when the outbox is empty.
        public var interval: Duration = .milliseconds(200)
        /// How long to wait after failures, growing.
        public var backoff = Backoff()
        /// What the waiting goes by.
        public var clock: any Clock<Duration> = ContinuousClock()

        /// The defaults.
        public init() {}
    }

    private let outbox: Box
    private let producer: Producer
    private let tracing: MessageTracing
    private let configuration: Configuration

    /// Makes a relay; ``run()`` starts it.
    public init(
        of outbox: Box, to producer: Producer, tracing: MessageTracing = MessageTracing(),
        configuration: Configuration = Configuration()
    ) {
        self.outbox = outbox
        self.producer = producer
        self.tracing = tracing
        self.configuration = configuration
    }

    /// Sends what is due until nothing is left.
    ///
    /// - Returns: How many messages were sent.
    /// - Throws: The outbox's errors, and the producer's: what was not sent by then is given back, in order.
    @discardableResult
    public func drain() async throws -> Int {
        var total = 0
        while true {
            let isOver = Self.deadline(configuration.lease, on: configuration.clock)
            let entries = try await outbox.claim(atMost: configuration.batchSize, for: configuration.lease)
            if entries.isEmpty { return total }
            total += try await send(entries, until: isOver)
        }
    }

    /// Drains the outbox again and again until the task is cancelled. Failures are waited out: the outbox keeps what
    /// could not be sent.
    ///
    /// - Throws: `CancellationError`.
    public func run() async throws {
        var failures = 0
        while true {
            try Task.checkCancellation()
            do {
                try await drain()
                failures = 0
                try await configuration.clock.sleep(for: configuration.interval)
            } catch is CancellationError where Task.isCancelled {
                throw CancellationError()
            } catch {
                failures += 1
                try await configuration.clock.sleep(
                    for: configuration.backoff.delay(after: failures, chance: Double.random(in: 0...1)))
            }
        }
    }

    /// Tells whether so much time has gone by since now.
    private static func deadline(_ duration: Duration, on clock: some Clock<Duration>) -> () -> Bool {
        let end = clock.now.advanced(by: duration)
        return { clock.now >= end }
    }

    private func send(
        _ entries: [OutboxEntry<Box.EntryID, Box.Message>], until isOver: () -> Bool
    ) async throws -> Int {
        var sent: [Box.EntryID] = []
        do {
            for entry in entries {
                // Somebody else may be sending the rest already.
                if isOver() { break }
                try await tracing.publish(entry.message, captured: entry.context) { _ = try await producer.send($0) }
                sent.append(entry.id)
            }
        } catch {
            let failure = error
            // The order is kept: nothing behind a message that failed is sent before it.
            try await outbox.markSent(sent)
            try await outbox.release(entries.dropFirst(sent.count).map(\.id))
            throw failure
        }
        try await outbox.markSent(sent)
        if sent.count < entries.count { try await outbox.release(entries.dropFirst(sent.count).map(\.id)) }
        return sent.count
    }
}
