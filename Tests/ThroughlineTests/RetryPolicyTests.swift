import Testing
import Throughline

@Suite struct RetryPolicyTests {
    @Test func `delays grow by the factor up to the maximum`() {
        let backoff = Backoff(first: .seconds(1), factor: 3, maximum: .seconds(20), jitter: 0)
        #expect((1...5).map { backoff.delay(after: $0, chance: 1) } == [1, 3, 9, 20, 20].map { .seconds($0) })
        #expect(backoff.delay(after: 1_000_000, chance: 1) == .seconds(20))
    }

    @Test func `chance takes away the share that the jitter allows, and no more`() {
        let backoff = Backoff(first: .seconds(10), factor: 2, maximum: .seconds(60), jitter: 0.5)
        #expect(backoff.delay(after: 1, chance: 0) == .seconds(10))
        #expect(backoff.delay(after: 1, chance: 1) == .seconds(5))
        #expect(Backoff(jitter: 7).jitter == 1)
    }

    @Test func `there is at least one attempt`() {
        #expect(RetryPolicy(attempts: 0).attempts == 1)
    }
}
