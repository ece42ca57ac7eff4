import Foundation
import SQLite
import Testing
import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer

@testable import OrderFulfilment

/// The example's outbox on SQLite: one transaction, several relays, a restart.
@Suite struct SQLiteOutboxTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "outbox-\(UUID().uuidString).db").path
    private let broker = MemoryBroker()

    private func database() throws -> OrderDatabase<MemoryBroker> { try OrderDatabase(broker: broker, path: path) }

    private func order(_ number: Int) -> Order { Order(id: number, amount: 100, customer: "ada@example.com") }

    @Test func `an order and its message are there together or not at all`() async throws {
        let database = try database()
        defer { database.remove() }
        let tracing = MessageTracing()
        func place() async throws {
            try await tracing.capture(for: "orders", on: .inProcess, type: "OrderPlaced") {
                try await database.place(order(1), announcing: .orderPlaced, $0)
            }
        }
        try await place()
        await #expect(throws: SQLiteError.self, "the order is there already") { try await place() }
        #expect(try await database.claim(atMost: 10, for: .seconds(1)).count == 1)
    }

    @Test func `eight relays on four connections send each message once, in order within a claim`() async throws {
        let databases = try (0..<4).map { _ in try database() }
        defer { databases[0].remove() }
        let tracing = MessageTracing()
        for number in 0..<400 {
            try await tracing.capture(for: "orders", on: .inProcess) {
                try await databases[number % 4].place(order(number), announcing: .orderPlaced, $0)
            }
        }
        let producer = try await broker.producer()
        let sent = try await withThrowingTaskGroup(of: Int.self) { group in
            for relay in 0..<8 {
                group.addTask {
                    var configuration = OutboxRelay<OrderDatabase<MemoryBroker>, InMemoryProducer>.Configuration()
                    configuration.batchSize = 7
                    return try await OutboxRelay(
                        of: databases[relay % 4], to: producer, tracing: tracing, configuration: configuration
                    ).drain()
                }
            }
            return try await group.reduce(0, +)
        }
        let arrived = try await broker.browser.browse("orders", limit: 1_000)
        #expect(sent == 400)
        #expect(arrived.count == 400)
        #expect(Set(arrived.compactMap(\.key)).count == 400)
    }

    @Test func `a relay that is slower than its lease gives up what is not its own any more`() async throws {
        let database = try database()
        defer { database.remove() }
        let tracing = MessageTracing()
        for number in 0..<3 {
            try await tracing.capture(for: "orders", on: .inProcess) {
                try await database.place(order(number), announcing: .orderPlaced, $0)
            }
        }
        // Two claims of the same rows, the first of which is over.
        let late = try await database.claim(atMost: 10, for: .zero)
        let next = try await database.claim(atMost: 10, for: .seconds(60))
        #expect(late.map(\.message.key) == next.map(\.message.key))
        try await database.release(late.map(\.id))
        #expect(try await database.claim(atMost: 10, for: .seconds(60)).isEmpty, "it was not its to give back")
        try await database.markSent(late.map(\.id))
        try await database.release(next.map(\.id))
        #expect(try await database.claim(atMost: 10, for: .seconds(60)).count == 3, "nor to take away")
    }

    @Test func `what was written down before a restart is sent after it, with the cause that it had`() async throws {
        let sink = InMemorySink()
        let before = TestService("orders", into: sink)
        do {
            let database = try database()
            let cause = InMemoryMessage(to: "requests", headers: ["message-id": "request-1", "correlation-id": "flow"])
            try await before.tracing.process(cause) { _ in
                try await before.tracing.capture(for: "orders", on: .inProcess, type: "OrderPlaced") {
                    try await database.place(order(1), announcing: .orderPlaced, $0)
                }
            }
        }
        let reopened = try database()
        defer { reopened.remove() }
        let after = TestService("orders", into: sink)
        let producer = try await broker.producer()
        #expect(try await OutboxRelay(of: reopened, to: producer, tracing: after.tracing).drain() == 1)
        for service in [before, after] { _ = await service.pipeline.flush() }
        let sent = try #require(try await broker.browser.browse("orders", limit: 1).first)
        #expect(sent.headers["causation-id"] == "request-1")
        #expect(sent.headers["correlation-id"] == "flow")
        let create = try #require(sink.records.first { $0.name == "create orders" })
        let send = try #require(sink.records.first { $0.name == "send orders" })
        #expect(send.refersTo(create, .creation))
        #expect(send.parentID == create.spanID)
        #expect(send.messageID == create.messageID)
    }
}
