import Testing
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// What is written into headers is safe on every broker, and what is recorded is no more than was asked for.
@Suite struct HygieneTests {
    private static func isVisible(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    @Test(arguments: [WrittenScheme.plain, .cloudEvents(source: "/a\r\nb")])
    func `nothing that we write can break a line or leave ASCII`(_ scheme: WrittenScheme) async throws {
        let bench = Bench {
            $0.writes = scheme
            $0.messageIDs = MessageIDGenerator { "id\r\nX-Evil: 1 \u{e9}" }
        }
        let hostile = "a\r\nb \u{1F680}" + String(repeating: "x", count: 400)
        var context = ServiceContext.topLevel
        context.baggage = Baggage([.init(key: "tenant", value: hostile)])
        let sent = await ServiceContext.withValue(context) {
            await bench.tracing.publish(
                TestMessage(), type: hostile, intent: .event, scope: .domain, schemaVersion: hostile
            ) { $0 }
        }
        for (name, values) in sent.headers {
            #expect(values.allSatisfy(Self.isVisible), "\(name)")
            if name != "baggage" { #expect(values.allSatisfy { $0.utf8.count <= 256 }, "\(name)") }
        }
        let captured = await bench.tracing.capture(for: "orders", on: "test", messageID: hostile) { $0 }
        let relayed = await bench.tracing.publish(TestMessage(), captured: captured) { $0 }
        #expect(relayed.headers.values.joined().allSatisfy(Self.isVisible))
    }

    @Test func `a propagator of somebody else's cannot break a line either`() async {
        struct Careless: Propagator {
            let fields = ["x-note"]
            func inject<Carrier, Inject: Injector>(
                _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
            ) where Inject.Carrier == Carrier { injector.inject("a\r\nX-Evil: 1", forKey: "x-note", into: &carrier) }
            func extract<Carrier, Extract: Extractor>(
                _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
            ) where Extract.Carrier == Carrier {}
        }
        var settings = RecordingTracer.Configuration()
        settings.propagators = [Careless()]
        let tracer = RecordingTracer(
            pipeline: SpanPipeline(sink: InMemorySink()), resource: Resource(), configuration: settings)
        var configuration = MessageTracing.Configuration()
        configuration.tracer = tracer
        #expect(await MessageTracing(configuration).publish(TestMessage()) { $0 }["x-note"] == nil)
    }

    @Test func `of an id that stands twice the last counts, and the span says so`() async throws {
        let bench = Bench()
        await bench.tracing.process(TestMessage(headers: ["message-id": ["a", "b"], "correlation-id": ["c"]])) { _ in }
        let span = try #require(await bench.spans().first)
        #expect(span.attributes["messaging.message.id"] == "b")
        #expect(span.attributes["throughline.headers.ignored"]?.stringArrayValue == ["message-id"])
    }

    @Test func `payload, headers and baggage are in no span, attempt, dead letter or replay`() async throws {
        let secret = "4111-1111-1111-1111"
        let bench = Bench { $0.fingerprintLimit = 1_000 }
        var context = ServiceContext.topLevel
        context.baggage = Baggage([.init(key: "card", value: secret)])
        let message = SecretMessage(payload: Array(#"{"card":"\#(secret)"}"#.utf8))
        try await ServiceContext.withValue(context) {
            let sent = await bench.tracing.publish(message) { $0 }
            #expect(sent.headers["baggage"]?.contains(secret) == true, "it travels, as the application asked")
            try? await bench.tracing.process(sent) { _ in throw HandlerError() }
            await bench.tracing.processBatch([sent]) { _ in }
            await bench.tracing.capture(for: "orders", on: "test") { _ in }
            var letter = sent
            DeadLetter(reason: .rejected, origin: "orders", attempts: 1).write(into: &letter)
            try await bench.tracing.replay(letter) { _ in }
        }
        let spans = await bench.spans()
        #expect(spans.count == 5)
        for span in spans { #expect(!String(describing: span).contains(secret), "\(span.name)") }
    }

    @Test func `the size of a payload is recorded on request`() async throws {
        let bench = Bench { $0.recordsBodySize = true }
        let message = TestMessage(details: MessageDetails(bodySize: 1_234))
        await bench.tracing.publish(message) { _ in }
        await bench.tracing.process(message) { _ in }
        #expect(await bench.spans().allSatisfy { $0.attributes["messaging.message.body.size"] == 1_234 })
        let silent = Bench()
        await silent.tracing.publish(message) { _ in }
        #expect(await silent.spans().first?.attributes["messaging.message.body.size"] == nil)
    }

    @Test func `the names of the conventions before v1.25 are recorded beside today's, for who asks`() async throws {
        let bench = Bench { $0.recordsOldNames = true }
        var message = OldMessage()
        message.details = MessageDetails(consumerGroup: "billing", partition: "3", offset: 42)
        await bench.tracing.publish(message) { _ in }
        await bench.tracing.process(message) { _ in }
        let spans = await bench.spans()
        #expect(spans.map { $0.attributes["messaging.operation"]?.stringValue } == ["publish", "process"])
        #expect(spans.map { $0.attributes["messaging.operation.type"]?.stringValue } == ["send", "process"])
        #expect(spans[1].attributes["messaging.kafka.consumer.group"] == "billing")
        #expect(spans[1].attributes["messaging.kafka.destination.partition"] == 3)
        #expect(spans[1].attributes["messaging.kafka.message.offset"] == 42)
        let today = Bench()
        await today.tracing.publish(message) { _ in }
        #expect(await today.spans().first?.attributes["messaging.operation"] == nil)
    }
}

struct SecretMessage: ForwardableMessage, PlainMessage {
    static let system: MessagingSystem = "test"
    var destination = "orders"
    var headers: [String: String] = ["authorization": "Bearer 4111-1111-1111-1111"]
    var payload: [UInt8]?
    init() {}
    init(payload: [UInt8]) { self.payload = payload }
    func copy(to destination: String) -> SecretMessage {
        var copy = self
        copy.destination = destination
        return copy
    }
}

struct OldMessage: PlainMessage {
    static let system = MessagingSystem.kafka
    var headers: [String: String] = [:]
    var details = MessageDetails()
}
