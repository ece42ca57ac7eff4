import Synchronization
import Throughline
import ThroughlineInMemory

/// An outbox in memory.
actor TestOutbox<Message: PublishableMessage & Sendable>: Outbox {
    private var waiting: [(id: Int, message: Message, context: CapturedContext)] = []
    private var held: Set<Int> = []
    private var lastID = 0

    var waitingCount: Int { waiting.count }

    func append(_ message: Message, _ context: CapturedContext) {
        lastID += 1
        waiting.append((lastID, message, context))
    }

    func claim(atMost limit: Int, for lease: Duration) async throws -> [OutboxEntry<Int, Message>] {
        let entries = waiting.filter { !held.contains($0.id) }.prefix(limit)
        held.formUnion(entries.map(\.id))
        return entries.map { OutboxEntry(id: $0.id, message: $0.message, context: $0.context) }
    }

    func markSent(_ ids: [Int]) async throws {
        waiting.removeAll { ids.contains($0.id) }
        held.subtract(ids)
    }

    func release(_ ids: [Int]) async throws { held.subtract(ids) }
}

/// A producer that refuses every fifth message once.
final class FlakyProducer: MessageProducer {
    struct Refused: Error {}

    private let base: InMemoryProducer
    private let count = Mutex(0)

    init(base: InMemoryProducer) { self.base = base }

    func send(_ message: InMemoryMessage) async throws -> InMemoryReceipt {
        let isRefused = count.withLock { count in
            count += 1
            return count.isMultiple(of: 5)
        }
        if isRefused { throw Refused() }
        return try await base.send(message)
    }
}
