internal import CRDKafka
internal import Synchronization
internal import Throughline

/// Talks to librdkafka, from one thread, for a ``ConsumerCore``.
///
/// There are two queues. The group's events (rebalances, commits, errors) come on librdkafka's own and are always
/// served; the messages of the assigned partitions are forwarded to a second one, read only while there is room. So
/// prefetching is bounded, and the group never waits for a slow handler.
///
/// `@unchecked Sendable`: made in one place, then given to the one thread that uses it; librdkafka calls its callbacks
/// from within that thread's polls.
final class ConsumerThread: @unchecked Sendable {
    private let core: ConsumerCore
    private let commitInterval: Duration
    private var client: OpaquePointer?
    private var messages: OpaquePointer?
    private var lastCommit = ContinuousClock.now

    init(_ core: ConsumerCore, commitInterval: Duration) {
        self.core = core
        self.commitInterval = commitInterval
    }

    func serve(_ handle: ClientHandle, messages queue: ClientHandle) {
        let client = handle.pointer
        (self.client, self.messages) = (client, queue.pointer)
        while true {
            let closeDeadline = core.state.withLock { $0.closeDeadline }
            if let closeDeadline, closeDeadline <= .now || core.isSettled { break }
            let room = core.room
            if room > 0 { core.take(nextMessages(atMost: room, on: queue.pointer)) }
            serveGroup(client, waiting: room == 0 ? 5 : 0)
            commitWhenDue(client)
        }
        close(client, queue.pointer)
    }

    /// Waits for a message and takes what else is there. Asked for many at once, librdkafka would wait for all of them.
    private func nextMessages(atMost limit: Int, on queue: OpaquePointer) -> [KafkaMessage] {
        guard let first = rd_kafka_consume_queue(queue, 20) else { return [] }
        var messages = read(first).map { [$0] } ?? []
        let limit = min(limit, 1_000) - 1
        guard limit > 0 else { return messages }
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<rd_kafka_message_t>?.self, capacity: limit) {
            let count = rd_kafka_consume_batch_queue(queue, 0, $0.baseAddress, limit)
            for raw in $0.prefix(max(0, count)) {
                if let message = raw.flatMap(read) { messages.append(message) }
            }
        }
        return messages
    }

    /// Copies what librdkafka has received, reports it when it is an error, and gives it back.
    private func read(_ raw: UnsafeMutablePointer<rd_kafka_message_t>) -> KafkaMessage? {
        defer { rd_kafka_message_destroy(raw) }
        if raw.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { return KafkaMessage(raw, group: core.group) }
        if raw.pointee.err != RD_KAFKA_RESP_ERR__PARTITION_EOF {
            let reason = rd_kafka_message_errstr(raw).map { String(cString: $0) }
            report(raw.pointee.err, reason)
        }
        return nil
    }

    /// Serves the callbacks. A message that came before its partition's queue was forwarded is taken all the same.
    private func serveGroup(_ client: OpaquePointer, waiting milliseconds: Int32) {
        var milliseconds = milliseconds
        while let raw = rd_kafka_consumer_poll(client, milliseconds) {
            if let message = read(raw) { core.take([message]) }
            milliseconds = 0
        }
    }

    func rebalance(_ kind: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        guard let client else { return }
        let places = list.pointee.places
        let isCooperative = rd_kafka_rebalance_protocol(client).map { String(cString: $0) } == "COOPERATIVE"
        let failure: KafkaError?
        if kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            for place in places { forward(place, of: client) }
            core.state.withLock { state in
                for place in places {
                    state.partitions[place] = AssignedPartition(assignment: state.nextNumber())
                }
            }
            failure =
                isCooperative
                ? KafkaError(consuming: rd_kafka_incremental_assign(client, list), "Taking over partitions failed")
                : Self.error(rd_kafka_assign(client, list), "Taking over partitions failed")
        } else {
            // After the session has expired the partitions are another's, who may have committed since.
            if rd_kafka_assignment_lost(client) == 0 { _ = commit(client, only: Set(places), waiting: true) }
            core.lose(places)
            failure =
                isCooperative
                ? KafkaError(consuming: rd_kafka_incremental_unassign(client, list), "Giving up partitions failed")
                : Self.error(rd_kafka_assign(client, nil), "Giving up partitions failed")
        }
        if let failure { core.fail(failure) }
    }

    private func forward(_ place: TopicPartition, of client: OpaquePointer) {
        guard let queue = rd_kafka_queue_get_partition(client, place.topic, place.partition) else { return }
        rd_kafka_queue_forward(queue, messages)
        rd_kafka_queue_destroy(queue)
    }

    func report(_ code: rd_kafka_resp_err_t, _ reason: String?) {
        let subject = "Receiving for group \(core.group) failed"
        switch code {
        case RD_KAFKA_RESP_ERR__FATAL:
            guard let client else { return }
            core.fail(ClientHandle(queue: client).fatalError(subject), isFatal: true)
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
            break  // librdkafka reconnects and rejoins by itself.
        default:
            core.fail(KafkaError(code, subject, reason: reason))
        }
    }

    private func commitWhenDue(_ client: OpaquePointer) {
        let committers = core.state.withLock { state in
            defer { state.committers = [] }
            return state.committers
        }
        if !committers.isEmpty {
            let failure = commit(client, waiting: true)
            for committer in committers { committer.resume(with: failure.map { .failure($0) } ?? .success(())) }
        } else if .now - lastCommit >= commitInterval {
            lastCommit = .now
            _ = commit(client, waiting: false)
        }
    }

    /// Tells the broker the positions that it does not know yet.
    private func commit(_ client: OpaquePointer, only: Set<TopicPartition>? = nil, waiting: Bool) -> KafkaError? {
        let positions = core.state.withLock { state in
            var positions: [(TopicPartition, Int64)] = []
            for (place, partition) in state.partitions where only?.contains(place) != false {
                guard let position = partition.uncommitted else { continue }
                state.partitions[place]?.committed = position
                positions.append((place, position))
            }
            return positions
        }
        guard !positions.isEmpty else { return nil }
        let list = rd_kafka_topic_partition_list_new(Int32(positions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (place, position) in positions {
            rd_kafka_topic_partition_list_add(list, place.topic, place.partition)?.pointee.offset = position
        }
        let code = rd_kafka_commit(client, list, waiting ? 0 : 1)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return nil }
        commitFailed(list.pointee.places)
        return KafkaError(code, "Committing for group \(core.group) failed")
    }

    /// Has the next commit tell the positions again.
    func commitFailed(_ places: [TopicPartition]) {
        core.state.withLock { state in
            for place in places { state.partitions[place]?.committed = nil }
        }
    }

    private func close(_ client: OpaquePointer, _ queue: OpaquePointer) {
        let failure =
            commit(client, waiting: true)
            ?? Self.error(rd_kafka_consumer_close(client), "Leaving group \(core.group) failed")
        rd_kafka_queue_destroy(queue)
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        self.client = nil
        core.finishClose(failure.map { .failure($0) } ?? .success(()))
    }

    private static func error(_ code: rd_kafka_resp_err_t, _ subject: String) -> KafkaError? {
        code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, subject)
    }
}

extension rd_kafka_topic_partition_list_t {
    var places: [TopicPartition] {
        (0..<Int(cnt)).map { TopicPartition(topic: String(cString: elems[$0].topic), partition: elems[$0].partition) }
    }
}
