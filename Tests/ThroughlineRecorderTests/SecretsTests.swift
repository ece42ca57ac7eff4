import FlowFixtures
import Foundation
import Testing
import Throughline
import ThroughlineInMemory
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer
import Tracing

/// What is in a store's file, byte for byte.
@Suite("Secrets")
struct SecretsTests {
    private static let secrets = ["hunter2", "b4gg4ge-t0ken", "alice@example.org", "card-4111"]

    private func storedBytes(_ change: (inout RecordingTracer.Configuration) -> Void) async throws -> String {
        let scratch = try Scratch()
        var configuration = Recorder.Configuration(environment: [:])
        change(&configuration.tracer)
        let recorder = try Recorder(
            service: "billing", store: .sqlite(scratch.path()), configuration: configuration)
        var settings = MessageTracing.Configuration()
        settings.tracer = recorder.tracer
        let tracing = MessageTracing(settings)
        let broker = InMemoryBroker()
        let consumer = try broker.consumer(of: "orders", group: "billing")
        var context = ServiceContext.topLevel
        context.baggage["session"] = Self.secrets[1]
        context.baggage["tenant"] = "acme"
        _ = try await ServiceContext.withValue(context) {
            try await TracedProducer(broker.producer, tracing: tracing)
                .send(InMemoryMessage(to: "orders", text: Self.secrets[3]))
        }
        struct Failure: Error, CustomStringConvertible {
            let description: String
        }
        for message in try await consumer.receive(atMost: 1) ?? [] {
            try? await tracing.process(message) { _ in
                let span = recorder.tracer.startSpan("charge", context: .current ?? .topLevel)
                span.attributes["db.password"] = Self.secrets[0]
                span.addEvent(Tracing.SpanEvent(name: "mailed", attributes: ["to": .string(Self.secrets[2])]))
                span.end()
                throw Failure(description: "no account for \(Self.secrets[2])")
            }
        }
        #expect(await recorder.shutdown() == 0)
        // The log too, in case something of it is not in the file yet.
        return ["", "-wal"].compactMap { try? Data(contentsOf: URL(filePath: scratch.path() + $0)) }
            .map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    @Test("nothing of the payload and nothing of the baggage is in the file unless it is asked for")
    func notAskedFor() async throws {
        let bytes = try await storedBytes { _ in }
        #expect(bytes.contains("charge"), "the file is what was read")
        #expect(!bytes.contains(Self.secrets[1]) && !bytes.contains("acme"))
        #expect(!bytes.contains(Self.secrets[3]))
    }

    @Test("what is redacted is nowhere in the file, although its baggage, events and failures are recorded")
    func redacted() async throws {
        let bytes = try await storedBytes { configuration in
            configuration.recordedBaggage = ["*"]
            configuration.redaction = Redaction([
                .drop("*.password"), .hash("session", salt: "pepper"), .replace("to"), .replace("exception.message"),
            ])
        }
        for secret in Self.secrets { #expect(!bytes.contains(secret)) }
        #expect(bytes.contains("acme") && bytes.contains("[redacted]"))
    }
}
