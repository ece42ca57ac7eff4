public import Throughline

/// Where Kafka put a message.
public struct KafkaReceipt: Hashable, Sendable {
    /// The partition that it went to.
    public let partition: Int32
    /// The position there.
    public let offset: Int64
}

/// Sends messages to Kafka, each confirmed by the broker before `send` returns. Idempotent by default: a retry inside
/// librdkafka neither doubles nor reorders messages of a partition.
///
/// Delivery reports arrive on a thread of the producer's own; nothing blocks Swift's cooperative threads. ``close(within:)``
/// when done; a producer that is released instead ends its connection too, but says nothing about it.
public final class KafkaProducer: MessageProducer {
    private let core: ProducerCore

    /// Makes a producer; it connects in the background, and an unreachable broker shows at the first send.
    public init(_ configuration: KafkaConfiguration) throws(KafkaError) {
        core = try ProducerCore.start(configuration)
    }

    deinit {
        core.beginClose(deadline: .now, nil)
    }

    /// Sends one message and returns when the broker has confirmed it. When librdkafka's queue is full, waits for room.
    ///
    /// Cancellation counts until the message has been handed to librdkafka: then `CancellationError` is thrown and
    /// nothing was sent. Afterwards it is too late to take the message back, so `send` stays, at most for
    /// ``KafkaConfiguration/deliveryTimeout``, to say truthfully what became of it.
    ///
    /// - Throws: ``KafkaError`` when the message was not confirmed.
    public func send(_ message: KafkaMessage) async throws -> KafkaReceipt {
        while true {
            try Task.checkCancellation()
            do {
                return try await core.deliver(message)
            } catch let error as KafkaError where error.code == .queueFull {
                try await core.waitForRoom()
            }
        }
    }

    /// Waits until everything handed over so far has been confirmed or has failed.
    ///
    /// - Throws: ``KafkaError`` with ``KafkaError/Code/timedOut`` when that takes longer than the deadline.
    public func flush(within deadline: Duration = .seconds(30)) async throws {
        try await core.flush(deadline: .now + deadline)
    }

    /// Takes no more messages, waits for what is under way, then ends the connection. What is not confirmed by the
    /// deadline fails at its `send` with ``KafkaError/Code/abandonedInQueue`` or ``KafkaError/Code/abandonedInFlight``.
    /// Closing again waits for, and reports, the same end.
    ///
    /// - Throws: ``KafkaError`` with ``KafkaError/Code/timedOut`` when messages had to be given up.
    public func close(within deadline: Duration = .seconds(30)) async throws {
        try await withCheckedThrowingContinuation { core.beginClose(deadline: .now + deadline, $0) }
    }
}
