internal import CRDKafka

extension ConsumerCore {
    /// Makes the client, has it join the group, and starts its thread.
    static func start(_ configuration: KafkaConfiguration, topics: [String]) throws(KafkaError) -> ConsumerCore {
        let settings = try configuration.consumerSettings()
        let group = settings["group.id"] ?? ""
        let core = ConsumerCore(group: group, prefetch: configuration.prefetch)
        let thread = ConsumerThread(core, commitInterval: configuration.commitInterval)
        // The closure of the thread keeps `thread`, the target of the callbacks, alive until the client is destroyed.
        let client = try ClientHandle(RD_KAFKA_CONSUMER, settings: settings, target: thread) {
            rd_kafka_conf_set_rebalance_cb($0) { _, kind, list, target in
                guard let list else { return }
                ConsumerThread.of(target)?.rebalance(kind, list)
            }
            rd_kafka_conf_set_offset_commit_cb($0) { _, code, list, target in
                guard code != RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return }
                ConsumerThread.of(target)?.commitFailed(list.pointee.places)
            }
            rd_kafka_conf_set_error_cb($0) { _, code, reason, target in
                ConsumerThread.of(target)?.report(.init(rawValue: code), reason.map { String(cString: $0) })
            }
        }
        rd_kafka_poll_set_consumer(client.pointer)
        if let failure = subscribe(client.pointer, topics) {
            rd_kafka_destroy(client.pointer)
            throw failure
        }
        guard let messages = rd_kafka_queue_new(client.pointer) else {
            rd_kafka_destroy(client.pointer)
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "Making a consumer failed")
        }
        let queue = ClientHandle(queue: messages)
        startThread("kafka-consumer") { thread.serve(client, messages: queue) }
        return core
    }

    private static func subscribe(_ client: OpaquePointer, _ topics: [String]) -> KafkaError? {
        let list = rd_kafka_topic_partition_list_new(Int32(topics.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics { rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA) }
        let code = rd_kafka_subscribe(client, list)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(code, "Subscribing to \(topics.joined(separator: ", ")) failed")
    }
}

extension ConsumerThread {
    fileprivate static func of(_ target: UnsafeMutableRawPointer?) -> ConsumerThread? {
        target.map { Unmanaged<ConsumerThread>.fromOpaque($0).takeUnretainedValue() }
    }
}
