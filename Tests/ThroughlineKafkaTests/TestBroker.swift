import CRDKafka
import Foundation
import Testing
import Throughline
import ThroughlineKafka

/// The broker that the tests run against: the real one that THROUGHLINE_KAFKA names, else librdkafka's mock cluster.
struct TestBroker: Sendable {
    let bootstrapServers: String
    let isReal: Bool

    static let shared = TestBroker()

    private static let mock = MockCluster()

    private init() {
        if let address = ProcessInfo.processInfo.environment["THROUGHLINE_KAFKA"], !address.isEmpty {
            (bootstrapServers, isReal) = (address, true)
        } else {
            (bootstrapServers, isReal) = (Self.mock?.bootstrapServers ?? "", false)
        }
    }

    /// Short sessions and commit intervals, so that tests are quick.
    func configuration(group: String? = nil) -> KafkaConfiguration {
        Self.configuration(bootstrapServers, group: group)
    }

    static func configuration(_ bootstrapServers: String, group: String? = nil) -> KafkaConfiguration {
        var configuration = KafkaConfiguration(bootstrapServers, groupID: group)
        configuration.sessionTimeout = .seconds(6)
        configuration.commitInterval = .milliseconds(100)
        return configuration
    }

    /// Creates a topic of a name that no other test has.
    func topic(_ purpose: String, partitions: Int = 1) async throws -> String {
        let name = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        if isReal {
            try await KafkaAdmin(configuration()).createTopic(name, partitions: partitions)
        } else {
            let mock = try #require(Self.mock)
            try #require(mock.createTopic(name, partitions: partitions))
        }
        return name
    }
}

/// librdkafka's broker inside the process, alive until the process ends.
///
/// `@unchecked Sendable`: the pointer never changes, and librdkafka's mock cluster locks by itself.
final class MockCluster: @unchecked Sendable {
    private let cluster: OpaquePointer
    let bootstrapServers: String

    init?() {
        let configuration = rd_kafka_conf_new()
        // It complains that it has no servers: it is the server.
        rd_kafka_conf_set(configuration, "log_level", "0", nil, 0)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0),
            let cluster = rd_kafka_mock_cluster_new(client, 1),
            let bootstrapServers = rd_kafka_mock_cluster_bootstraps(cluster)
        else { return nil }
        self.cluster = cluster
        self.bootstrapServers = String(cString: bootstrapServers)
    }

    func createTopic(_ name: String, partitions: Int) -> Bool {
        rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Has the broker refuse connections from now on.
    func goDown() {
        rd_kafka_mock_broker_set_down(cluster, 1)
    }
}

struct DeadlineExceeded: Error {}

/// Runs work that must end by itself, and cancels it when it does not in time.
func within<Value: Sendable>(
    _ deadline: Duration = .seconds(180), _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: deadline)
            throw DeadlineExceeded()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw DeadlineExceeded() }
        return value
    }
}

/// Receives until there are so many, settling each when asked to.
func receive(
    _ count: Int, from consumer: KafkaConsumer, atMost limit: Int = 100, settling: Bool = true
) async throws -> [KafkaMessage] {
    try await within {
        var all: [KafkaMessage] = []
        while all.count < count, let messages = try await consumer.receive(atMost: min(limit, count - all.count)) {
            for message in messages where settling { try await consumer.settle(message, as: .acknowledged) }
            all += messages
        }
        return all
    }
}

/// Sends `0`, `1`, … as bodies, many at a time.
func send(_ numbers: Range<Int>, to topic: String, partition: Int32? = nil) async throws {
    let producer = try KafkaProducer(TestBroker.shared.configuration())
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (count, number) in numbers.enumerated() {
            if count >= 1_000 { try await group.next() }
            let message = KafkaMessage(topic: topic, value: Array(String(number).utf8), partition: partition)
            group.addTask { _ = try await producer.send(message) }
        }
        try await group.waitForAll()
    }
    try await producer.close()
}

/// Sends in order, one partition.
func sendInOrder(_ numbers: Range<Int>, to topic: String) async throws {
    let producer = try KafkaProducer(TestBroker.shared.configuration())
    for number in numbers { _ = try await producer.send(KafkaMessage(topic: topic, value: String(number))) }
    try await producer.close()
}

extension KafkaMessage {
    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
    var number: Int? { text.flatMap { Int($0) } }
}
