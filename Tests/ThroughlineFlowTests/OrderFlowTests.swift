import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// The flow of pictures.md: fan-out, retries, a dead letter, its replay, two causes, a command.
@Suite struct OrderFlowTests {
    private let flow = Flow(GoldenFlow.order.records)

    private func hop(_ message: String, _ service: String, isReplay: Bool = false) throws -> Hop {
        try #require(
            flow.hops.first {
                $0.message == .named(message) && $0.consumer.service == service && $0.isReplay == isReplay
            })
    }

    @Test func `the summary says what a person asks first`() {
        #expect(flow.messageCount == 5)
        #expect(flow.services == ["orders", "billing", "inventory", "notifications", "shipping"])
        #expect(flow.correlationID == "order-1042")
        #expect((flow.errorCount, flow.deadLetterCount, flow.unfinishedCount) == (3, 1, 0))
        #expect(
            flow.headline(title: "order 1042")
                == "order 1042 · 5 messages · 5 services · 2.31 s · 1 dead letter, replayed")
    }

    @Test func `a replay a minute later does not make the flow slow`() throws {
        #expect(flow.latency == 2_310_000_000)
        let start = try #require(flow.start)
        #expect(flow.end.map(start.nanoseconds(until:)) == 41_422_000_000)
    }

    @Test func `waiting counts from the end of sending to the first attempt`() throws {
        #expect(try hop("m-placed", "billing").queueTime == 4_000_000)
        #expect(try hop("m-charged", "shipping").queueTime == 1_200_000_000)
        #expect(try hop("m-charged", "shipping").processingTime == 90_000_000)
    }

    @Test func `three attempts are one hop that ended as a dead letter`() throws {
        let hop = try hop("m-placed", "notifications")
        #expect(hop.attempts.map(\.number) == [1, 2, 3])
        #expect(hop.attempts.map(\.error) == ["TemplateError", "TemplateError", "TemplateError"])
        #expect(hop.attempts.map(\.waited) == [5_000_000, 93_000_000, 281_000_000])
        #expect(hop.isDeadLetter && hop.failed && !hop.isUnfinished)
        #expect(hop.processingTime == 27_000_000)
    }

    @Test func `the replay of the dead letter is a hop of its own`() throws {
        let replay = try hop("m-placed", "notifications", isReplay: true)
        #expect(replay.destination == "orders.dlq")
        #expect(replay.id.publication.reason == .deadLettered)
        #expect(replay.queueTime == 41_000_000_000 && !replay.failed)
    }

    @Test func `causes are what the message names, with the strongest evidence`() throws {
        let shipped = try #require(flow.message(.named("m-shipped")))
        #expect(Set(shipped.causes) == [.named("m-charged"), .named("m-reserved")])
        func evidence(_ cause: String) -> Evidence? {
            flow.edges.first {
                $0.relation == .causes && $0.from == .message(.named(cause)) && $0.to == .message(.named("m-shipped"))
            }?.evidence
        }
        #expect(evidence("m-charged") == .parent)
        #expect(evidence("m-reserved") == .causationID)
        #expect(flow.message(.named("m-placed"))?.causes == [])
    }

    @Test func `the critical path is the chain that ended last, replays left out`() {
        #expect(
            flow.criticalPath.map { "\($0.publication.message) \($0.hop?.consumer.service ?? "-")" } == [
                "m-placed billing", "m-charged shipping", "m-mail notifications",
            ])
    }

    @Test func `every edge names its evidence, and sender and handler are joined by the parent`() {
        let deliveries = flow.edges.filter { $0.relation == .delivers }
        #expect(deliveries.count == 9)
        #expect(deliveries.count { $0.evidence == .parent } == 8)
        #expect(flow.edges.contains { $0.relation == .feeds && $0.from == .destination("payments") })
    }

    @Test func `the topology has each service and each destination once`() {
        let topology = flow.topology
        let services = topology.nodes.compactMap { if case .service(let name) = $0 { name } else { nil } }
        #expect(services == ["orders", "billing", "inventory", "notifications", "shipping"])
        #expect(Set(topology.nodes).count == topology.nodes.count)
        let passages = topology.edges.map { "\($0.kind) \($0.hops.count)" }
        #expect(passages.count { $0.hasPrefix("emits") } == 5)
        #expect(passages.count { $0.hasPrefix("delivers") } == 6)
        #expect(passages.filter { $0.hasPrefix("deadLetters") || $0.hasPrefix("redelivers") }.count == 2)
    }

    @Test func `the tree tells the story from top to bottom`() {
        let tree = FlowTree.text(of: flow, title: "order 1042")
        #expect(
            tree == """
                order 1042 · 5 messages · 5 services · 2.31 s · 1 dead letter, replayed
                orders · POST /orders  12 ms
                └─ emits OrderPlaced → orders
                   ├─ billing  waited 4 ms · took 310 ms ✓  ◀ critical 13 %
                   │  ├─ INSERT payments  40 ms
                   │  └─ emits PaymentCharged → payments ▸ shipping  waited 1.2 s · took 90 ms ✓  ◀ critical 56 %
                   │     ├─ emits OrderShipped → shipping  no delivery recorded · caused by StockReserved and PaymentCharged
                   │     └─ sends SendConfirmationEmail → mail.commands ▸ notifications  waited 2 ms · took 709 ms ✓  ◀ critical 31 %
                   ├─ inventory  waited 5 ms · took 45 ms ✓
                   │  └─ emits StockReserved → stock ▸ shipping  waited 7 ms · took 5 ms ✓
                   └─ notifications  waited 5 ms · 3 attempts ✗ TemplateError dead letter
                      ├─ attempt 1 · took 9 ms ✗ TemplateError
                      ├─ attempt 2 · after 93 ms · took 9 ms ✗ TemplateError
                      ├─ attempt 3 · after 281 ms · took 9 ms ✗ TemplateError
                      └─ sets aside OrderPlaced → orders.dlq ▸ notifications  replayed after 41 s · took 14 ms ✓
                critical path 2.31 s: waiting 52 %, working 48 %; longest: PaymentCharged waiting for shipping, 1.2 s

                """)
    }
}
