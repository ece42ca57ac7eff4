import FlowFixtures
import Foundation
import Logging
import ServiceLifecycle
import Testing
import Throughline
import ThroughlineFlow
import ThroughlineInMemory
import ThroughlineKafka
import ThroughlineMermaid
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore
import ThroughlineTracer
import ThroughlineZipkin
import Tracing

/// The code of the modules' front pages, word for word: scripts/lib/check-snippets compares. What needs no broker and
/// no file runs as a test.
@Suite struct ModuleSnippets {
    private let records = GoldenFlow.order.records

    @Test func `the first example of ThroughlineModel`() {
        let record = SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "send orders", kind: .producer,
            start: Timestamp(nanosecondsSinceEpoch: 1_760_000_000_000_000_000),
            attributes: [MessagingAttribute.destinationName: "orders"])
        print(record.traceID.hex, record.attributes[MessagingAttribute.destinationName]?.stringValue as Any)
        #expect(record.traceID.hex == "00000000000000010000000000000002")
    }

    @Test func `the first example of ThroughlineTracer`() async {
        let sink = InMemorySink()
        let pipeline = SpanPipeline(sink: sink)
        let tracer = RecordingTracer(pipeline: pipeline, resource: Resource(attributes: ["service.name": "billing"]))

        tracer.withSpan("charge") { span in span.attributes["order.id"] = 1042 }

        await pipeline.shutdown()
        print(sink.records.map(\.name))
        #expect(sink.records.map(\.name) == ["charge"])
    }

    @Test func `the first example of ThroughlineInMemory`() async throws {
        let broker = InMemoryBroker()
        try broker.createTopic(
            "orders", options: TopicOptions(partitions: 4, maximumAttempts: 3, deadLetterTopic: "orders.dead"))

        try await broker.producer.send(InMemoryMessage(to: "orders", key: "1042", text: "placed"))

        let billing = try broker.consumer(of: "orders", group: "billing")
        for message in try await billing.receive(atMost: 10) ?? [] {
            try await billing.settle(message, as: .acknowledged)
        }
        #expect(broker.backlog(of: "orders", group: "billing") == 0)
    }

    @Test func `the first example of ThroughlineFlow`() {
        for flow in Flow.split(records) {
            print(flow.headline())
            for hop in flow.hops where hop.failed { print(hop.consumer.service, hop.settlement as Any) }
        }
        #expect(Flow.split(records).flatMap(\.hops).contains { $0.failed })
    }

    @Test func `the first example of ThroughlineMermaid`() {
        let flow = Flow(records)
        print(FlowView.flowchart.render(flow, title: "order 1042"))
        #expect(FlowView.flowchart.render(flow, title: "order 1042").contains("flowchart LR"))
    }

    @Test func `unfolding in ThroughlineMermaid`() {
        let flow = Flow(records)
        var options = ViewOptions()
        options.unfolding = .named(["PaymentCharged", "m-42"])
        let picture = FlowView.sequence.rendered(flow, options: options)
        print(picture.text, picture.folding ?? "everything is shown")
        #expect(picture.text.contains("PaymentCharged"))
    }

    func `the first example of ThroughlineStore`() throws {
        let store = try TraceStore(path: "traces.db")
        try store.write(records)
        try store.flush()

        let reader = try TraceReader(path: "traces.db")
        let flow = try reader.flowSpans(from: reader.find("order-42"))
        _ = flow
    }

    func `the first example of ThroughlineKafka`() async throws {
        let configuration = KafkaConfiguration("localhost:9092", groupID: "billing")

        let producer = try KafkaProducer(configuration)
        let receipt = try await producer.send(KafkaMessage(topic: "orders", key: "order-42", value: "paid"))
        print("confirmed at offset", receipt.offset)

        let consumer = try KafkaConsumer(configuration, topics: ["orders"])
        while let messages = try await consumer.receive(atMost: 10) {
            for message in messages {
                try await handle(message)
                try await consumer.settle(message, as: .acknowledged)
            }
        }
    }

    func `the first example of ThroughlineRecorder`() throws {
        let recorder = try Recorder(service: "billing", store: .sqlite("traces.db"), exporters: [.otlp()])
        InstrumentationSystem.bootstrap(recorder.tracer)
    }

    func `a recorder that keeps its spans to itself`() throws {
        let recorder = try Recorder(service: "billing", store: .sqlite("traces.db"))
        InstrumentationSystem.bootstrap(recorder.tracer)
    }

    func `a recorder without a store`() throws {
        let recorder = try Recorder(service: "billing", exporters: [.otlp()])
        InstrumentationSystem.bootstrap(recorder.tracer)
    }

    func `the services of ThroughlineRecorder`(
        _ recorder: Recorder, _ application: some Service, _ logger: Logger
    ) async throws {
        let group = ServiceGroup(services: [recorder, application], logger: logger)
        try await group.run()
    }

    @Test func `the first example of ThroughlineZipkin`() throws {
        let bytes = Zipkin.encode(records)

        let decoded = try Zipkin.decode(bytes)
        print(decoded.spans.count, "spans,", decoded.brokenCount, "that are none")
        for problem in decoded.problems { print(problem) }
        #expect(decoded.spans == records)
    }

    func `the exporter of ThroughlineZipkin`() async {
        let exporter = ZipkinExporter(ZipkinConfiguration(environment: ProcessInfo.processInfo.environment))
        if case .failed(let reason, _) = await exporter.export(records) { print(reason) }
        await exporter.shutdown()
    }

    private func handle(_ message: KafkaMessage) async throws {}
}
