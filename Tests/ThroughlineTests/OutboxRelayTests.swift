import Synchronization
import Testing
import Throughline

@Suite struct OutboxRelayTests {
    @Test func `a relay whose lease is over sends nothing more of what it has taken, and gives it back`() async throws {
        let clock = JumpingClock()
        let outbox = LeasedOutbox()
        for number in 0..<5 { await outbox.add(await MessageTracing().capture(for: "t\(number)", on: "test") { $0 }) }
        var configuration = OutboxRelay<LeasedOutbox, SlowProducer>.Configuration()
        configuration.lease = .seconds(30)
        configuration.clock = clock
        let producer = SlowProducer(clock: clock, takes: .seconds(12))
        let relay = OutboxRelay(of: outbox, to: producer, configuration: configuration)
        #expect(try await relay.drain() == 5)
        #expect(await outbox.claims == [5, 2], "12, 24 and 36 seconds: the lease ended before the fourth")
        #expect(await outbox.released == 2)
        #expect(producer.sent == 5)
    }
}

private actor LeasedOutbox: Outbox {
    private var waiting: [OutboxEntry<Int, TestMessage>] = []
    private(set) var claims: [Int] = []
    private(set) var released = 0

    func add(_ context: CapturedContext) {
        waiting.append(OutboxEntry(id: waiting.count, message: TestMessage(), context: context))
    }

    func claim(atMost limit: Int, for lease: Duration) async throws -> [OutboxEntry<Int, TestMessage>] {
        if !waiting.isEmpty { claims.append(waiting.count) }
        return waiting
    }

    func markSent(_ ids: [Int]) async throws { waiting.removeAll { ids.contains($0.id) } }
    func release(_ ids: [Int]) async throws { released += ids.count }
}

private final class SlowProducer: MessageProducer {
    private let clock: JumpingClock
    private let takes: Duration
    private let count = Mutex(0)

    init(clock: JumpingClock, takes: Duration) {
        self.clock = clock
        self.takes = takes
    }

    var sent: Int { count.withLock { $0 } }

    func send(_ message: TestMessage) async throws {
        clock.advance(by: takes)
        count.withLock { $0 += 1 }
    }
}
