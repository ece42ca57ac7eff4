import FlowFixtures
import Testing
import Throughline
import ThroughlineFlow
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore

@Suite("From a producer to a flow")
struct RecordedFlowTests {
    private struct CardRefused: Error {}

    /// orders emits OrderPlaced; billing handles it at the second attempt and emits PaymentCharged; a batch of
    /// shipping's handles that; analytics listens to the orders too. Four services with a tracer each, one store.
    private func record(at path: String) async throws -> (placed: String, recorder: Recorder) {
        let recorder = try Recorder(service: "orders", store: .sqlite(path))
        let broker = InMemoryBroker()
        let billing = recorder.tracer(service: "billing")
        let billed = try broker.consumer(of: "orders", group: "billing", billing)
        let analysed = try broker.consumer(of: "orders", group: "analytics", recorder.tracer(service: "analytics"))
        let shipped = try broker.consumer(of: "payments", group: "shipping", recorder.tracer(service: "shipping"))
        let charges = broker.traced(billing)

        try await broker.traced(recorder.tracer).send(
            InMemoryMessage(to: "orders", text: "42"), type: "OrderPlaced", intent: .event)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await billed.run { message in
                    if message.delivery?.attempt == 1 { throw CardRefused() }
                    try await charges.send(InMemoryMessage(to: "payments"), type: "PaymentCharged", intent: .event)
                }
            }
            group.addTask { try await analysed.run { _ in } }
            group.addTask {
                try await shipped.runBatches(ofAtMost: 10) { _ in broker.close() }
            }
            try await group.waitForAll()
        }
        let sent = try #require(broker.messages(in: "orders").first)
        return (try #require(sent.headers[PlainHeaders.messageID]), recorder)
    }

    @Test("the hops, causes and attempts are those that happened")
    func flow() async throws {
        let scratch = try Scratch()
        let (placed, recorder) = try await record(at: scratch.path())
        #expect(await recorder.shutdown() == 0)
        #expect(recorder.droppedCount == 0)

        let reader = try TraceReader(path: scratch.path())
        let flow = Flow(try reader.flowSpans(from: try reader.find(placed)).spans)
        #expect(Set(flow.operations.map(\.service)) == ["orders", "billing", "analytics", "shipping"])
        #expect(flow.operations.allSatisfy { !$0.isUnfinished })

        let messages = flow.messages
        #expect(messages.map(\.title) == ["OrderPlaced", "PaymentCharged"])
        #expect(messages.map(\.correlationID) == [placed, placed])
        #expect(messages.map(\.intent) == [.event, .event])
        #expect(messages.first?.id == .named(placed))
        #expect(messages.map(\.causes) == [[], [.named(placed)]])
        #expect(flow.publications.map(\.services) == [["orders"], ["billing"]])

        #expect(flow.hops.count == 3)
        func hop(_ consumer: String) throws -> Hop {
            try #require(flow.hops.first { $0.consumer.service == consumer && $0.consumer.group == consumer })
        }
        let billed = try hop("billing")
        #expect(billed.destination == "orders" && billed.message == .named(placed))
        #expect(billed.attempts.map(\.number) == [1, 2])
        #expect(billed.attempts.map(\.settlement) == [.requeued, .acknowledged])
        #expect(billed.attempts.first?.error?.hasSuffix("CardRefused") == true)
        #expect(!billed.failed && billed.attempts.last?.error == nil)
        #expect(billed.queueTime != nil)
        #expect(try hop("analytics").attempts.count == 1)
        let shipped = try hop("shipping")
        #expect(shipped.destination == "payments" && shipped.message == messages.last?.id)
        #expect(shipped.attempts.map(\.settlement) == [.acknowledged])
        #expect(flow.hops.allSatisfy { $0.evidence <= .link }, "proven by context, not guessed from ids")
    }

    @Test("the list of flows has it in one line")
    func summary() async throws {
        let scratch = try Scratch()
        let (placed, recorder) = try await record(at: scratch.path())
        await recorder.shutdown()
        let flows = try TraceReader(path: scratch.path()).flows()
        let flow = try #require(flows.first)
        #expect(flows.count == 1)
        #expect(flow.correlationID == placed)
        #expect(flow.messages == 2 && flow.errors == 1 && flow.unfinished == 0)
        #expect(flow.services == ["analytics", "billing", "orders", "shipping"])
        #expect(flow.traceIDs.count == 2, "a batch is a trace of its own")
    }
}
