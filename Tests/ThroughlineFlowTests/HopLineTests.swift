import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

@Suite("Deliveries, one line each")
struct HopLineTests {
    private static func line(
        _ service: String = "payment-retries", _ type: String = "PaymentCharged", from destination: String = "payments",
        correlation: String = "order-441fc6cb", group: String? = nil, attempt: Int? = nil,
        settled: Settlement = .acknowledged, error: String? = nil
    ) throws -> HopLine {
        var script = FlowScript(correlation: correlation)
        let sent = script.send("billing", type, id: "m-1", to: destination, at: 0)
        script.process(
            service, type, id: "m-1", from: destination, at: 3, took: 80, of: sent, group: group, attempt: attempt,
            settled: settled, enqueued: 1, error: error)
        return try #require(script.records.last.flatMap { HopLine($0) })
    }

    @Test("Where nobody looks on, all of it stands there")
    func complete() throws {
        let line = try Self.line(group: "retries", settled: .deadLettered, error: "shop.CardRefused")
        #expect(
            line.text()
                == "10:00:00.083  441fc6cb  payments → payment-retries (retries)  PaymentCharged  "
                + "waited 2 ms · took 80 ms ✗ CardRefused dead letter")
    }

    @Test(
        "In a terminal the time is shorter, then names are, and then what tells least is left out",
        arguments: [
            (120, "10:00:00.083  441fc6cb  payments → payment-retries  PaymentCharged  waited 2 ms · took 80 ms ✓"),
            (80, "10:00:00  441fc6cb  payments → payment-retries  PaymentCharged  waited 2 ms ✓"),
            (60, "441fc6cb  payments → payment-retries  PaymentCharged ✓"),
        ])
    func fitting(columns: Int, expected: String) throws {
        #expect(try Self.line().text(columns: columns) == expected)
    }

    @Test(
        "What went wrong stays longer than which attempt it was, that longer than how long it took",
        arguments: [
            (
                120,
                "10:00:00.083  441fc6cb  payments → payment-retries  PaymentCharged  attempt 2 · took 80 ms ✗ "
                    + "CardRefused dead letter"
            ),
            (80, "10:00:00  441fc6cb  payments → pay…etries  Pay…harged ✗ CardRefused dead letter"),
            (60, "441fc6cb  payments → pay…etries  Pay…tCharged ✗ dead letter"),
        ])
    func failing(columns: Int, expected: String) throws {
        let line = try Self.line(attempt: 2, settled: .deadLettered, error: "shop.CardRefused")
        #expect(line.text(columns: columns) == expected)
    }

    @Test("However long the names are, they fit, and nobody has to guess the flow, the way, the type or how it ended")
    func hostile() throws {
        for unit in ["com.example.", "注文サービス", "a\nb\t\u{1B}[2J\u{202E}", "👩‍👩‍👧‍👦"] {
            let name = String(repeating: unit, count: 500)
            let line = try Self.line(
                name + "S", name + "T", from: name + "D", correlation: name + "441fc6cb", group: name,
                attempt: 1_000_000, settled: .deadLettered, error: name + " E")
            for columns in [60, 80, 120] {
                for isColoured in [false, true] {
                    let text = line.text(columns: columns, coloured: isColoured)
                    let seen = text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
                    #expect(OneLine.columns(seen) <= columns, "\(seen)")
                    #expect(seen.contains(/441fc6cb  \S.*D → .*S .*T .*✗.* dead letter$/), "\(seen)")
                    #expect(!seen.contains("\n") && !seen.contains("\u{1B}"))
                    #expect(isColoured == text.contains("\u{1B}[38;5;"))
                }
            }
        }
    }

    @Test("Which attempt it was, and where the message stood, the flow tells where the span does not")
    func fromTheFlow() throws {
        var script = FlowScript(correlation: "order-441fc6cb")
        let sent = script.send("billing", "PaymentCharged", id: "m-1", to: "payments", at: 0)
        for start in [3.0, 15] {
            script.process(
                "books", "PaymentCharged", id: "m-1", from: "payments", at: start, took: 10, of: sent, settled: nil,
                error: "boom")
        }
        let retry = try #require(script.records.last)
        let line = try #require(HopLine(retry, in: Flow(script.records)))
        #expect(line.text().hasSuffix("attempt 2 · after 2 ms · took 10 ms ✗ boom"), "\(line.text())")

        let brave = ForeignFlow.brave.records
        let listener = try #require(brave.first { HopLine($0).map { !$0.isPull && $0.destination == nil } ?? false })
        #expect(HopLine(listener, in: Flow(brave))?.destination == "orders")
    }

    @Test("On a terminal types stand below each other, and what is filled up does not cost what stands there")
    func columns() throws {
        for (columns, stop) in [(80, 44), (120, 54)] {
            let line = try Self.line("shop", "Paid", from: "pay").text(columns: columns, coloured: true)
            let seen = line.replacing(/\u{1B}\[[0-9;]*m/, with: "")
            #expect(seen.prefix(stop).hasSuffix("  ") && seen.dropFirst(stop).hasPrefix("Paid  "), "\(seen)")
        }
        let full = try Self.line("notifications", "OrderPlaced", from: "mail")
        let plain = full.text(columns: 80)
        let filled = full.text(columns: 80, coloured: true).replacing(/\u{1B}\[[0-9;]*m/, with: "")
        #expect(filled.split(separator: " ") == plain.split(separator: " "))
    }
}
