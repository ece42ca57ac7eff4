import Foundation
import SQLite
import Throughline

/// The database of the orders service: the orders, and the messages about them that are still to be sent.
///
/// Order and outbox row are written in one transaction, so neither can be there without the other.
actor OrderDatabase<Broker: OrderBroker>: Outbox {
    typealias Message = Broker.Producer.Message

    private let broker: Broker
    private let connection: Connection
    private let path: String

    init(broker: Broker) throws {
        self.broker = broker
        path = FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).db").path
        connection = try Connection(path: path, mode: .readWriteCreate)
        try connection.execute(
            """
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL);
            CREATE TABLE outbox (
                id INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                context TEXT NOT NULL, held_until INTEGER NOT NULL DEFAULT 0)
            """)
    }

    /// Stores an order and the message that announces it.
    func place(_ order: Order, announcing event: Event, _ context: CapturedContext) throws {
        let body = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
        let captured = String(decoding: try JSONEncoder().encode(context), as: UTF8.self)
        let insertOrder = try connection.prepare("INSERT INTO orders VALUES (?1, ?2, ?3)")
        let insertRow = try connection.prepare("INSERT INTO outbox (topic, key, body, context) VALUES (?1, ?2, ?3, ?4)")
        try connection.execute("BEGIN IMMEDIATE")
        do {
            try insertOrder.bind(Int64(order.id), 1)
            try insertOrder.bind(order.customer, 2)
            try insertOrder.bind(Int64(order.amount), 3)
            try insertOrder.run()
            try insertRow.bind(event.topic, 1)
            try insertRow.bind("\(order.id)", 2)
            try insertRow.bind(body, 3)
            try insertRow.bind(captured, 4)
            try insertRow.run()
            try connection.execute("COMMIT")
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// One statement, so that no two relays, in this process or another, get the same row.
    func claim(atMost limit: Int, for lease: Duration) throws -> [OutboxEntry<Int64, Message>] {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let claim = try connection.prepare(
            """
            UPDATE outbox SET held_until = ?1 WHERE id IN (
                SELECT id FROM outbox WHERE held_until <= ?2 ORDER BY id LIMIT ?3)
            RETURNING id, topic, key, body, context
            """)
        try claim.bind(now + Int64(lease / .milliseconds(1)), 1)
        try claim.bind(now, 2)
        try claim.bind(Int64(limit), 3)
        var entries: [OutboxEntry<Int64, Message>] = []
        while try claim.step() {
            let context = try JSONDecoder().decode(CapturedContext.self, from: Data(claim.text(4).utf8))
            let message = broker.message(to: claim.text(1), key: claim.text(2), body: Array(claim.text(3).utf8))
            entries.append(OutboxEntry(id: claim.integer(0), message: message, context: context))
        }
        // RETURNING gives rows in no particular order.
        return entries.sorted { $0.id < $1.id }
    }

    func markSent(_ ids: [Int64]) throws {
        let delete = try connection.prepare("DELETE FROM outbox WHERE id = ?1")
        for id in ids {
            try delete.bind(id, 1)
            try delete.run()
        }
    }

    func release(_ ids: [Int64]) throws {
        let release = try connection.prepare("UPDATE outbox SET held_until = 0 WHERE id = ?1")
        for id in ids {
            try release.bind(id, 1)
            try release.run()
        }
    }

    /// Removes the file: the example's database is no longer than its process.
    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
