import Synchronization
import Testing
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// Flows over several services and traces: a checkout that was called over HTTP, or by nobody, publishes; one service
/// handles at once, another late, so that it begins a trace of its own, and sends through an outbox; a batch's handler
/// publishes for a part of the batch; and a handler begins a trace of its own and settles.
@Suite("Sampling by flow, through the middleware")
struct FlowSamplingTests {
    private struct Service {
        let pipeline: SpanPipeline
        let tracing: MessageTracing

        init(_ sink: InMemorySink, _ name: String) {
            var settings = SpanPipeline.Configuration()
            settings.capacity = 1_000_000
            pipeline = SpanPipeline(sink: sink, configuration: settings)
            var configuration = RecordingTracer.Configuration()
            configuration.sampler = FlowSampler(ratio: 0.1)
            var tracing = MessageTracing.Configuration()
            tracing.tracer = RecordingTracer(
                pipeline: pipeline, resource: Resource(attributes: ["service.name": .string(name)]),
                configuration: configuration)
            self.tracing = MessageTracing(tracing)
        }
    }

    @Test("At 10 % of 10,000 flows of several linked traces each, not one is half kept")
    func tenPercent() async throws {
        let sink = InMemorySink()
        let checkout = Service(sink, "checkout")
        let billing = Service(sink, "billing")
        let shipping = Service(sink, "shipping")
        let flowCount = 10_000
        for index in 0..<flowCount {
            try await flow("order-\(index)", index, checkout.tracing, billing.tracing, shipping.tracing)
        }
        for service in [checkout, billing, shipping] {
            #expect(await service.pipeline.flush())
        }
        // Every flow of a kind has the same spans, so a flow is whole or gone, or the count tells.
        var counts: [String: Int] = [:]
        var traces: [String: Set<TraceID>] = [:]
        for record in sink.records {
            let flow = try #require(record.attributes["flow"]?.stringValue ?? Self.flow(of: record))
            counts[flow, default: 0] += 1
            traces[flow, default: []].insert(record.traceID)
        }
        #expect((850...1_150).contains(counts.count))
        #expect(Set(counts.values) == [Self.spansPerFlow, Self.spansPerFlow + 1])
        #expect(traces.values.allSatisfy { $0.count >= 4 })
    }

    /// Those that an HTTP request began have the request's span too.
    private static let spansPerFlow = 10

    private static func flow(of record: SpanRecord) -> String? {
        let id =
            record.attributes[MessagingAttribute.messageID]?.stringValue
            ?? record.links.lazy.compactMap { $0.attributes[MessagingAttribute.messageID]?.stringValue }.first
        return id.map { String($0.prefix { $0 != "/" }) }
    }

    private func flow(
        _ id: String, _ index: Int, _ checkout: MessageTracing, _ billing: MessageTracing, _ shipping: MessageTracing
    ) async throws {
        let tracer = try #require(checkout.configuration.tracer)
        func message(_ name: String) -> TestMessage {
            TestMessage(details: MessageDetails(messageID: "\(id)/\(name)"))
        }
        // Half of the flows begin under a span that is about no message and decides by its trace id.
        let request = index.isMultiple(of: 2) ? tracer.startAnySpan("POST /orders", context: .topLevel) : nil
        request?.updateAttributes { $0.set("flow", value: .string(id)) }
        let placed = await ServiceContext.withValue(request?.context ?? .topLevel) {
            await checkout.publish(message("placed")) { $0 }
        }
        request?.end()

        let paid = await billing.process(placed) { _ in await billing.publish(message("paid")) { $0 } }
        // The same message, handled late by another group: the root of a new trace.
        var late = placed
        late.details.enqueuedTime = Timestamp(nanosecondsSinceEpoch: 1)
        let captured = await shipping.process(late) { _ in
            await shipping.capture(for: "parcels", on: "test", messageID: "\(id)/packed") { $0 }
        }
        let packed = await shipping.publish(TestMessage(), captured: captured) { $0 }
        // A batch of one flow, which handles a part for itself.
        await billing.processBatch([paid, packed]) { messages in
            await billing.withMessages([packed]) { await billing.publish(message("done")) { _ in } }
        }
        await shipping.process(packed, policy: .link) { await shipping.settle($0, as: .acknowledged) {} }
    }

    @Test("A part of a batch decides as its own message did, not as the batch")
    func partOfABatch() async throws {
        let sink = InMemorySink()
        let tracing = Service(sink, "billing").tracing
        func published(_ sampled: Bool) async -> TestMessage {
            let flow = (0...).lazy.map { "order-\($0)" }.first { id in
                SamplingThreshold(ratio: 0.1).keeps(FlowHash.value(of: id)) == sampled
            }
            return await tracing.publish(TestMessage(details: MessageDetails(messageID: flow))) { $0 }
        }
        let kept = await published(true)
        let dropped = await published(false)
        let outcome = Mutex<[Bool]>([])
        await tracing.processBatch([kept, dropped]) { messages in
            for message in messages {
                await tracing.withMessages([message]) {
                    let sent = await tracing.publish(TestMessage(destination: "bills")) { $0 }
                    let parent = SpanContext(traceParent: sent["traceparent"] ?? "")
                    outcome.withLock { $0.append(parent?.isSampled ?? false) }
                }
            }
        }
        #expect(outcome.withLock { $0 } == [true, false])
    }

    @Test("What is not sampled is passed on with its ids and its baggage")
    func unsampledContext() async throws {
        let bench = Bench(sampler: AlwaysOffSampler())
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        let message = await ServiceContext.withValue(context) { await bench.published() }
        let context1 = try #require(SpanContext(traceParent: message["traceparent"] ?? ""))
        #expect(!context1.isSampled)
        #expect(message["baggage"] == "tenant=acme" && message["message-id"] != nil)
        let answer = await bench.tracing.process(message) { _ in await bench.published() }
        let context2 = try #require(SpanContext(traceParent: answer["traceparent"] ?? ""))
        #expect(context2.traceID == context1.traceID && context2.spanID != context1.spanID)
        #expect(answer["causation-id"] == message["message-id"])
        #expect(answer["correlation-id"] == message["correlation-id"])
        #expect(answer["baggage"] == "tenant=acme")
        #expect(await bench.spans().isEmpty)
    }

    @Test("A sampler is told what the message is about, and no child inherits that")
    func hints() async throws {
        final class Listening: Sampler {
            let heard = Mutex<[String]>([])
            func shouldSample(_ span: SamplingParameters) -> SamplingResult {
                let message = span.message.map {
                    "\($0.operation) \($0.system) \($0.destination ?? "-") \($0.messageType ?? "-") \($0.intent ?? "-")"
                        + ($0.isReplay ? " replay" : "")
                }
                heard.withLock { $0.append("\(span.name): \(message ?? "no message")") }
                return .recordAndSample
            }
        }
        let sampler = Listening()
        let bench = Bench(sampler: sampler)
        let message = await bench.tracing.publish(TestMessage(), type: "OrderPlaced", intent: .event) { message in
            bench.tracer.withSpan("POST") { _ in }
            return message
        }
        await bench.tracing.process(message) { _ in
            bench.tracer.withSpan("SELECT") { _ in }
            await bench.tracing.settle(message, as: .acknowledged) {}
        }
        #expect(
            sampler.heard.withLock { $0 } == [
                "send orders: send test orders OrderPlaced event", "POST: no message",
                "process orders: process test orders OrderPlaced event", "SELECT: no message",
                "ack orders: settle test orders OrderPlaced event",
            ])
    }
}
