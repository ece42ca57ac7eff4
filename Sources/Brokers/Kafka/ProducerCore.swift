internal import CRDKafka
internal import Synchronization

/// The state of a producer and the thread that serves librdkafka's callbacks.
///
/// A message's opaque pointer is the number of its entry in `deliveries`, not an address. Whoever removes the entry
/// resumes the sender: exactly once, whatever order reports, purges and shutdown come in.
final class ProducerCore: Sendable {
    typealias Delivery = CheckedContinuation<KafkaReceipt, any Error>
    typealias Completion = CheckedContinuation<Void, any Error>

    private struct State {
        /// Nil once destroyed. Used under the lock, so that nothing is produced behind the back of the shutdown.
        var handle: ClientHandle?
        var deliveries: [UInt: Delivery] = [:]
        var waitingForRoom = WaitingLine<Completion>()
        var flushes: [(deadline: ContinuousClock.Instant, completion: Completion)] = []
        var lastID: UInt = 0
        var closeDeadline: ContinuousClock.Instant?
        var closers: [Completion] = []
        var outcome: Result<Void, any Error>?

        mutating func nextID() -> UInt {
            lastID += 1
            return lastID
        }
    }

    private let state = Mutex(State())

    static func start(_ configuration: KafkaConfiguration) throws(KafkaError) -> ProducerCore {
        let core = ProducerCore()
        let handle = try ClientHandle(RD_KAFKA_PRODUCER, settings: configuration.producerSettings, target: core) {
            rd_kafka_conf_set_dr_msg_cb($0) { _, message, target in
                guard let message, let target else { return }
                // The thread keeps the core alive until the client is destroyed, and with it its callbacks.
                Unmanaged<ProducerCore>.fromOpaque(target).takeUnretainedValue().report(message.pointee)
            }
        }
        core.state.withLock { $0.handle = handle }
        startThread("kafka-producer") { core.serve(handle) }
        return core
    }

    /// Hands a message to librdkafka and waits for the broker's report.
    func deliver(_ message: KafkaMessage) async throws -> KafkaReceipt {
        try await withCheckedThrowingContinuation { delivery in
            let failure: KafkaError? = state.withLock { state in
                guard let handle = state.handle, state.closeDeadline == nil else { return Self.closed(message.topic) }
                let id = state.nextID()
                state.deliveries[id] = delivery
                let failure = handle.produce(message, id: id)
                if failure != nil { state.deliveries[id] = nil }
                return failure
            }
            if let failure { delivery.resume(throwing: failure) }
        }
    }

    /// Waits until the queue has moved: a sender whose message found no room tries again then.
    func waitForRoom() async throws {
        let id = state.withLock { $0.nextID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (completion: Completion) in
                // A cancellation either finds the entry, or came before it and shows here: the lock orders the two.
                let refusal: (any Error)? = state.withLock { state in
                    if Task.isCancelled { return CancellationError() }
                    guard state.closeDeadline == nil else { return Self.closed(nil) }
                    state.waitingForRoom.join(completion, as: id)
                    return nil
                }
                if let refusal { completion.resume(throwing: refusal) }
            }
        } onCancel: {
            let completion = state.withLock { $0.waitingForRoom.leave(id) }
            completion?.resume(throwing: CancellationError())
        }
    }

    func flush(deadline: ContinuousClock.Instant) async throws {
        try await withCheckedThrowingContinuation { (completion: Completion) in
            let isClosed = state.withLock { state in
                guard state.handle != nil else { return true }
                state.flushes.append((deadline, completion))
                return false
            }
            if isClosed { completion.resume() }
        }
    }

    func beginClose(deadline: ContinuousClock.Instant, _ closer: Completion?) {
        let outcome = state.withLock { state in
            state.closeDeadline = min(deadline, state.closeDeadline ?? deadline)
            if let closer, state.outcome == nil { state.closers.append(closer) }
            return state.outcome
        }
        if let outcome { closer?.resume(with: outcome) }
    }

    // On the producer's thread from here on.

    private func serve(_ handle: ClientHandle) {
        while true {
            let (isHurried, deadline) = state.withLock {
                (!$0.flushes.isEmpty || $0.closeDeadline != nil, $0.closeDeadline)
            }
            // Both serve the reports; flushing also disregards a linger.
            let served = isHurried ? (rd_kafka_flush(handle.pointer, 20), 0).1 : rd_kafka_poll(handle.pointer, 50)
            makeRoom(for: max(1, Int(served)))
            endFlushes(handle)
            if let deadline, rd_kafka_outq_len(handle.pointer) == 0 || deadline <= .now { break }
        }
        shutDown(handle)
    }

    private func report(_ message: rd_kafka_message_t) {
        let id = UInt(bitPattern: message._private)
        guard let delivery = state.withLock({ $0.deliveries.removeValue(forKey: id) }) else { return }
        if message.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            delivery.resume(returning: KafkaReceipt(partition: message.partition, offset: message.offset))
        } else {
            let topic = message.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? "unknown"
            delivery.resume(throwing: KafkaError(message.err, "Sending to topic \(topic) failed"))
        }
    }

    /// Lets as many senders try again as messages have left; one at least, so that nobody waits for a report that
    /// came just before they began to wait.
    private func makeRoom(for count: Int) {
        let woken = state.withLock { $0.waitingForRoom.takeFirst(count) }
        for completion in woken { completion.resume() }
    }

    private func endFlushes(_ handle: ClientHandle) {
        let left = rd_kafka_outq_len(handle.pointer)
        let now = ContinuousClock.now
        let ended = state.withLock { state in
            let ended = state.flushes.filter { left == 0 || $0.deadline <= now }
            state.flushes.removeAll { left == 0 || $0.deadline <= now }
            return ended
        }
        for flush in ended {
            flush.completion.resume(with: left == 0 ? .success(()) : .failure(Self.unconfirmed(Int(left), "Flushing")))
        }
    }

    private func shutDown(_ handle: ClientHandle) {
        let abandoned = state.withLock { $0.deliveries.count }
        rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        // Every purged message is reported. The bound is against a librdkafka that breaks this promise.
        let patience = ContinuousClock.now + .seconds(5)
        while rd_kafka_outq_len(handle.pointer) > 0, .now < patience { rd_kafka_poll(handle.pointer, 20) }

        let outcome: Result<Void, any Error> =
            abandoned == 0 ? .success(()) : .failure(Self.unconfirmed(abandoned, "Closing"))
        var last = state.withLock { state in
            let last = state
            state.handle = nil
            state.deliveries = [:]
            state.waitingForRoom = WaitingLine()
            state.flushes = []
            state.closers = []
            return last
        }
        rd_kafka_destroy(handle.pointer)
        let closers = state.withLock { state in
            state.outcome = outcome
            defer { state.closers = [] }
            return last.closers + state.closers
        }
        for delivery in last.deliveries.values { delivery.resume(throwing: Self.closed(nil)) }
        for waiting in last.waitingForRoom.takeFirst(.max) { waiting.resume(throwing: Self.closed(nil)) }
        for flush in last.flushes { flush.completion.resume(with: outcome) }
        for closer in closers { closer.resume(with: outcome) }
    }

    private static func closed(_ topic: String?) -> KafkaError {
        KafkaError(
            .closed, topic.map { "Sending to topic \($0) failed" } ?? "Sending failed",
            reason: "the producer has been closed")
    }

    private static func unconfirmed(_ count: Int, _ work: String) -> KafkaError {
        KafkaError(
            .timedOut, "\(work) the producer ran out of time",
            reason: "the broker had not confirmed \(count) \(count == 1 ? "message" : "messages")")
    }
}
