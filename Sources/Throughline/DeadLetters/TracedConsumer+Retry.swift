import ThroughlineModel
import Tracing

extension TracedConsumer {
    /// Handles messages until the consumer is closed, tries failed ones again in place, and sets aside those that it
    /// gives up: attempts, dead letter and a later replay are one story under one message id.
    ///
    /// Each attempt is a span of its own, linked to the one before. A message that is a replay for another group is
    /// settled as skipped, without its handler.
    ///
    /// - Parameters:
    ///   - limit: How many messages are handled at the same time, at most; a message that waits for its next attempt
    ///     counts.
    ///   - policy: How often and when a message is tried.
    ///   - deadLetters: Where messages go that are given up.
    ///   - clock: What the delays are waited on.
    ///   - chance: A number from 0 to 1 for the jitter of each delay.
    ///   - handle: The handler.
    /// - Throws: As ``run(concurrently:_:)``. When a message cannot be set aside it is requeued, and comes again.
    public func run(
        concurrently limit: Int = 1, retrying policy: RetryPolicy, deadLetters: DeadLetterQueue<Base.Message>,
        clock: any Clock<Duration> = ContinuousClock(),
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        _ handle: @escaping @Sendable (Base.Message) async throws -> Void
    ) async throws {
        try await runLoop(concurrently: limit) { message in
            if tracing.isForAnotherGroup(message) { return await settle(message, .skipped) }
            try await attempt(message, policy, deadLetters, { try await clock.sleep(for: $0) }, chance, handle)
        }
    }

    private func attempt(
        _ message: Base.Message, _ policy: RetryPolicy, _ deadLetters: DeadLetterQueue<Base.Message>,
        _ sleep: (Duration) async throws -> Void, _ chance: () -> Double,
        _ handle: (Base.Message) async throws -> Void
    ) async throws {
        let replay = tracing.replay(of: message)
        let before = replay?.attemptsBefore ?? 0
        let first = (message.details.attempt ?? 1) + before
        var attempt = first
        var firstFailure = replay == nil ? nil : DeadLetterHeaders.firstFailure(of: message)
        while true {
            let delivery = tracing.begin(
                message, policy: tracing.configuration.policy, attempt: attempt, isNewDelivery: attempt == first)
            do {
                try await ServiceContext.withValue(delivery.context) { try await handle(message) }
                tracing.succeed(delivery)
                await end(delivery, message, .acknowledged)
                return
            } catch {
                tracing.fail(delivery, error)
                if error is CancellationError, Task.isCancelled {
                    delivery.span.end()
                    throw error
                }
                let now = tracing.configuration.now()
                firstFailure = firstFailure ?? now
                let isWorthRetrying = policy.isWorthRetrying(error)
                if isWorthRetrying, attempt - before < policy.attempts {
                    delivery.span.end()
                    try await sleep(policy.backoff.delay(after: attempt - before, chance: chance()))
                    attempt += 1
                    continue
                }
                let letter = DeadLetter(
                    reason: isWorthRetrying ? .attemptsUsedUp : .notRetryable,
                    exceptionType: String(reflecting: type(of: error)), origin: message.destination,
                    group: message.details.consumerGroup, attempts: attempt, firstFailure: firstFailure,
                    lastFailure: now, replays: replay?.count ?? 0)
                await giveUp(message, letter, deadLetters, delivery)
                return
            }
        }
    }

    private func giveUp(
        _ message: Base.Message, _ letter: DeadLetter, _ deadLetters: DeadLetterQueue<Base.Message>,
        _ delivery: MessageTracing.Delivery
    ) async {
        delivery.span.updateAttributes { $0.set(letter) }
        switch deadLetters.way {
        case .settled:
            await end(delivery, message, .deadLettered)
        case .told(let tell):
            var letter = letter
            letter.traceParent = tracing.traceParent(of: delivery.context)
            await end(delivery, message, .deadLettered) { try await tell(message, letter) }
        case .sent(let send):
            do {
                try await send(message, letter, tracing, delivery)
            } catch {
                // Acknowledging it now would lose it. The sending's own span has the failure.
                return await end(delivery, message, .requeued)
            }
            delivery.span.settled(as: .deadLettered)
            delivery.span.end()
            // The broker is only told that its copy is done with.
            await ServiceContext.withValue(delivery.context) { await settle(message, .acknowledged) }
        }
        tracing.attempts.succeeded(delivery.key)
    }

    private func end(
        _ delivery: MessageTracing.Delivery, _ message: Base.Message, _ settlement: Settlement,
        by tell: (() async throws -> Void)? = nil
    ) async {
        delivery.span.settled(as: settlement)
        delivery.span.end()
        await ServiceContext.withValue(delivery.context) { await settle(message, settlement, by: tell) }
    }
}

extension DeadLetterHeaders {
    /// When a replayed message failed first.
    fileprivate static func firstFailure<Message: TraceableMessage>(of message: Message) -> Timestamp? {
        Message.value(forHeader: firstFailure, in: message.headers).flatMap(Timestamp.init(iso8601:))
    }
}
