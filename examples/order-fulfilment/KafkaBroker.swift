import OrderFulfilment
import Synchronization
import Throughline
import ThroughlineKafka

/// The order process on Kafka, or on anything that speaks Kafka's protocol.
final class KafkaBroker: OrderBroker {
    private let configuration: KafkaConfiguration
    private let admin: KafkaAdmin
    private let open = Mutex<(producers: [KafkaProducer], consumers: [KafkaConsumer])>(([], []))

    init(_ bootstrapServers: String) {
        configuration = KafkaConfiguration(bootstrapServers)
        // Whether the broker is there is said by the error; librdkafka would say it on standard error, each second.
        var quiet = configuration
        quiet.additional["log_level"] = "0"
        admin = KafkaAdmin(quiet)
    }

    func createTopics(_ names: [String]) async throws {
        do {
            for name in names { try await admin.createTopic(name, within: .seconds(10)) }
        } catch let error as KafkaError where error.code == .timedOut {
            throw NoBroker(servers: configuration.bootstrapServers)
        }
    }

    /// Nobody answers.
    struct NoBroker: Error, CustomStringConvertible {
        let servers: [String]

        var description: String {
            "No Kafka broker answers at \(servers.joined(separator: ", ")). Start one, or name another with --kafka."
        }
    }

    func producer() async throws -> KafkaProducer {
        let producer = try KafkaProducer(configuration)
        open.withLock { $0.producers.append(producer) }
        return producer
    }

    func consumer(of topic: String, group: String) async throws -> KafkaConsumer {
        var configuration = configuration
        // A group a topic: Kafka's groups span topics, and one whose members subscribe to different ones stops all of
        // them whenever one joins or leaves.
        configuration.groupID = "\(group).\(topic)"
        // Some brokers wait for half of it before they let the first member of a group begin.
        configuration.sessionTimeout = .seconds(6)
        let consumer = try KafkaConsumer(configuration, topics: [topic])
        open.withLock { $0.consumers.append(consumer) }
        return consumer
    }

    var browser: KafkaBrowser { KafkaBrowser(configuration) }

    func message(to topic: String, key: String, body: [UInt8]) -> KafkaMessage {
        KafkaMessage(topic: topic, key: Array(key.utf8), value: body)
    }

    func body(of message: KafkaMessage) -> [UInt8] { message.value ?? [] }

    func closeConsumers() async {
        await withTaskGroup(of: Void.self) { group in
            for consumer in open.withLock({ $0.consumers }) {
                // What could not be settled comes again at the next start.
                group.addTask { try? await consumer.close() }
            }
        }
    }

    func close() async {
        for producer in open.withLock({ $0.producers }) {
            // Every send was confirmed by then; there is nothing left to lose.
            try? await producer.close()
        }
    }
}
