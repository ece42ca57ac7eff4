internal import CRDKafka
public import Throughline

/// Reads what lies in a topic without joining a group or committing anything: for looking at dead letters.
public struct KafkaBrowser: MessageBrowser {
    private let configuration: KafkaConfiguration
    private let deadline: Duration

    /// Prepares a browser; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - configuration: Where the brokers are; a group is not needed.
    ///   - deadline: How long one look may take.
    public init(_ configuration: KafkaConfiguration, within deadline: Duration = .seconds(30)) {
        self.configuration = configuration
        self.deadline = deadline
    }

    /// Returns what lay in the topic when the look began, partition by partition, oldest first.
    ///
    /// - Throws: ``KafkaError`` when the topic does not exist or the broker does not answer in time.
    public func browse(_ topic: String, limit: Int) async throws -> [KafkaMessage] {
        var configuration = configuration
        // librdkafka wants a name even where no group is joined.
        configuration.groupID = "throughline-browser"
        let settings = try configuration.consumerSettings()
        let end = ContinuousClock.now + deadline
        return try await withCheckedThrowingContinuation { look in
            startThread("kafka-browser") {
                look.resume(with: Result { try Look(topic: topic, settings: settings, end: end).messages(limit) })
            }
        }
    }
}

/// One look at one topic, on a thread that may block.
private struct Look {
    let topic: String
    let settings: [String: String]
    let end: ContinuousClock.Instant

    private var subject: String { "Browsing \(topic) failed" }
    private var millisecondsLeft: Int32 {
        Int32(clamping: max(0, Int((end - ContinuousClock.now) / .milliseconds(1))))
    }

    func messages(_ limit: Int) throws(KafkaError) -> [KafkaMessage] {
        let client = try ClientHandle(RD_KAFKA_CONSUMER, settings: settings).pointer
        defer { rd_kafka_destroy(client) }
        rd_kafka_poll_set_consumer(client)
        var ends: [Int32: Int64] = [:]
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in try partitions(client) {
            var low: Int64 = 0
            var high: Int64 = 0
            let code = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, millisecondsLeft)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, subject) }
            guard high > low else { continue }
            ends[partition] = high
            rd_kafka_topic_partition_list_add(list, topic, partition)?.pointee.offset = low
        }
        guard !ends.isEmpty, limit > 0 else { return [] }
        let code = rd_kafka_assign(client, list)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, subject) }

        var found: [KafkaMessage] = []
        while !ends.isEmpty, found.count < limit {
            let left = millisecondsLeft
            guard left > 0 else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, subject) }
            guard let raw = rd_kafka_consumer_poll(client, min(left, 100)) else {
                // Transactions leave offsets behind at which there is no message; the position passes them all the same.
                drop(&ends, reachedBy: positions(client, list))
                continue
            }
            defer { rd_kafka_message_destroy(raw) }
            guard raw.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            let partition = raw.pointee.partition
            guard let last = ends[partition] else { continue }
            if raw.pointee.offset < last {
                var message = KafkaMessage(raw, group: "")
                message.group = nil
                found.append(message)
            }
            if raw.pointee.offset >= last - 1 { ends[partition] = nil }
        }
        return found.sorted { ($0.partition ?? 0, $0.offset ?? 0) < ($1.partition ?? 0, $1.offset ?? 0) }
    }

    private func partitions(_ client: OpaquePointer) throws(KafkaError) -> [Int32] {
        let handle = rd_kafka_topic_new(client, topic, nil)
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client, 0, handle, &metadata, millisecondsLeft)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(code, subject) }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0 else { throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, subject) }
        let found = metadata.pointee.topics[0]
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(found.err, subject) }
        return (0..<Int(found.partition_cnt)).map { found.partitions[$0].id }
    }

    private func positions(
        _ client: OpaquePointer, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) -> [Int32: Int64] {
        guard let list, rd_kafka_position(client, list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [:] }
        var positions: [Int32: Int64] = [:]
        for index in 0..<Int(list.pointee.cnt) {
            positions[list.pointee.elems[index].partition] = list.pointee.elems[index].offset
        }
        return positions
    }

    private func drop(_ ends: inout [Int32: Int64], reachedBy positions: [Int32: Int64]) {
        for (partition, position) in positions where position >= (ends[partition] ?? .max) { ends[partition] = nil }
    }
}
