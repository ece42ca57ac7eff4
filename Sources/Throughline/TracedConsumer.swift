import ThroughlineModel
import Tracing

/// A consumer that handles each message with its ids and trace context in place, and settles it by the outcome:
/// ``MessageTracing/process(_:policy:_:)`` and ``MessageTracing/settle(_:as:_:)`` around any ``MessageConsumer``.
public struct TracedConsumer<Base: MessageConsumer>: Sendable {
    /// The consumer that does the work.
    public let base: Base
    let tracing: MessageTracing
    private let failurePolicy: FailurePolicy

    /// Wraps a consumer.
    ///
    /// - Parameters:
    ///   - base: The consumer.
    ///   - tracing: The middleware.
    ///   - failurePolicy: What becomes of a message whose handler threw.
    public init(
        _ base: Base, tracing: MessageTracing = MessageTracing(),
        onFailure failurePolicy: FailurePolicy = .retry(upTo: 3)
    ) {
        self.base = base
        self.tracing = tracing
        self.failurePolicy = failurePolicy
    }

    /// Handles messages until the consumer is closed.
    ///
    /// A message whose handler returns is acknowledged; one whose handler throws is settled as the failure policy
    /// says, and the loop goes on.
    ///
    /// - Parameters:
    ///   - limit: How many messages are handled at the same time, at most.
    ///   - handle: The handler.
    /// - Throws: `CancellationError` when the task is cancelled: handlers in flight are cancelled, and messages that
    ///   were not settled are left to the broker's redelivery. The consumer's own errors.
    public func run(
        concurrently limit: Int = 1, _ handle: @escaping @Sendable (Base.Message) async throws -> Void
    ) async throws {
        try await runLoop(concurrently: limit) { try await handleOne($0, handle) }
    }

    /// Hands each message to a task of its own, a bounded number at a time.
    func runLoop(
        concurrently limit: Int, _ handle: @escaping @Sendable (Base.Message) async throws -> Void
    ) async throws {
        let limit = max(1, limit)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while true {
                while running >= limit {
                    try await group.next()
                    running -= 1
                }
                guard let messages = try await base.receive(atMost: limit - running) else { break }
                for message in messages {
                    running += 1
                    group.addTask { try await handle(message) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Handles messages in batches until the consumer is closed; a batch is what is there, up to a limit.
    ///
    /// A batch whose handler returns is acknowledged message by message; one whose handler throws is settled as the
    /// failure policy says, each message by its own attempt.
    ///
    /// - Throws: As ``run(concurrently:_:)``.
    public func runBatches(
        ofAtMost limit: Int, _ handle: @escaping @Sendable ([Base.Message]) async throws -> Void
    ) async throws {
        while let messages = try await base.receive(atMost: max(1, limit)) {
            guard let first = messages.first else { continue }
            let batch = tracing.beginBatch(messages, first)
            var failure: (any Error)?
            do {
                try await ServiceContext.withValue(batch.context) { try await handle(messages) }
            } catch {
                batch.span.record(failure: error)
                failure = error
            }
            batch.measurement?.end(failure: failure)
            if failure == nil { batch.span.settled(as: .acknowledged) }
            batch.span.end()
            if failure is CancellationError { throw CancellationError() }
            await ServiceContext.withValue(batch.context) {
                for message in messages {
                    let attempt = message.details.attempt ?? 1
                    await settle(message, failure.map { failurePolicy.settlement($0, attempt) } ?? .acknowledged)
                }
            }
        }
    }

    private func handleOne(
        _ message: Base.Message, _ handle: @Sendable (Base.Message) async throws -> Void
    ) async throws {
        if tracing.isForAnotherGroup(message) { return await settle(message, .skipped) }
        let delivery = tracing.begin(message, policy: tracing.configuration.policy)
        let settlement: Settlement
        do {
            try await ServiceContext.withValue(delivery.context) { try await handle(message) }
            tracing.succeed(delivery)
            settlement = .acknowledged
        } catch {
            tracing.fail(delivery, error)
            if error is CancellationError, Task.isCancelled {
                delivery.span.end()
                throw error
            }
            settlement = failurePolicy.settlement(error, delivery.attempt)
        }
        delivery.span.settled(as: settlement)
        delivery.span.end()
        await ServiceContext.withValue(delivery.context) { await settle(message, settlement) }
    }

    func settle(
        _ message: Base.Message, _ settlement: Settlement, by tell: (() async throws -> Void)? = nil
    ) async {
        // A settlement that the broker refuses, because the delivery has timed out for one, stands on its span. The
        // message will come again, and a consumer that is really broken says so at the next receive.
        try? await tracing.settle(message, as: settlement) {
            if let tell { return try await tell() }
            try await base.settle(message, as: settlement)
        }
    }
}

extension Span {
    func settled(as settlement: Settlement) {
        if isRecording { attributes.set(ThroughlineAttribute.settlement, value: .string(settlement.rawValue)) }
    }
}
