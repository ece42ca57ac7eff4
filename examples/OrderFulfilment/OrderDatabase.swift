import Foundation
import SQLite
import Throughline

/// The database of the orders service: the orders, and the messages about them that are still to be sent.
///
/// Order and outbox row are written in one transaction, so neither can be there without the other.
actor OrderDatabase<Broker: OrderBroker>: Outbox {
    typealias Message = Broker.Producer.Message

    /// A row as one claim has it: after another claim, it is another entry.
    struct EntryID: Hashable, Sendable {
        let row: Int64
        let claim: Int64
    }

    private let broker: Broker
    private let connection: Connection
    private let path: String

    /// Opens the file, which other relays may have open too; nil makes one of this process's own.
    init(broker: Broker, path: String? = nil) throws {
        self.broker = broker
        self.path =
            path ?? FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).db").path
        connection = try Connection(path: self.path, mode: .readWriteCreate, busyTimeout: 30_000)
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS orders (
                id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS outbox (
                id INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                context TEXT NOT NULL, held_until INTEGER NOT NULL DEFAULT 0, claim INTEGER)
            """)
    }

    /// Stores an order and the message that announces it.
    func place(_ order: Order, announcing event: Event, _ context: CapturedContext) throws {
        let body = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
        let captured = String(decoding: try JSONEncoder().encode(context), as: UTF8.self)
        try connection.transaction { () throws(SQLiteError) in
            let insertOrder = try connection.prepare("INSERT INTO orders VALUES (?1, ?2, ?3)")
            try insertOrder.bind(Int64(order.id), 1)
            try insertOrder.bind(order.customer, 2)
            try insertOrder.bind(Int64(order.amount), 3)
            try insertOrder.run()
            let insertRow = try connection.prepare(
                "INSERT INTO outbox (topic, key, body, context) VALUES (?1, ?2, ?3, ?4)")
            try insertRow.bind(event.topic, 1)
            try insertRow.bind("\(order.id)", 2)
            try insertRow.bind(body, 3)
            try insertRow.bind(captured, 4)
            try insertRow.run()
        }
    }

    /// One statement, so that no two relays, in this process or another, get the same row.
    func claim(atMost limit: Int, for lease: Duration) throws -> [OutboxEntry<EntryID, Message>] {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let claim = Int64.random(in: 1 ... .max)
        let statement = try connection.prepare(
            """
            UPDATE outbox SET held_until = ?1, claim = ?4 WHERE id IN (
                SELECT id FROM outbox WHERE held_until <= ?2 ORDER BY id LIMIT ?3)
            RETURNING id, topic, key, body, context
            """)
        try statement.bind(now + Int64(lease / .milliseconds(1)), 1)
        try statement.bind(now, 2)
        try statement.bind(Int64(limit), 3)
        try statement.bind(claim, 4)
        var entries: [OutboxEntry<EntryID, Message>] = []
        while try statement.step() {
            let context = try JSONDecoder().decode(CapturedContext.self, from: Data(statement.text(4).utf8))
            let message = broker.message(
                to: statement.text(1), key: statement.text(2), body: Array(statement.text(3).utf8))
            let id = EntryID(row: statement.integer(0), claim: claim)
            entries.append(OutboxEntry(id: id, message: message, context: context))
        }
        // RETURNING gives rows in no particular order.
        return entries.sorted { $0.id.row < $1.id.row }
    }

    func markSent(_ ids: [EntryID]) throws {
        try run("DELETE FROM outbox WHERE id = ?1 AND claim = ?2", for: ids)
    }

    func release(_ ids: [EntryID]) throws {
        try run("UPDATE outbox SET held_until = 0, claim = NULL WHERE id = ?1 AND claim = ?2", for: ids)
    }

    private func run(_ sql: String, for ids: [EntryID]) throws {
        try connection.transaction { () throws(SQLiteError) in
            let statement = try connection.prepare(sql)
            for id in ids {
                try statement.bind(id.row, 1)
                try statement.bind(id.claim, 2)
                try statement.run()
            }
        }
    }

    /// Removes the file: the example's database is no longer than its process.
    nonisolated func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
