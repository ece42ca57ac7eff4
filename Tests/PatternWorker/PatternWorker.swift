import Foundation
import Synchronization
import Throughline
import ThroughlineKafka
import ThroughlineRecorder
import ThroughlineTracer
import Tracing

/// One service of the restart test, as a process of its own: what it knows is what the broker, the store and one file
/// have kept.
///
///     PatternWorker ROLE KAFKA TOPIC STORE FILE
@main
struct PatternWorker {
    struct CardDeclined: Error {}
    struct Usage: Error {}

    let topic: String
    let file: URL
    let kafka: KafkaConfiguration
    let recorder: Recorder
    let tracing: MessageTracing

    private var deadTopic: String { topic + ".dead" }
    private var payments: String { topic + ".payments" }

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 6 else { throw Usage() }
        let worker = try PatternWorker(service: words[1], words[2], words[3], store: words[4], file: words[5])
        switch words[1] {
        case "orders": try await worker.send()
        case "crash": try await worker.crash()
        case "fail": try await worker.fail()
        case "support": try await worker.replay()
        case "billing": try await worker.capture()
        case "relay": try await worker.relay()
        case "shipping": try await worker.ship()
        default: throw Usage()
        }
        await worker.recorder.shutdown()
        guard worker.recorder.droppedCount == 0 else { exit(3) }
    }

    private init(service: String, _ address: String, _ topic: String, store: String, file: String) throws {
        self.topic = topic
        self.file = URL(filePath: file)
        var kafka = KafkaConfiguration(address)
        kafka.sessionTimeout = .seconds(6)
        kafka.commitInterval = .milliseconds(100)
        self.kafka = kafka
        recorder = try Recorder(service: service, store: .sqlite(store))
        var configuration = MessageTracing.Configuration()
        configuration.tracer = recorder.tracer
        tracing = MessageTracing(configuration)
    }

    private func send() async throws {
        var context = ServiceContext.topLevel
        context.baggage = Baggage([.init(key: "tenant", value: "acme")])
        try await ServiceContext.withValue(context) {
            let message = KafkaMessage(topic: topic, key: "1042", value: "order")
            try await TracedProducer(try KafkaProducer(kafka), tracing: tracing).send(
                message, type: "OrderPlaced", intent: .event)
        }
    }

    /// Fails once, and dies in the middle of its second attempt.
    private func crash() async throws {
        let calls = Mutex(0)
        try await consume(RetryPolicy(attempts: 3, backoff: Backoff(first: .milliseconds(1))), until: { false }) { _ in
            guard
                calls.withLock({
                    $0 += 1; return $0
                }) > 1
            else { throw CardDeclined() }
            _ = await recorder.flush()
            kill(getpid(), SIGKILL)
        }
    }

    private func fail() async throws {
        let browser = KafkaBrowser(kafka)
        try await consume(
            RetryPolicy(attempts: 2, backoff: Backoff(first: .milliseconds(1))),
            until: { try await !browser.browse(deadTopic, limit: 1).isEmpty }
        ) { _ in throw CardDeclined() }
    }

    private func replay() async throws {
        let letters = DeadLetterBrowser(
            KafkaBrowser(kafka), sendingBy: try KafkaProducer(kafka), tracing: tracing)
        try await letters.replay(try await letters.list(deadTopic))
    }

    /// Handles the message well, and writes down what is to be sent because of it.
    private func capture() async throws {
        let isDone = Mutex(false)
        try await consume(RetryPolicy(attempts: 1), until: { isDone.withLock { $0 } }) { _ in
            try await tracing.capture(for: payments, on: .kafka, type: "PaymentCharged", intent: .event) { context in
                try JSONEncoder().encode(context).write(to: file)
            }
            isDone.withLock { $0 = true }
        }
    }

    private func relay() async throws {
        let context = try JSONDecoder().decode(CapturedContext.self, from: try Data(contentsOf: file))
        let producer = try KafkaProducer(kafka)
        try await tracing.publish(KafkaMessage(topic: payments, value: "paid"), captured: context) {
            _ = try await producer.send($0)
        }
    }

    private func ship() async throws {
        var configuration = kafka
        configuration.groupID = "shipping." + payments
        let consumer = try KafkaConsumer(configuration, topics: [payments])
        for message in try await consumer.receive(atMost: 1) ?? [] {
            try await tracing.process(message) { _ in
                try Data((ServiceContext.current?.baggage["tenant"] ?? "").utf8).write(to: file)
            }
            try await consumer.settle(message, as: .acknowledged)
        }
        try await consumer.close()
    }

    private func consume(
        _ policy: RetryPolicy, until isDone: () async throws -> Bool,
        _ handle: @escaping @Sendable (KafkaMessage) async throws -> Void
    ) async throws {
        var configuration = kafka
        configuration.groupID = "billing." + topic
        let consumer = try KafkaConsumer(configuration, topics: [topic])
        let producer = try KafkaProducer(kafka)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await TracedConsumer(consumer, tracing: tracing).run(
                    retrying: policy, deadLetters: .sent(by: producer, to: { $0 + ".dead" }), handle)
            }
            while try await !isDone() { try await Task.sleep(for: .milliseconds(20)) }
            try await consumer.close()
            try await tasks.waitForAll()
        }
    }
}
