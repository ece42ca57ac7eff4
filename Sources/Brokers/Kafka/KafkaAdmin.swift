internal import CRDKafka

/// The little administration that tests and demos need.
public struct KafkaAdmin: Sendable {
    private let configuration: KafkaConfiguration

    /// Makes an administrator of the cluster.
    public init(_ configuration: KafkaConfiguration) {
        self.configuration = configuration
    }

    /// Creates a topic and returns when the broker has it.
    ///
    /// - Parameters:
    ///   - name: The topic.
    ///   - partitions: How many partitions it gets.
    ///   - deadline: How long this may take.
    /// - Returns: False when a topic of this name was there already; it is left as it is.
    /// - Throws: ``KafkaError`` when the broker refuses or does not answer.
    @discardableResult
    public func createTopic(
        _ name: String, partitions: Int = 1, within deadline: Duration = .seconds(30)
    ) async throws -> Bool {
        let settings = configuration.commonSettings
        return try await withCheckedThrowingContinuation { creation in
            startThread("kafka-admin") {
                creation.resume(
                    with: Result {
                        try Self.create(name, partitions, settings, milliseconds: Int32(deadline / .milliseconds(1)))
                    })
            }
        }
    }

    private static func create(
        _ name: String, _ partitions: Int, _ settings: [String: String], milliseconds: Int32
    ) throws(KafkaError) -> Bool {
        let subject = "Creating topic \(name) failed"
        guard partitions >= 1 else {
            throw KafkaError(.invalidArgument, subject, reason: "\(partitions) partitions cannot be")
        }
        let client = try ClientHandle(RD_KAFKA_PRODUCER, settings: settings).pointer
        defer { rd_kafka_destroy(client) }
        var buffer = [CChar](repeating: 0, count: 512)
        // One replica: brokers older than Kafka 2.4 refuse to choose.
        var topic = rd_kafka_NewTopic_new(name, Int32(clamping: partitions), 1, &buffer, buffer.count)
        guard topic != nil else {
            throw KafkaError(.invalidArgument, subject, reason: ClientHandle.text(buffer))
        }
        defer { rd_kafka_NewTopic_destroy(topic) }
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_CreateTopics(client, &topic, 1, nil, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds) else { throw KafkaError(.timedOut, subject) }
        defer { rd_kafka_event_destroy(event) }
        var code = rd_kafka_event_error(event)
        var text = rd_kafka_event_error_string(event)
        var count = 0
        if code == RD_KAFKA_RESP_ERR_NO_ERROR,
            let topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count),
            count > 0
        {
            code = rd_kafka_topic_result_error(topics[0])
            text = rd_kafka_topic_result_error_string(topics[0])
        }
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return true
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: return false
        default: throw KafkaError(code, subject, reason: text.map { String(cString: $0) })
        }
    }
}
